/** What the body of a transaction works with. */
import type { Codec, Key, KeyRange, KeyValue, LeaseRef } from "@kvorum/client";

/**
 * Keys are resolved in the namespace of the store, values are text unless the transaction or the call has a codec. `V` is
 * what is read and `In` what is written.
 *
 * A read that fails (`EtcdError`) fails the transaction, also where the body catches the error: nobody would check what the
 * body made of it. A value that the codec refuses (`DecodeError`) was read, and the body may go on.
 */
export interface Tx<V = string, In = V> {
  /** The value; undefined where there is no such key. Own writes are seen; a key is read once. */
  get(key: Key): Promise<V | undefined>;
  get<T>(key: Key, codec: Codec<T, never>): Promise<T | undefined>;
  /**
   * All pairs of a range, by key. Keys that others add to it or delete from it are a conflict, as changed ones are; each pair
   * is one condition of the commit. A pair that this transaction wrote has the revisions of the one it replaces, 0 where
   * there is none.
   */
  getRange(range: KeyRange): Promise<KeyValue<V>[]>;
  getRange<T>(range: KeyRange, codec: Codec<T, never>): Promise<KeyValue<T>[]>;
  /** Without a lease the key is detached from the one it had. */
  put(key: Key, value: In, options?: { readonly lease?: LeaseRef }): void;
  put<T>(key: Key, value: T, options: { readonly lease?: LeaseRef; readonly codec: Codec<unknown, T> }): void;
  delete(key: Key): void;
  /** The revision of the key's last change before this transaction, 0 where there is no such key. Counts as a read. */
  revisionOf(key: Key): Promise<bigint>;
}
