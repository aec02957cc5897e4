/** What the key-value verbs give back: plain data, made from etcd's messages. */
import type { ResponseHeader, KeyValue as WireKeyValue } from "@kvorum/proto";
import { type Codec, SchemaMismatchError } from "../codec.js";
import { DecodeError } from "../errors.js";
import { keyText } from "../keys.js";
import type { Keyspace } from "../keyspace.js";

/** One pair. The same shape from get, list, scan, watch and txn. */
export interface KeyValue<V> {
  /** The key as text, without the namespace. Where keys are not UTF-8 use `keyBytes`. */
  readonly key: string;
  readonly keyBytes: Uint8Array;
  readonly value: V;
  /** The revision that created the key after it last did not exist. */
  readonly createRevision: bigint;
  /** The revision of the last change. */
  readonly modRevision: bigint;
  /** 1 when created, one more with each change. */
  readonly version: bigint;
  /** 0 for none. */
  readonly lease: bigint;
}

/** Who answered, and at which revision the store then was. */
export interface Header {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: bigint;
  readonly raftTerm: bigint;
}

export interface ListResult<V> {
  readonly kvs: KeyValue<V>[];
  /** Keys in the range, whatever the limit and the revision bounds. */
  readonly count: bigint;
  /** Were there more than `limit`? */
  readonly more: boolean;
  readonly header: Header;
}

export interface PutResult {
  readonly header: Header;
}

export interface DeleteResult {
  readonly header: Header;
  readonly deleted: bigint;
}

/** Of a write on condition. When it was not done, `current` is what stands there instead. */
export type CasResult<V> =
  | { readonly ok: true; readonly revision: bigint }
  | { readonly ok: false; readonly current: KeyValue<V> | undefined; readonly revision: bigint };

export function toHeader(header: ResponseHeader | undefined): Header {
  return {
    clusterId: header?.clusterId ?? 0n,
    memberId: header?.memberId ?? 0n,
    revision: header?.revision ?? 0n,
    raftTerm: header?.raftTerm ?? 0n,
  };
}

/** Reads messages of one store: takes its namespace off the keys and its codec to the values. */
export interface View<V> {
  readonly keyspace: Keyspace;
  readonly codec: Codec<V>;
}

/** Errors: `DecodeError` where the value is not what the codec expects. */
export async function toKeyValue<V>(view: View<V>, kv: WireKeyValue): Promise<KeyValue<V>> {
  const keyBytes = view.keyspace.strip(kv.key);
  const key = keyText(keyBytes);
  let value: V;
  try {
    const decoded = view.codec.decode(kv.value);
    value = decoded instanceof Promise ? await decoded : decoded;
  } catch (error) {
    throw new DecodeError(key, kv.modRevision, error instanceof SchemaMismatchError ? error.issues : [], error);
  }
  const { createRevision, modRevision, version, lease } = kv;
  return { key, keyBytes, value, createRevision, modRevision, version, lease };
}

export async function toKeyValues<V>(view: View<V>, kvs: readonly WireKeyValue[]): Promise<KeyValue<V>[]> {
  const values: KeyValue<V>[] = [];
  for (const kv of kvs) values.push(await toKeyValue(view, kv));
  return values;
}

export async function toOptionalKeyValue<V>(
  view: View<V>,
  kv: WireKeyValue | undefined,
): Promise<KeyValue<V> | undefined> {
  return kv === undefined ? undefined : toKeyValue(view, kv);
}
