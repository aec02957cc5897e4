/** The nouns of the store: a key with its value, a change. Field names are those of etcd's `mvccpb`. */
import { EMPTY_BYTES } from "../bytes.js";

export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Revision of the put that created (or re-created) the key. */
  readonly createRevision: bigint;
  /** Revision of the last put. */
  readonly modRevision: bigint;
  /** Puts since creation, from 1. */
  readonly version: bigint;
  /** The attached lease, 0 for none. */
  readonly lease: bigint;
  /** The same as a message of protobuf, where that is at hand already. */
  readonly $encoded?: Uint8Array | undefined;
}

/** A change as watchers see it. A delete's `kv` has only `key` and `modRevision` set, the rest is zero or empty. */
export interface Event {
  readonly type: "put" | "delete";
  readonly kv: KeyValue;
}

/** The key is a copy: as a view it would keep the value in memory, which lies in the same bytes. */
export function withoutValue(kv: KeyValue): KeyValue {
  if (kv.value.length === 0) return kv;
  const { key, createRevision, modRevision, version, lease } = kv;
  return { key: key.slice(), value: EMPTY_BYTES, createRevision, modRevision, version, lease };
}
