/**
 * Reads of the member's own store, once it is known how new they have to be: ranges and read-only transactions for clients,
 * hashes for comparisons. What is long is walked in slices, so that others have their turn.
 */
import type { StateMachine } from "../core/apply/state-machine.js";
import type { Identity } from "../core/auth/types.js";
import { ServerError } from "../core/errors.js";
import type { HashKvResult } from "../core/mvcc/hash.js";
import type { RangeOperation, RangeResult, TxnOperation, TxnResult } from "../core/mvcc/operations.js";
import { finish, type SliceBudget, type Slices } from "../core/mvcc/slices.js";
import type { Store } from "../core/mvcc/store.js";
import type { Clock } from "../env.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import { countTxn } from "./apply-measures.js";
import { reading, readingSlowly } from "./reading.js";
import { Walks } from "./walks.js";

/** Makes of a range's result what is wanted of it, at once. */
type Answer<T> = (result: RangeResult) => T;

export interface StoreReadsOptions {
  readonly machine: StateMachine;
  readonly clock: Clock;
  readonly measures: NodeMeasures;
  /** Resolves when everything that was committed before is applied here. */
  readonly barrier: () => Promise<void>;
  readonly stopped: () => boolean;
  /** Told what made the store unreadable. */
  readonly fail: (cause: unknown) => void;
}

export class StoreReads {
  readonly #options: StoreReadsOptions;
  readonly #walks: Walks;

  constructor(options: StoreReadsOptions) {
    const { clock, machine, stopped } = options;
    this.#options = options;
    this.#walks = new Walks({ clock, store: () => machine.store, stopped });
  }

  /** See `NodeApi.range`. */
  async range<T>(operation: RangeOperation, identity: Identity | undefined, answer: Answer<T>): Promise<T> {
    const { machine, barrier } = this.#options;
    if (!operation.serializable) await barrier();
    return machine.auth.enabled ? this.#rangeAs(identity, operation, answer) : this.#range(operation, answer);
  }

  /** See `NodeApi.readOnlyTxn`. */
  async txn(operation: TxnOperation, identity: Identity | undefined): Promise<TxnResult> {
    const { machine, barrier, measures } = this.#options;
    const ranges = [...operation.success, ...operation.failure];
    const isLocal = ranges.every((range) => range.kind === "range" && range.serializable);
    if (!isLocal) await barrier();
    if (machine.auth.enabled) machine.auth.checkOperation(identity, operation);
    const answer = reading(this.#options.fail, () => machine.store.txn(operation));
    countTxn(measures, operation, answer);
    return answer;
  }

  /** See `Store.hashKv`. */
  hashKv(revision: bigint): Promise<HashKvResult> {
    return readingSlowly(this.#options.fail, () =>
      this.#walks.run((store, budget) => store.hashKvSlices(revision, budget)),
    );
  }

  /** If users change during a long range, nobody knows which of its keys the caller may still see. */
  async #rangeAs<T>(identity: Identity | undefined, operation: RangeOperation, answer: Answer<T>): Promise<T> {
    const { auth } = this.#options.machine;
    auth.checkOperation(identity, operation);
    const { revision } = auth;
    const result = await this.#range(operation, answer);
    if (this.#options.machine.auth.revision !== revision) throw new ServerError("authOldRevision");
    return result;
  }

  async #range<T>(operation: RangeOperation, answer: Answer<T>): Promise<T> {
    const { clock, measures } = this.#options;
    const startMs = clock.nowMs();
    measures.ranges.add();
    let seconds = measures.rangeFailed;
    try {
      const result = await (operation.rangeEnd.length === 0
        ? this.#oneKey(operation, answer)
        : this.#keys(operation, answer));
      seconds = measures.rangeSucceeded;
      return result;
    } finally {
      seconds.observe((clock.nowMs() - startMs) / 1000);
    }
  }

  /** No walk, and it waits for none. */
  #oneKey<T>(operation: RangeOperation, answer: Answer<T>): T {
    const { machine, fail } = this.#options;
    return reading(fail, () => answer(finish(machine.store.rangeSlices(operation))));
  }

  #keys<T>(operation: RangeOperation, answer: Answer<T>): Promise<T> {
    const begin = function* (store: Store, budget: SliceBudget): Slices<T> {
      return answer(yield* store.rangeSlices(operation, budget));
    };
    return readingSlowly(this.#options.fail, () => this.#walks.run(begin));
  }
}
