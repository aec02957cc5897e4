/** What the key-value verbs give back: plain data, made from etcd's messages. */
import type { ResponseHeader, KeyValue as WireKeyValue } from "@kvorum/proto";
import { type Codec, SchemaMismatchError } from "../codec.js";
import { DecodeError } from "../errors.js";
import { keyText } from "../keys.js";
import type { Keyspace } from "../keyspace.js";

/** A key and what etcd knows of it, without the value. */
export interface KeyEntry {
  /** The key as text, without the namespace. Where keys are not UTF-8 use `keyBytes`. */
  readonly key: string;
  readonly keyBytes: Uint8Array;
  /** The revision that created the key after it last did not exist. */
  readonly createRevision: bigint;
  /** The revision of the last change. */
  readonly modRevision: bigint;
  /** 1 when created, one more with each change. */
  readonly version: bigint;
  /** 0 for none. Without values, an etcd from 3.7 on says 0 always. */
  readonly lease: bigint;
}

/** One pair. The same shape from get, list, scan, watch and txn. */
export interface KeyValue<V> extends KeyEntry {
  readonly value: V;
}

/** Who answered, and at which revision the store then was. */
export interface Header {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: bigint;
  readonly raftTerm: bigint;
}

/** `E` is `KeyValue<V>`, or `KeyEntry` where only keys were asked for. */
export interface Listed<E> {
  readonly kvs: E[];
  /** Keys in the range, whatever the limit and the revision bounds. */
  readonly count: bigint;
  /** Were there more than `limit`? */
  readonly more: boolean;
}

export interface ListResult<V> extends Listed<KeyValue<V>> {
  readonly header: Header;
}

export interface KeyListResult extends Listed<KeyEntry> {
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
  /** Nothing is written through a view. */
  readonly codec: Codec<V, never>;
}

/**
 * A promise only where the codec gives one: most do not, and a thousand keys would be as many promises. Errors: `DecodeError`
 * where the value is not what the codec expects.
 */
export function toKeyValue<V>(view: View<V>, kv: WireKeyValue): KeyValue<V> | Promise<KeyValue<V>> {
  const entry = toKeyEntry(view, kv);
  let value: V | Promise<V>;
  try {
    value = view.codec.decode(kv.value);
  } catch (error) {
    throw undecoded(entry, error);
  }
  if (!(value instanceof Promise)) return { ...entry, value };
  return value.then(
    (decoded) => ({ ...entry, value: decoded }),
    (error: unknown) => {
      throw undecoded(entry, error);
    },
  );
}

function undecoded({ key, modRevision }: KeyEntry, error: unknown): DecodeError {
  return new DecodeError(key, modRevision, error instanceof SchemaMismatchError ? error.issues : [], error);
}

export function toKeyEntry(view: Pick<View<unknown>, "keyspace">, kv: WireKeyValue): KeyEntry {
  const keyBytes = view.keyspace.strip(kv.key);
  const { createRevision, modRevision, version, lease } = kv;
  return { key: keyText(keyBytes), keyBytes, createRevision, modRevision, version, lease };
}

export async function toKeyValues<V>(view: View<V>, kvs: readonly WireKeyValue[]): Promise<KeyValue<V>[]> {
  const values: KeyValue<V>[] = [];
  for (const kv of kvs) {
    const made = toKeyValue(view, kv);
    values.push(made instanceof Promise ? await made : made);
  }
  return values;
}

/** As `toKeyValue`. */
export function toOptionalKeyValue<V>(
  view: View<V>,
  kv: WireKeyValue | undefined,
): KeyValue<V> | undefined | Promise<KeyValue<V>> {
  return kv === undefined ? undefined : toKeyValue(view, kv);
}
