/**
 * Reads of the member's own store, once it is known how new they have to be: ranges and read-only transactions for clients,
 * hashes for comparisons. What is long is walked in slices, so that others have their turn.
 */
import type { StateMachine } from "../core/apply/state-machine.js";
import type { Identity } from "../core/auth/types.js";
import { ServerError } from "../core/errors.js";
import type { HashKvResult } from "../core/mvcc/hash.js";
import type { RangeOperation, RangeResult, TxnOperation, TxnResult } from "../core/mvcc/operations.js";
import type { Clock } from "../env.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import { countTxn } from "./apply-measures.js";
import { reading, readingSlowly } from "./reading.js";
import { type WalkOptions, walk } from "./walk.js";

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
  readonly #walking: WalkOptions;

  constructor(options: StoreReadsOptions) {
    const { clock, machine, stopped } = options;
    this.#options = options;
    // A snapshot gives the machine another store.
    this.#walking = { clock, store: () => machine.store, stopped };
  }

  /** See `NodeApi.range`. */
  async range(operation: RangeOperation, identity: Identity | undefined): Promise<RangeResult> {
    const { machine, barrier } = this.#options;
    if (!operation.serializable) await barrier();
    return machine.auth.enabled ? this.#rangeAs(identity, operation) : this.#range(operation);
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
    return readingSlowly(this.#options.fail, () => walk(this.#walking, (store) => store.hashKvSlices(revision)));
  }

  /** If users change during a long range, nobody knows which of its keys the caller may still see. */
  async #rangeAs(identity: Identity | undefined, operation: RangeOperation): Promise<RangeResult> {
    const { auth } = this.#options.machine;
    auth.checkOperation(identity, operation);
    const { revision } = auth;
    const result = await this.#range(operation);
    if (this.#options.machine.auth.revision !== revision) throw new ServerError("authOldRevision");
    return result;
  }

  async #range(operation: RangeOperation): Promise<RangeResult> {
    const { clock, measures, fail } = this.#options;
    const startMs = clock.nowMs();
    measures.ranges.add();
    let seconds = measures.rangeFailed;
    try {
      const result = await readingSlowly(fail, () => walk(this.#walking, (store) => store.rangeSlices(operation)));
      seconds = measures.rangeSucceeded;
      return result;
    } finally {
      seconds.observe((clock.nowMs() - startMs) / 1000);
    }
  }
}
