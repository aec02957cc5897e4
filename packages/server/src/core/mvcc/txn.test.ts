/** Transactions: conditions, order of effects, all or nothing. */
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import type { Compare, CompareResult, Operation, OperationResult, RangeResult, TxnOperation } from "./operations.js";
import type { Store } from "./store.js";
import { commit, compareOf, deleteOf, openStore, putOf, rangeOf, show, showEvent, txnOf } from "./test-support.js";

const RESULTS: readonly CompareResult[] = ["equal", "greater", "less", "not-equal"];

/** a: created at 2, modified at 3, version 2, value "m", lease 7. b: created and modified at 4, version 1, value "z". */
function filled(): Store {
  const { store } = openStore(new MemoryBackend(), [7n]);
  store.put(putOf("a", "first"));
  store.put(putOf("a", "m", { lease: 7n }));
  store.put(putOf("b", "z"));
  store.takeEvents();
  return store;
}

function holds(...compares: Compare[]): boolean {
  return filled().txn(txnOf([], [], compares)).succeeded;
}

/** Which of equal, greater, less and not-equal hold, as letters. */
function letters(compare: (result: CompareResult) => Compare): string {
  return RESULTS.map((result) => (holds(compare(result)) ? result[0] : "-")).join("");
}

describe("compares", () => {
  it.each<[Compare["target"], bigint | string, bigint | string, bigint | string]>([
    ["version", 1n, 2n, 3n],
    ["create", 1n, 2n, 3n],
    ["mod", 2n, 3n, 4n],
    ["lease", 6n, 7n, 8n],
    ["value", "l", "m", "mm"],
  ])("%s: greater means that the stored one is greater", (target, lower, same, higher) => {
    expect(letters((result) => compareOf(target, "a", result, lower))).toBe("-g-n");
    expect(letters((result) => compareOf(target, "a", result, same))).toBe("e---");
    expect(letters((result) => compareOf(target, "a", result, higher))).toBe("--ln");
  });

  it.each<Compare["target"]>(["version", "create", "mod", "lease"])("%s of a missing key is 0", (target) => {
    expect(letters((result) => compareOf(target, "nokey", result, 0n))).toBe("e---");
    expect(letters((result) => compareOf(target, "nokey", result, 1n))).toBe("--ln");
    expect(letters((result) => compareOf(target, "nokey", result, -1n))).toBe("-g-n");
  });

  it("the value of a missing key compares false whatever is asked", () => {
    expect(letters((result) => compareOf("value", "nokey", result, ""))).toBe("----");
    expect(letters((result) => compareOf("value", "nokey", result, "x"))).toBe("----");
  });

  it("a range holds when every key in it does", () => {
    expect(holds(compareOf("mod", "a", "greater", 2n, "c"))).toBe(true);
    expect(holds(compareOf("mod", "a", "greater", 3n, "c"))).toBe(false);
    expect(holds(compareOf("value", "a", "not-equal", "z", "\0"))).toBe(false);
  });

  it("a range without keys is one missing key", () => {
    expect(holds(compareOf("version", "x", "equal", 0n, "z"))).toBe(true);
    expect(holds(compareOf("value", "x", "not-equal", "q", "z"))).toBe(false);
    expect(holds(compareOf("create", "b", "equal", 0n, "a"))).toBe(true);
  });

  it("a deleted key is missing", () => {
    const store = filled();
    store.deleteRange(deleteOf("a"));
    expect(store.txn(txnOf([], [], [compareOf("mod", "a", "equal", 0n)])).succeeded).toBe(true);
  });

  it("all must hold, and none given hold", () => {
    const [yes, no] = [compareOf("version", "a", "equal", 2n), compareOf("version", "b", "equal", 2n)];
    expect([holds(), holds(yes), holds(yes, no), holds(no, yes)]).toEqual([true, true, false, false]);
  });
});

