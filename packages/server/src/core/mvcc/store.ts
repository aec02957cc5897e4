/**
 * The multi-version store: every write makes a new revision, reads name the revision they want, compaction gives up the
 * oldest ones. Synchronous and deterministic: the same operations give the same answers, the same stored bytes and the
 * same revisions on every member.
 *
 * Keys live in memory with their histories (`tree-index.ts`, `key-index.ts`), what they held stands in the backend by
 * revision (`key-table.ts`), behind the writes not yet committed there (`row-buffer.ts`). Read on in `change.ts` for
 * writes, `txn.ts`, `range.ts` and `compaction.ts`. Requests are checked for form before (`check.ts`), for what depends on
 * the state here.
 */
import { type Allocate, allocateAlone } from "../bytes.js";
import { ServerError } from "../errors.js";
import { Change, checkKept, checkLease } from "./change.js";
import { Compaction } from "./compaction.js";
import { type HashKvResult, hashKvSlices } from "./hash.js";
import type { EventSlice, WatchHistory } from "./history.js";
import { KeyTable } from "./key-table.js";
import type { Event, KeyValue } from "./key-value.js";
import type { LeaseBook } from "./lease-book.js";
import type {
  DeleteRangeOperation,
  DeleteRangeResult,
  PutOperation,
  PutResult,
  RangeOperation,
  RangeResult,
  TxnOperation,
  TxnResult,
} from "./operations.js";
import { rangeSlices } from "./range.js";
import { restore } from "./restore.js";
import { safeRevision } from "./revision.js";
import { finish, type SliceBudget, type Slices } from "./slices.js";
import { NEVER_COMPACTED, type StoreState } from "./store-state.js";
import { TreeIndex } from "./tree-index.js";
import { runTxn } from "./txn.js";
import type { RowSource } from "./txn-rows.js";
import { eventsBetween, previousOf } from "./watch-history.js";
import type { WriteBuffer } from "./write-buffer.js";

export interface StoreOptions {
  readonly buffer: WriteBuffer;
  /** Its leases are restored before the store opens: keys attach to them again. */
  readonly leases: LeaseBook;
  /** Memory for rows until the backend has them. Default: each has its own. */
  readonly allocate?: Allocate | undefined;
}

export class Store implements WatchHistory {
  readonly #state: StoreState;
  readonly #compaction: Compaction;
  #events: Event[] = [];
  #currentRevision: bigint;

  private constructor(state: StoreState, compaction: Compaction) {
    this.#state = state;
    this.#compaction = compaction;
    this.#currentRevision = BigInt(state.currentRevision);
  }

  /** Reads every stored revision to rebuild the index: about 2 s a million. */
  static open(options: StoreOptions): Store {
    const { buffer, leases, allocate = allocateAlone } = options;
    const state: StoreState = {
      index: new TreeIndex(),
      table: new KeyTable(buffer.rows, allocate),
      leases,
      currentRevision: 1,
      compactRevision: NEVER_COMPACTED,
    };
    const compaction = Compaction.resume(state, buffer);
    restore(state);
    return new Store(state, compaction);
  }

  /** Main revision of the last write; 1n in an empty store. */
  get currentRevision(): bigint {
    return this.#currentRevision;
  }

  /** Lowest revision that can still be read; -1n when never compacted. */
  get compactRevision(): bigint {
    return BigInt(this.#state.compactRevision);
  }

  /** Keys with history, for the metrics; deleted ones count until they are compacted. */
  get keys(): number {
    return this.#state.index.size;
  }

  /** Errors: `futureRevision`, `compacted`. */
  range(operation: RangeOperation): RangeResult {
    return finish(rangeSlices(this.#state, operation, () => this.#state.currentRevision));
  }

  /**
   * The same answer in slices of a few milliseconds, between which writes and compactions may happen. Its rows are
   * `StoredKeyValue`s: who hands them on has no need to take them apart.
   */
  rangeSlices(operation: RangeOperation, budget?: SliceBudget): Slices<RangeResult> {
    const { table } = this.#state;
    const stored: RowSource = { readAt: (main, sub) => table.storedAt(main, sub) };
    return rangeSlices(this.#state, operation, () => this.#state.currentRevision, budget, stored);
  }

  /** The arrays of the operation become part of the event: they must stay as they are. Errors: `leaseNotFound`, `keyNotFound`. */
  put(operation: PutOperation): PutResult {
    checkLease(this.#state, operation);
    checkKept(this.#state, operation);
    const change = new Change(this.#state);
    const result = change.put(operation);
    this.#complete(change);
    return result;
  }

  deleteRange(operation: DeleteRangeOperation): DeleteRangeResult {
    const change = new Change(this.#state);
    const result = change.deleteRange(operation);
    this.#complete(change);
    return result;
  }

  /**
   * Serves read-only transactions as well: they change nothing.
   *
   * Errors, each without effect: `keyNotFound`, `leaseNotFound`, `futureRevision`, `compacted`.
   */
  txn(operation: TxnOperation): TxnResult {
    const { result, change } = runTxn(this.#state, operation);
    this.#complete(change);
    return result;
  }

  /** Deletes these keys in one revision, in the order given: the revoke of a lease. Absent keys are passed over. */
  deleteKeys(keys: Iterable<Uint8Array>): void {
    const change = new Change(this.#state);
    for (const key of keys) change.deleteKey(key);
    this.#complete(change);
  }

  /** What happened since the last call, in order; for the watch hub after every write. */
  takeEvents(): readonly Event[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  events(fromRevision: bigint, toRevision: bigint, limitRevisions: number): EventSlice {
    return eventsBetween(this.#state, fromRevision, toRevision, limitRevisions);
  }

  previous(key: Uint8Array, modRevision: bigint): KeyValue | undefined {
    return previousOf(this.#state, key, modRevision);
  }

  /** Gives up everything below `revision` at once; `compactStep` removes it. Errors: `compacted`, `futureRevision`. */
  compact(revision: bigint): void {
    if (revision <= this.compactRevision) throw new ServerError("compacted");
    if (revision > this.#currentRevision) throw new ServerError("futureRevision");
    this.#compaction.schedule(safeRevision(revision));
  }

  /** Removes at most so many compacted revisions; true when none is left. */
  compactStep(maxRevisions: number): boolean {
    return this.#compaction.step(maxRevisions);
  }

  /** Revisions that compaction has removed since the start. */
  get compactedRevisions(): number {
    return this.#compaction.removed;
  }

  get compactionPending(): boolean {
    return this.#compaction.pending;
  }

  /** The compact revision below which everything is removed; -1n for none. */
  get finishedCompactRevision(): bigint {
    return BigInt(this.#compaction.finishedRevision);
  }

  /** CRC-32C of everything up to a revision, 0n for the newest. Errors: `futureRevision`, `compacted`. */
  hashKv(revision: bigint): HashKvResult {
    return finish(this.hashKvSlices(revision));
  }

  hashKvSlices(revision: bigint, budget?: SliceBudget): Slices<HashKvResult> {
    return hashKvSlices(this.#state, revision, budget);
  }

  #complete(change: Change): void {
    if (change.events.length === 0) return;
    this.#state.currentRevision = change.newest;
    this.#currentRevision = BigInt(change.newest);
    if (this.#events.length === 0) this.#events = change.events;
    else for (const event of change.events) this.#events.push(event);
  }
}
