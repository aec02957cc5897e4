/**
 * The store against the model: random writes, transactions, compactions, commits, restarts and crashes, and after every
 * step the same answers; in the end the same content at every revision still readable, the same history and hash.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { crc32c } from "../crc32c.js";
import { ServerError } from "../errors.js";
import { checkTxn } from "./check.js";
import { encodeKeyValue } from "./key-value-codec.js";
import type { Compare, Operation, OperationResult, SortTarget } from "./operations.js";
import { decodeRevision, encodeRevision } from "./revision.js";
import type { Store } from "./store.js";
import { type ModelPair, StoreModel, showPair } from "./store-model.js";
import {
  bytes,
  commit,
  deleteOf,
  type OpenStore,
  openStore,
  putOf,
  rangeOf,
  show,
  showEvent,
  text,
  txnOf,
} from "./test-support.js";

const LEASES = [10n, 2n ** 62n + 1n];

const key = fc.constantFrom("a", "aa", "ab", "b", "c", "\xff");
const rangeEnd = fc.constantFrom("", "", "b", "c", "\0");
const value = fc.string({ unit: fc.constantFrom("x", "y"), maxLength: 2 });
const revision = fc.integer({ min: -1, max: 14 }).map(BigInt);
const bound = fc.constantFrom(0n, 0n, 0n, 3n, 6n);

const put = fc
  .record({
    key,
    value,
    lease: fc.constantFrom(0n, 0n, 0n, ...LEASES, 99n),
    prevKv: fc.boolean(),
    keep: fc.constantFrom("nothing", "nothing", "nothing", "value", "lease"),
  })
  .map(({ key, value, lease, prevKv, keep }) =>
    putOf(key, keep === "value" ? "" : value, {
      lease: keep === "lease" ? 0n : lease,
      prevKv,
      ignoreValue: keep === "value",
      ignoreLease: keep === "lease",
    }),
  );
const remove = fc.tuple(key, rangeEnd).map(([key, end]) => deleteOf(key, end));
const range = fc
  .record({
    key,
    end: rangeEnd,
    revision,
    limit: fc.integer({ min: 0, max: 3 }),
    sortOrder: fc.constantFrom("none" as const, "ascend" as const, "descend" as const),
    sortTarget: fc.constantFrom<SortTarget>("key", "key", "key", "version", "create", "mod", "value"),
    keysOnly: fc.boolean(),
    countOnly: fc.boolean(),
    minModRevision: bound,
    maxModRevision: bound,
    minCreateRevision: bound,
    maxCreateRevision: bound,
  })
  .map(({ key, end, ...options }) => rangeOf(key, end, options));
const compare: fc.Arbitrary<Compare> = fc
  .record({
    target: fc.constantFrom("version" as const, "create" as const, "mod" as const, "lease" as const, "value" as const),
    result: fc.constantFrom("equal" as const, "greater" as const, "less" as const, "not-equal" as const),
    key,
    end: rangeEnd,
    number: fc.constantFrom(0n, 1n, 2n, 5n, 10n),
    value,
  })
  .map(({ target, result, key, end, number, value }) => ({
    target,
    result,
    key: bytes(key),
    rangeEnd: bytes(end),
    operand: target === "value" ? bytes(value) : number,
  }));
const plain: fc.Arbitrary<Operation> = fc.oneof(put, remove, range);
const branch = (operation: fc.Arbitrary<Operation>): fc.Arbitrary<Operation[]> => fc.array(operation, { maxLength: 3 });
const conditions = fc.array(compare, { maxLength: 2 });
const nested = fc
  .tuple(branch(plain), branch(plain), conditions)
  .map(([success, failure, compares]): Operation => txnOf(success, failure, compares));
const txn = fc
  .tuple(branch(fc.oneof(plain, nested)), branch(fc.oneof(plain, nested)), conditions)
  .map(([success, failure, compares]): Operation => txnOf(success, failure, compares));

type Step =
  | { readonly type: "run"; readonly operation: Operation }
  | { readonly type: "compact"; readonly back: number }
  | { readonly type: "remove"; readonly most: number }
  | { readonly type: "commit" | "restart" | "crash" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.oneof(put, put, remove, range, txn).map((operation): Step => ({ type: "run", operation })),
  },
  { weight: 2, arbitrary: fc.integer({ min: -1, max: 4 }).map((back): Step => ({ type: "compact", back })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }).map((most): Step => ({ type: "remove", most })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("commit" as const, "restart" as const, "crash" as const).map((type): Step => ({ type })),
  },
);

describe("store against its model", () => {
  it("answers alike whatever is written, compacted, committed, restarted or lost in a crash", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const run = new Run();
        for (const step of steps) run.step(step);
        run.compareEverything();
      }),
      { numRuns: 300 },
    );
  });
});

class Run {
  #open: OpenStore = openStore(new MemoryBackend(), LEASES);
  #model = new StoreModel(LEASES);
  #committed = this.#model.clone();

  step(step: Step): void {
    if (step.type === "run") this.#run(step.operation);
    else if (step.type === "compact") this.#compact(this.#model.current - step.back);
    else if (step.type === "remove") this.#open.store.compactStep(step.most);
    else {
      if (step.type !== "crash") this.#commit();
      if (step.type !== "commit") this.#reopen();
    }
    expect(this.#open.store.currentRevision).toBe(BigInt(this.#model.current));
    expect(this.#open.store.compactRevision).toBe(BigInt(this.#model.compacted));
  }

  compareEverything(): void {
    this.#compareContent();
    const before = this.#open.store.hashKv(0n);
    while (!this.#open.store.compactStep(1));
    this.#compareContent();
    expect(this.#open.store.hashKv(0n)).toEqual(before);
    this.#compareStored();
    this.#commit();
    this.#reopen();
    this.#compareStored();
    this.#compareContent();
    expect(this.#open.store.hashKv(0n)).toEqual(before);
  }

  #run(operation: Operation): void {
    if (operation.kind === "txn" && refused(() => checkTxn(operation, 128))) return;
    const eventsBefore = this.#model.events.length;
    const expected = outcome(() => this.#model.run(operation));
    expect(outcome(() => answerLines(execute(this.#open.store, operation)))).toEqual(expected);
    expect(this.#open.store.takeEvents().map(showEvent)).toEqual(
      this.#model.events.slice(eventsBefore).map(showModelEvent),
    );
  }

  #compact(revision: number): void {
    const expected = outcome(() => this.#model.compact(revision));
    expect(outcome(() => this.#open.store.compact(BigInt(revision)))).toEqual(expected);
  }

  #commit(): void {
    commit(this.#open);
    this.#committed = this.#model.clone();
  }

  /** What was not committed is lost, in the model too. */
  #reopen(): void {
    this.#model = this.#committed.clone();
    this.#open = openStore(this.#open.backend, LEASES);
  }

  #compareContent(): void {
    const { store, leases } = this.#open;
    const model = this.#model;
    const lowest = Math.max(model.compacted, 1);
    for (let revision = lowest; revision <= model.current; revision++) {
      for (const [from, to] of [
        ["\0", "\0"],
        ["a", "b"],
        ["ab", ""],
      ] as const) {
        const found = store.range(rangeOf(from, to, { revision: BigInt(revision) }));
        const expected = model.pairs(revision, from, to).map(([key, pair]) => showPair(key, pair));
        expect(found.kvs.map(show), `revision ${revision}`).toEqual(expected);
        expect(found.count).toBe(expected.length);
      }
      expect(store.hashKv(BigInt(revision)).hash, `hash at ${revision}`).toBe(modelHash(model, revision));
    }
    if (model.compacted > 1) {
      const below = rangeOf("a", "", { revision: BigInt(model.compacted - 1) });
      expect(outcome(() => store.range(below))).toBe("compacted");
    }
    this.#compareHistory(lowest);
    for (const id of LEASES) {
      const attached = model.pairs(model.current, "\0", "\0").filter(([, pair]) => pair.lease === id);
      expect(leases.keysOf(id)).toEqual(attached.map(([key]) => key));
    }
  }

  /** After a finished compaction nothing is stored that no read and no watch can reach. */
  #compareStored(): void {
    const { compacted, events } = this.#model;
    expect(this.#open.store.finishedCompactRevision).toBe(BigInt(compacted));
    const reachable = events.filter(
      ({ main, key, pair }) => main >= compacted || (pair && this.#model.stateAt(compacted).get(key) === pair),
    );
    const stored = this.#open.buffer.rows.range(new Uint8Array(0), undefined);
    expect(Array.from(stored, (entry) => decodeRevision(entry.key).main)).toEqual(reachable.map(({ main }) => main));
  }

  /** In slices of two revisions; a revision is never split. */
  #compareHistory(lowest: number): void {
    const { store } = this.#open;
    const seen: string[] = [];
    let next = BigInt(lowest);
    while (next <= store.currentRevision) {
      const slice = store.events(next, store.currentRevision, 2);
      for (const event of slice.events) {
        seen.push(showEvent(event));
        const before = Number(event.kv.modRevision) - 1;
        const previous =
          before < this.#model.compacted ? undefined : this.#model.stateAt(before).get(text(event.kv.key));
        const found = store.previous(event.kv.key, event.kv.modRevision);
        expect(found && show(found)).toBe(previous && showPair(text(event.kv.key), previous));
      }
      expect(slice.nextRevision).toBeGreaterThan(next);
      next = slice.nextRevision;
    }
    expect(seen).toEqual(this.#model.events.filter((event) => event.main >= lowest).map(showModelEvent));
  }
}

