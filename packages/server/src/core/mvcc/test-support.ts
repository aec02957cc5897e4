/** For the tests of the store: operations with defaults, readable keys, a lease book in memory. */
import { byteString, stringBytes } from "../bytes.js";
import type { Backend } from "./backend.js";
import type { Event, KeyValue } from "./key-value.js";
import type { LeaseBook } from "./lease-book.js";
import type {
  Compare,
  DeleteRangeOperation,
  Operation,
  PutOperation,
  RangeOperation,
  TxnOperation,
} from "./operations.js";
import { Store } from "./store.js";
import { WriteBuffer } from "./write-buffer.js";

export const bytes: (text: string) => Uint8Array = stringBytes;
export const text: (content: Uint8Array) => string = byteString;

/** `to` "" is the single key, "\0" everything from the key on. */
export function rangeOf(key: string, to = "", options: Partial<RangeOperation> = {}): RangeOperation {
  return {
    kind: "range",
    key: bytes(key),
    rangeEnd: bytes(to),
    limit: 0,
    revision: 0n,
    sortOrder: "none",
    sortTarget: "key",
    serializable: false,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0n,
    maxModRevision: 0n,
    minCreateRevision: 0n,
    maxCreateRevision: 0n,
    ...options,
  };
}

export function putOf(key: string, value: string, options: Partial<PutOperation> = {}): PutOperation {
  return {
    kind: "put",
    key: bytes(key),
    value: bytes(value),
    lease: 0n,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
    ...options,
  };
}

export function deleteOf(key: string, to = "", prevKv = false): DeleteRangeOperation {
  return { kind: "delete-range", key: bytes(key), rangeEnd: bytes(to), prevKv };
}

export function txnOf(
  success: readonly Operation[],
  failure: readonly Operation[] = [],
  compare: readonly Compare[] = [],
): TxnOperation {
  return { kind: "txn", compare, success, failure };
}

export function compareOf(
  target: Compare["target"],
  key: string,
  result: Compare["result"],
  operand: bigint | string,
  to = "",
): Compare {
  return {
    target,
    key: bytes(key),
    rangeEnd: bytes(to),
    result,
    operand: typeof operand === "string" ? bytes(operand) : operand,
  };
}

/** `key=value@create/mod/version`, with `+lease` where there is one. */
export function show(kv: KeyValue): string {
  const lease = kv.lease === 0n ? "" : `+${kv.lease}`;
  return `${text(kv.key)}=${text(kv.value)}@${kv.createRevision}/${kv.modRevision}/${kv.version}${lease}`;
}

/** `put key=value@…` or `delete key@revision`. */
export function showEvent(event: Event): string {
  return event.type === "put" ? `put ${show(event.kv)}` : `delete ${text(event.kv.key)}@${event.kv.modRevision}`;
}

/** Leases that are simply declared, and the keys hanging on them. */
export class TestLeases implements LeaseBook {
  readonly #keys = new Map<bigint, Set<string>>();

  constructor(ids: readonly bigint[] = []) {
    for (const id of ids) this.#keys.set(id, new Set());
  }

  exists(id: bigint): boolean {
    return this.#keys.has(id);
  }

  attach(id: bigint, key: Uint8Array): void {
    this.#keys.get(id)?.add(text(key));
  }

  detach(id: bigint, key: Uint8Array): void {
    this.#keys.get(id)?.delete(text(key));
  }

  keysOf(id: bigint): readonly string[] {
    return Array.from(this.#keys.get(id) ?? []).sort();
  }
}

export interface OpenStore {
  readonly backend: Backend;
  readonly buffer: WriteBuffer;
  readonly leases: TestLeases;
  readonly store: Store;
}

/** Opening twice on one backend is a restart: what was still in the buffer is lost. */
export function openStore(backend: Backend, leaseIds: readonly bigint[] = []): OpenStore {
  const buffer = new WriteBuffer(backend);
  const leases = new TestLeases(leaseIds);
  return { backend, buffer, leases, store: Store.open({ buffer, leases }) };
}

/** Hands the buffered writes to the backend, as the applier does from time to time. */
export function commit(open: OpenStore): void {
  open.backend.commit(open.buffer.take(), open.backend.appliedAt());
}
