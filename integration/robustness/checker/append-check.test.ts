/** The list-append checker judged: by hand-made histories of every class, by good ones, and by good ones that were spoiled. */
import { describe, expect, it } from "vitest";
import { pick, seeded } from "../../support/random.js";
import { checkAppends } from "./append-check.js";
import { components } from "./append-cycles.js";
import { type AppendTransaction, appendTransactions, type MicroOperation } from "./append-history.js";
import type { Operation, Response } from "./history.js";
import { badAppends } from "./testing/append-bad.js";
import { goodAppends } from "./testing/append-good.js";
import { transactions } from "./testing/append-notation.js";
import { describeViolation, type Violation } from "./violation.js";

const SEED = Number(process.env["KVORUM_SEED"] ?? 1);

describe("hand-made bad lists", () => {
  for (const [name, [rule, witnesses, lines]] of Object.entries(badAppends)) {
    it(`rejects ${name}`, () => {
      const history = transactions(...lines);
      const { violations } = checkAppends(history);
      const found = violations.filter((violation) => violation.rule === rule).map(transactionsOf);
      expect(found, words(violations)).toContainEqual(witnesses.map((index) => history[index]));
    });
  }

  it("are of every rule", () => {
    expect(new Set(Object.values(badAppends).map(([rule]) => rule)).size).toBe(13);
  });

  it("have nothing but their own mistake where no list is at odds with itself", () => {
    for (const [name, [rule, , lines]] of Object.entries(badAppends)) {
      if (!/append-(g0|g1c|g-single|g2|real-time)/.test(rule)) continue;
      expect(
        checkAppends(transactions(...lines)).violations.map((violation) => violation.rule),
        name,
      ).toEqual([rule]);
    }
  });

  it("are told with every step of the cycle in words", () => {
    const { violations } = checkAppends(transactions("[0, 90] x+1 y+1", "[0, 90] x=1 y=", "[0, 90] y=1"));
    expect(words(violations).split("\n")).toEqual([
      "append-g-single: one read misses what its own past contains (G-single): no order of these 2 transactions is possible",
      "  T1 before T2 (rw): T1 read y without 1, which T2 appended when it was empty",
      "  T2 before T1 (wr): T2 appended 1 to x, T1 read it",
      "  client 1 [0.0, 90.0] read x [1]; read y []",
      "  client 0 [0.0, 90.0] append x 1; append y 1",
    ]);
  });
});

describe("hand-made good lists", () => {
  for (const [name, lines] of Object.entries(goodAppends)) {
    it(`accepts ${name}`, () => expect(words(checkAppends(transactions(...lines)).violations)).toBe(""));
  }
});

describe("random lists", () => {
  it("are accepted when they are good", () => {
    for (let seed = SEED; seed < SEED + 100; seed++) {
      expect(words(checkAppends(generate(seed, 200)).violations), `seed ${seed}`).toBe("");
    }
  });

  for (const [name, mutate] of Object.entries(mutations())) {
    it(`are rejected when ${name}`, () => {
      for (let seed = SEED; seed < SEED + 40; seed++) {
        const mutant = mutate(generate(seed, 100), seeded(seed));
        expect(checkAppends(mutant).violations, `seed ${seed}`).not.toEqual([]);
      }
    });
  }

  it("are judged at twenty thousand transactions in little time", () => {
    const history = generate(SEED, 20_000);
    const start = performance.now();
    const { violations, figures } = checkAppends(history);
    const tookMs = performance.now() - start;
    expect(violations).toEqual([]);
    expect(figures.edges).toBeLessThan(20_000 * 15);
    // Fifty times what it takes on an idle machine: a busy one passes, a quadratic step does not.
    expect(tookMs).toBeLessThan(20_000);
  });
});

describe("strongly connected components", () => {
  it("are found where a search meets itself in many ways", () => {
    const edges = [[1], [2, 3], [0], [4], [5], [3], []].map((list) => list.map((to) => ({ to })));
    const found = components(edges).map((nodes) => [...nodes].sort());
    expect(found.sort()).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  });

  it("are found in a chain that no recursion would survive", () => {
    const edges = Array.from({ length: 200_000 }, (_, node) => [{ to: (node + 1) % 200_000 }]);
    expect(components(edges).map(({ length }) => length)).toEqual([200_000]);
  });
});