function execute(store: Store, operation: Operation): OperationResult {
  if (operation.kind === "range") return store.range(operation);
  if (operation.kind === "put") return store.put(operation);
  return operation.kind === "txn" ? store.txn(operation) : store.deleteRange(operation);
}

function answerLines(result: OperationResult): string[] {
  switch (result.kind) {
    case "range":
      return [
        `range [${result.kvs.map(show).join(" ")}] count=${result.count} more=${result.more} @${result.revision}`,
      ];
    case "put":
      return [`put prev=${result.prevKv ? show(result.prevKv) : "-"} @${result.revision}`];
    case "delete-range":
      return [`deleted ${result.deleted} @${result.revision}`];
    case "txn":
      return result.responses.flatMap(answerLines);
  }
}

/** The value, or the name of the operating error. */
function outcome<R>(action: () => R): R | string {
  try {
    return action();
  } catch (error) {
    if (error instanceof ServerError) return error.reason;
    throw error;
  }
}

function refused(check: () => void): boolean {
  return (
    outcome(() => {
      check();
      return "accepted";
    }) !== "accepted"
  );
}

function showModelEvent({ main, key, pair }: { main: number; key: string; pair: ModelPair | undefined }): string {
  return pair ? `put ${showPair(key, pair)}` : `delete ${key}@${main}`;
}

/** Every change above the compact revision, and below it the ones that are still seen at the hashed revision. */
function modelHash(model: StoreModel, at: number): number {
  let crc = crc32c(bytes("key"));
  let [main, sub] = [0, 0];
  for (const event of model.events) {
    sub = event.main === main ? sub + 1 : 0;
    main = event.main;
    const visible = event.pair !== undefined && model.stateAt(at).get(event.key) === event.pair;
    if (main > at || (main <= model.compacted && !visible)) continue;
    crc = crc32c(encodeRevision(main, sub, event.pair === undefined), crc);
    crc = crc32c(encodeModel(event.key, event.pair), crc);
  }
  return crc;
}

function encodeModel(key: string, pair: ModelPair | undefined): Uint8Array {
  return encodeKeyValue({
    key: bytes(key),
    value: bytes(pair?.value ?? ""),
    createRevision: BigInt(pair?.create ?? 0),
    modRevision: BigInt(pair?.mod ?? 0),
    version: BigInt(pair?.version ?? 0),
    lease: pair?.lease ?? 0n,
  });
}
