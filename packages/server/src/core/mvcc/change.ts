/**
 * One write request in the making: everything it changes shares one main revision, numbered by sub revision in order of
 * execution. A request that changes nothing leaves the store's revision as it was.
 *
 * A change never fails half-way: what could refuse it is checked before the first write (`checkLease`, `checkKept`, `txn.ts`).
 */
import { byteString } from "../bytes.js";
import { ServerError } from "../errors.js";
import { invariant } from "../invariant.js";
import type { KeyIndex } from "./key-index.js";
import { bareKey, keyOf } from "./key-table.js";
import type { Event, KeyValue } from "./key-value.js";
import type { DeleteRangeOperation, DeleteRangeResult, PutOperation, PutResult } from "./operations.js";
import type { StoreState } from "./store-state.js";
import { keyRange } from "./tree-index.js";

export class Change {
  readonly events: Event[] = [];
  readonly #state: StoreState;
  readonly #base: number;
  readonly #main: number;
  readonly #revision: bigint;

  constructor(state: StoreState) {
    this.#state = state;
    this.#base = state.currentRevision;
    this.#main = this.#base + 1;
    invariant(Number.isSafeInteger(this.#main), "the revision counter is used up");
    this.#revision = BigInt(this.#main);
  }

  /** The newest revision as this request sees it: its own from its first effect on. */
  get newest(): number {
    return this.events.length > 0 ? this.#main : this.#base;
  }

  put(operation: PutOperation): PutResult {
    const index = this.#state.index.getOrCreate(byteString(operation.key));
    const known = index.isLive;
    const previous =
      known && (operation.prevKv || operation.ignoreValue)
        ? this.#state.table.read(index, index.length - 1)
        : undefined;
    invariant(known || !(operation.ignoreValue || operation.ignoreLease), "a put keeps a value or lease of no key");

    const sub = this.events.length;
    const oldLease = index.lease;
    index.put(this.#main, sub, operation.ignoreLease ? oldLease : operation.lease);
    const kv: KeyValue = {
      key: operation.key,
      value: operation.ignoreValue && previous !== undefined ? previous.value : operation.value,
      createRevision: BigInt(index.created),
      modRevision: this.#revision,
      version: BigInt(index.version),
      lease: index.lease,
    };
    this.#state.table.put(this.#main, sub, kv);
    this.events.push({ type: "put", kv });
    this.#moveLease(operation.key, oldLease, index.lease);
    return { kind: "put", prevKv: operation.prevKv ? previous : undefined, revision: this.#revision };
  }

  deleteRange(operation: DeleteRangeOperation): DeleteRangeResult {
    const range = keyRange(operation.key, operation.rangeEnd);
    const doomed = Array.from(this.#state.index.visit(range)).filter((index) => index.isLive);
    const prevKvs = operation.prevKv ? doomed.map((index) => this.#state.table.read(index, index.length - 1)) : [];
    for (const index of doomed) this.#delete(index);
    return { kind: "delete-range", deleted: doomed.length, prevKvs, revision: BigInt(this.newest) };
  }

  /** Deletes the key if it is there. */
  deleteKey(key: Uint8Array): void {
    const index = this.#state.index.get(byteString(key));
    if (index?.isLive) this.#delete(index);
  }

  #delete(index: KeyIndex): void {
    const key = keyOf(index);
    const sub = this.events.length;
    const lease = index.lease;
    index.tombstone(this.#main, sub);
    this.#state.table.putTombstone(this.#main, sub, key);
    this.events.push({ type: "delete", kv: bareKey(key, this.#revision) });
    this.#moveLease(key, lease, 0n);
  }

  #moveLease(key: Uint8Array, from: bigint, to: bigint): void {
    if (from === to) return;
    if (from !== 0n) this.#state.leases.detach(from, key);
    if (to !== 0n) this.#state.leases.attach(to, key);
  }
}

/** Errors: `leaseNotFound`. */
export function checkLease(state: StoreState, operation: PutOperation): void {
  if (operation.lease !== 0n && !state.leases.exists(operation.lease)) throw new ServerError("leaseNotFound");
}

/** Errors: `keyNotFound`, when the put wants to keep the value or the lease of a key that is not there. */
export function checkKept(state: StoreState, operation: PutOperation): void {
  if (!operation.ignoreValue && !operation.ignoreLease) return;
  if (!state.index.get(byteString(operation.key))?.isLive) throw new ServerError("keyNotFound");
}