describe("recorded operations as transactions on lists", () => {
  const put = (key: string, value: string) => ({ kind: "put", key, value }) as const;
  const guard = (key: string) => ({ key, target: "mod", result: "equal", given: 3 }) as const;
  const append = {
    kind: "txn",
    compare: [guard("a/0")],
    success: [put("a/0", "1 2")],
    failure: [{ kind: "range", key: "a/0" }],
  } as const;
  const shows = (value: string): Extract<Response, { kind: "range" }> => {
    const kv = { key: "a/0", value, createRevision: 2, modRevision: 3, version: 1, lease: 0n };
    return { kind: "range", kvs: [kv], count: 1, more: false };
  };
  const of = (request: Operation["request"], outcome: Operation["outcome"]) =>
    appendTransactions([{ client: 1, invoke: 10, return: 20, request, outcome }], "a/").map(
      ({ status, operations }) => [status, ...operations],
    );
  const read = (...list: string[]): MicroOperation => ({ kind: "read", key: "a/0", list });
  const appended: MicroOperation = { kind: "append", key: "a/0", element: "2" };
  const acknowledged = (response: Response) => ({ status: "acknowledged", revision: 4, response }) as const;

  it("has a guarded append read the list that it extends", () => {
    const outcome = acknowledged({ kind: "txn", succeeded: true, responses: [{ kind: "put" }] });
    expect(of(append, outcome)).toEqual([["acknowledged", read("1"), appended]]);
  });

  it("has an append whose guard failed refused, and what was read instead acknowledged", () => {
    const outcome = acknowledged({ kind: "txn", succeeded: false, responses: [shows("1 9")] });
    expect(of(append, outcome)).toEqual([
      ["refused", appended],
      ["acknowledged", read("1", "9")],
    ]);
  });

  it("keeps what an append of unknown outcome would have read and appended", () => {
    expect(of(append, { status: "unknown" })).toEqual([["unknown", read("1"), appended]]);
  });

  it("reads an absent key as an empty list, and a range as all its lists", () => {
    const empty = acknowledged({ kind: "range", kvs: [], count: 0, more: false });
    expect(of({ kind: "range", key: "a/0" }, empty)).toEqual([["acknowledged", read()]]);
    const operations: Operation[] = [append, { kind: "range", key: "a/", rangeEnd: "a0" } as const].map(
      (request, index) => ({
        ...{ client: index, invoke: 0, return: 9, request },
        outcome: index === 0 ? { status: "unknown" } : acknowledged(shows("7")),
      }),
    );
    expect(appendTransactions(operations, "a/")[1]?.operations).toEqual([read("7")]);
  });

  it("leaves out reads that claim no place in time or show a part only, and other keys", () => {
    const whole = acknowledged(shows("1"));
    const key = "a/0";
    expect(of({ kind: "range", key, serializable: true }, whole)).toEqual([]);
    expect(of({ kind: "range", key, revision: 3 }, whole)).toEqual([]);
    expect(of({ kind: "range", key, keysOnly: true }, whole)).toEqual([]);
    expect(of({ kind: "range", key: "r/0" }, whole)).toEqual([]);
    expect(of(put("r/0", "1"), acknowledged({ kind: "put" }))).toEqual([]);
  });

  it("refuses a write to a list that no guard protects", () => {
    expect(() => of({ ...append, compare: [] }, { status: "unknown" })).toThrow("without a guard");
    expect(() => of(put("a/0", "1"), { status: "unknown" })).toThrow("a put of the list a/0");
  });
});