describe("execution", () => {
  it("runs the branch chosen and answers each of its operations in order", () => {
    const store = filled();
    const no = compareOf("version", "a", "equal", 1n);
    const result = store.txn(
      txnOf([putOf("x", "1")], [deleteOf("b"), putOf("a", "n", { prevKv: true }), rangeOf("b")], [no]),
    );
    expect(result).toMatchObject({ kind: "txn", succeeded: false, revision: 5n });
    expect(result.responses.map(kindOf)).toEqual(["delete-range", "put", "range"]);
    expect(store.takeEvents().map(showEvent)).toEqual(["delete b@5", "put a=n@2/5/3"]);
  });

  it("makes one revision of all its writes, and ranges see those before them", () => {
    const store = filled();
    const steps = [
      rangeOf("c"),
      deleteOf("zz"),
      putOf("c", "1"),
      rangeOf("\0", "\0"),
      deleteOf("a"),
      rangeOf("\0", "\0"),
    ];
    const result = store.txn(txnOf(steps));
    expect(store.currentRevision).toBe(5n);
    expect(result.responses.map((response) => response.revision)).toEqual([4n, 4n, 5n, 5n, 5n, 5n]);
    expect(rangeRows(result.responses[3])).toEqual(["a=m@2/3/2+7", "b=z@4/4/1", "c=1@5/5/1"]);
    expect(rangeRows(result.responses[5])).toEqual(["b=z@4/4/1", "c=1@5/5/1"]);
  });

  it("leaves the revision alone when nothing was written", () => {
    const store = filled();
    const result = store.txn(txnOf([rangeOf("a"), deleteOf("nokey"), txnOf([])]));
    expect(result.revision).toBe(4n);
    expect(store.currentRevision).toBe(4n);
    expect(store.takeEvents()).toEqual([]);
  });

  it("nested conditions do not see what was written before them", () => {
    const store = filled();
    const created = compareOf("version", "new", "greater", 0n);
    const result = store.txn(txnOf([putOf("new", "1"), txnOf([putOf("then", "1")], [putOf("else", "1")], [created])]));
    expect(result.responses[1]).toMatchObject({ kind: "txn", succeeded: false });
    expect(store.takeEvents().map(showEvent)).toEqual(["put new=1@5/5/1", "put else=1@5/5/1"]);
  });

  it("a range at an older revision inside reads that revision", () => {
    const result = filled().txn(txnOf([putOf("a", "new"), rangeOf("a", "", { revision: 2n })]));
    expect(rangeRows(result.responses[1])).toEqual(["a=first@2/2/1"]);
  });
});

describe("reads of more than can be answered", () => {
  const MIB = 1024 * 1024;

  /** A store with a value of a mebibyte under `large`, and how often the backend was asked for a row. */
  function withLarge(): { store: Store; reads: () => number } {
    const backend = new MemoryBackend();
    const open = openStore(backend);
    const { store } = open;
    store.put(putOf("large", "x".repeat(MIB)));
    commit(open);
    let reads = 0;
    const get = backend.get.bind(backend);
    backend.get = (table, key) => {
      if (table === "key") reads++;
      return get(table, key)?.slice();
    };
    return { store, reads: () => reads };
  }

  const readsOf = (count: number, range = rangeOf("large")): Operation[] => Array.from({ length: count }, () => range);

  it("end in no answer, whatever the nesting, and what was written stays", () => {
    const { store } = withLarge();
    const inner = txnOf([...readsOf(1024), putOf("w", "2"), ...readsOf(1024)]);
    const result = store.txn(txnOf([putOf("v", "1"), inner]));
    expect(result).toMatchObject({ succeeded: true, responses: [], revision: 3n });
    expect(result.excess).toBeGreaterThan(2 ** 31 - 1);
    expect(result.excess).toBeLessThan(2 ** 31 + 2 * MIB);
    expect(store.takeEvents().map(showEvent).slice(1)).toEqual(["put v=1@3/3/1", "put w=2@3/3/1"]);
  });

  it("take one copy of a large value, however often it is read", () => {
    const { store, reads } = withLarge();
    const result = store.txn(txnOf([...readsOf(1000), ...readsOf(1000, rangeOf("a", "z"))]));
    expect(result.excess).toBeUndefined();
    expect(result.responses).toHaveLength(2000);
    expect(new Set(result.responses.map((one) => (one.kind === "range" ? one.kvs[0] : undefined))).size).toBe(1);
    expect(reads()).toBe(1);
  });

  it("do not show an older value of a key for a newer one", () => {
    const { store } = withLarge();
    const steps = [
      rangeOf("large"),
      putOf("large", "y".repeat(MIB)),
      rangeOf("large"),
      rangeOf("large", "", { revision: 2n }),
    ];
    const { responses } = store.txn(txnOf(steps));
    expect([0, 2, 3].map((i) => rangeRows(responses[i])[0]?.slice(0, 8))).toEqual(["large=xx", "large=yy", "large=xx"]);
  });

  it("are not those of keys without values, nor of counts, and they cost no copies either", () => {
    const { store, reads } = withLarge();
    const keys = readsOf(3000, rangeOf("large", "", { keysOnly: true }));
    const counts = readsOf(3000, rangeOf("large", "", { countOnly: true }));
    const { responses } = store.txn(txnOf([...keys, ...counts]));
    expect(responses).toHaveLength(6000);
    expect(reads()).toBe(1);
  });
});