/** Transactions on three lists, each carried out at one moment of its time; some answers are lost, with and without effect. */
function generate(seed: number, count: number): AppendTransaction[] {
  const random = seeded(seed);
  const lists = new Map<string, string[]>();
  let [now, element] = [0, 0];
  return Array.from({ length: count }, (_, client) => {
    now += 1 + random() * 5;
    const fate = random();
    const operations = Array.from({ length: 1 + Math.floor(random() * 3) }, (): MicroOperation => {
      // New lists all the time: old ones would make every read long.
      const key = `${pick(random, ["x", "y", "z"])}${Math.floor(client / 50)}`;
      const list = lists.get(key) ?? [];
      if (random() < 0.5) return { kind: "read", key, list: [...list] };
      element += 1;
      // An append that never happens leaves the list; what follows it in the transaction is as if nobody had asked.
      if (fate >= 0.05) lists.set(key, [...list, `${element}`]);
      return { kind: "append", key, element: `${element}` };
    });
    const lost = fate < 0.1;
    const times = { client, invoke: now - random() * 10, return: now + random() * 10 };
    return {
      ...times,
      status: lost ? "unknown" : "acknowledged",
      operations: lost ? operations.filter(appends) : operations,
    };
  });
}

function appends({ kind }: MicroOperation): boolean {
  return kind === "append";
}

type Mutate = (history: readonly AppendTransaction[], random: () => number) => AppendTransaction[];

/** Each turns a good history into one that must be rejected, whatever the seed. */
function mutations(): Readonly<Record<string, Mutate>> {
  const changed = (
    history: readonly AppendTransaction[],
    random: () => number,
    may: (transaction: AppendTransaction, read: readonly string[]) => boolean,
    change: (transaction: AppendTransaction, list: readonly string[]) => Partial<AppendTransaction>,
  ): AppendTransaction[] => {
    const able = history.filter((one) => one.status === "acknowledged" && may(one, firstList(one) ?? []));
    const chosen = pick(random, able);
    return history.map((one) => (one === chosen ? { ...one, ...change(one, firstList(one) ?? []) } : one));
  };
  const relisted = (list: readonly string[]) => (one: AppendTransaction) => ({
    operations: one.operations.map((op, index) => (index === 0 && op.kind === "read" ? { ...op, list } : op)),
  });
  return {
    "a list that was read lacks its first element": (history, random) =>
      changed(
        history,
        random,
        (_, { length }) => length > 1,
        (one, list) => relisted(list.slice(1))(one),
      ),
    "two elements of a list change places": (history, random) =>
      changed(
        history,
        random,
        (_, { length }) => length > 2,
        (one, [a = "", b = "", ...list]) => relisted([b, a, ...list])(one),
      ),
    "a list that was read has something nobody appended": (history, random) =>
      changed(
        history,
        random,
        (one) => firstList(one) !== undefined,
        (one, list) => relisted([...list, "ghost"])(one),
      ),
    "an append that somebody read is said to have been refused": (history, random) => {
      const read = new Set(history.flatMap((one) => (one.status === "acknowledged" ? (firstList(one) ?? []) : [])));
      const may = ({ operations }: AppendTransaction) =>
        operations.some((op) => op.kind === "append" && read.has(op.element));
      return changed(history, random, may, () => ({ status: "refused" }));
    },
    "a reader of elements is said to have asked before everything else": (history, random) =>
      changed(
        history,
        random,
        (_, { length }) => length > 0,
        () => ({ invoke: -1000, return: -999 }),
      ),
    "a reader that missed something is said to have asked after everything else": (history, random) => {
      const last = new Map(
        history.flatMap(({ operations }) =>
          operations.flatMap((op) => (op.kind === "read" ? [[op.key, op.list.length]] : [])),
        ),
      );
      const may = ({ operations }: AppendTransaction) =>
        operations[0]?.kind === "read" && operations[0].list.length < (last.get(operations[0].key) ?? 0);
      return changed(history, random, may, () => ({ invoke: 1e6, return: 1e6 + 1 }));
    },
  };
}

function firstList({ operations }: AppendTransaction): readonly string[] | undefined {
  const [first] = operations;
  return first?.kind === "read" ? first.list : undefined;
}

function transactionsOf({ witnesses }: Violation): AppendTransaction[] {
  return witnesses.flatMap((witness) => (witness.kind === "transaction" ? [witness.transaction] : []));
}

function words(violations: readonly Violation[]): string {
  return violations.map(describeViolation).join("\n");
}