describe("a delete from a key on beside puts", () => {
  const deleteFrom = deleteOf("a", "\0");

  it("runs in its place in the order, in the one revision", () => {
    const store = filled();
    store.txn(txnOf([putOf("c", "1"), deleteFrom]));
    expect(store.range(rangeOf("\0", "\0")).count).toBe(0);
    store.txn(txnOf([deleteFrom, putOf("c", "2")]));
    expect(store.range(rangeOf("\0", "\0")).kvs.map(show)).toEqual(["c=2@6/6/1"]);
    expect(store.takeEvents().map(showEvent)).toEqual([
      "put c=1@5/5/1",
      "delete a@5",
      "delete b@5",
      "delete c@5",
      "put c=2@6/6/1",
    ]);
  });

  it("leaves no value to keep: the transaction fails without effect", () => {
    const store = filled();
    const keeping = putOf("b", "", { ignoreValue: true });
    expect(() => store.txn(txnOf([deleteFrom, keeping]))).toThrow("key not found");
    expect(() => store.txn(txnOf([deleteFrom, txnOf([keeping])]))).toThrow("key not found");
    expect(store.currentRevision).toBe(4n);
    expect(store.txn(txnOf([keeping, deleteFrom])).revision).toBe(5n);
  });
});

describe("all or nothing", () => {
  const write = putOf("w", "1");
  const failing: [string, Operation, string][] = [
    ["a range at a future revision", rangeOf("a", "", { revision: 5n }), "future revision"],
    ["a range at a compacted revision", rangeOf("a", "", { revision: 2n }), "has been compacted"],
    ["an unknown lease", putOf("x", "1", { lease: 8n }), "requested lease not found"],
    ["a value kept of no key", putOf("x", "", { ignoreValue: true }), "key not found"],
    ["a lease kept of no key", putOf("x", "1", { ignoreLease: true }), "key not found"],
  ];
  const places: [string, (operation: Operation) => TxnOperation][] = [
    ["first", (operation) => txnOf([operation, write])],
    ["last", (operation) => txnOf([write, operation])],
    ["nested", (operation) => txnOf([write, txnOf([], [operation], [compareOf("mod", "a", "equal", 0n)])])],
  ];

  it.each(
    failing.flatMap(([what, operation, error]) =>
      places.map(([where, place]) => ({ what, where, txn: place(operation), error })),
    ),
  )("$what, $where, fails the whole transaction without effect", ({ txn, error }) => {
    const store = filled();
    store.compact(3n);
    expect(() => store.txn(txn)).toThrow(error);
    expect(store.currentRevision).toBe(4n);
    expect(store.takeEvents()).toEqual([]);
    expect(store.range(rangeOf("w")).count).toBe(0);
  });

  it.each(failing)("%s in the branch not taken does no harm", (_, operation) => {
    const store = filled();
    store.compact(3n);
    const nested = txnOf([], [operation]);
    expect(store.txn(txnOf([write, nested], [operation])).revision).toBe(5n);
  });

  it("of several errors the first in etcd's order is the answer", () => {
    const store = filled();
    const [future, noLease] = [rangeOf("a", "", { revision: 99n }), putOf("x", "1", { lease: 8n })];
    expect(() => store.txn(txnOf([future, noLease]))).toThrow("requested lease not found");
    expect(() => store.txn(txnOf([putOf("x", "", { ignoreValue: true, lease: 8n })]))).toThrow("key not found");
    expect(() => store.put(putOf("x", "", { ignoreValue: true, lease: 8n }))).toThrow("requested lease not found");
  });
});

function kindOf(result: OperationResult): string {
  return result.kind;
}

function rangeRows(result: OperationResult | undefined): string[] {
  return (result as RangeResult).kvs.map(show);
}
