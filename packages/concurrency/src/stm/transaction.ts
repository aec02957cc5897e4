/**
 * One attempt at a transaction: what its body has read and wants to write, and the one etcd txn in which that is checked
 * and done. Writes are kept here until then, and the body's own reads see them.
 */
import {
  bytes,
  type CallOptions,
  type Codec,
  type Compare,
  compare,
  type Key,
  type KeyRange,
  type KeyValue,
  type LeaseRef,
  type Op,
  type Store,
  utf8,
} from "@kvorum/client";
import { byteString, isInRange, toBytes } from "../keys.js";
import type { Level } from "./isolation.js";

/** What the body of a transaction works with. Keys are resolved in the namespace of the store. */
export interface Tx {
  /** The value, as text or as the codec reads it; undefined where there is no such key. Own writes are seen. */
  get(key: Key): Promise<string | undefined>;
  get<V>(key: Key, codec: Codec<V>): Promise<V | undefined>;
  /**
   * All pairs of a range, by key. Keys that others add to it or delete from it are a conflict, as changed ones are. A pair
   * that this transaction wrote has the revisions of the one it replaces, 0 where there is none.
   */
  getRange(range: KeyRange): Promise<KeyValue<string>[]>;
  getRange<V>(range: KeyRange, codec: Codec<V>): Promise<KeyValue<V>[]>;
  put(key: Key, value: string, options?: { readonly lease?: LeaseRef }): void;
  put<V>(key: Key, value: V, options: { readonly lease?: LeaseRef; readonly codec: Codec<V> }): void;
  delete(key: Key): void;
  /** The revision of the key's last change before this transaction, 0 where there is no such key. */
  revisionOf(key: Key): Promise<bigint>;
}

interface Read {
  readonly key: Uint8Array;
  readonly kv: KeyValue<Uint8Array> | undefined;
}

interface RangeRead {
  readonly range: KeyRange;
  /** No key of the range was changed after it. */
  readonly revision: bigint;
}

interface Write {
  readonly key: Uint8Array;
  /** Undefined for a deletion. */
  readonly value: Uint8Array | undefined;
  readonly lease: LeaseRef | undefined;
}

/** What an attempt hands to the next one: the state that made it fail. */
export interface Prefetched {
  readonly revision: bigint;
  readonly reads: ReadonlyMap<string, Read>;
}

export type CommitResult =
  | { readonly committed: true; readonly revision: bigint }
  | { readonly committed: false; readonly prefetched: Prefetched | undefined };

export interface TransactionInit {
  readonly store: Store<Uint8Array>;
  readonly level: Level;
  readonly prefetched: Prefetched | undefined;
  /** Whether reads without a snapshot may come from a member that is behind. Not after a conflict, or it may repeat. */
  readonly staleReads: boolean;
  readonly signal: AbortSignal;
}

export class Transaction implements Tx {
  readonly #init: TransactionInit;
  readonly #reads = new Map<string, Promise<Read>>();
  readonly #settledReads = new Map<string, Read>();
  readonly #ranges: RangeRead[] = [];
  readonly #writes = new Map<string, Write>();
  /** The revision of the snapshot, or the read under way that will tell it. */
  #snapshot: Promise<bigint> | undefined;
  #revision: bigint | undefined;
  #over = false;

  constructor(init: TransactionInit) {
    this.#init = init;
    if (init.prefetched === undefined || !init.level.snapshot) return;
    this.#revision = init.prefetched.revision;
    this.#snapshot = Promise.resolve(init.prefetched.revision);
  }

  get(key: Key): Promise<string | undefined>;
  get<V>(key: Key, codec: Codec<V>): Promise<V | undefined>;
  async get(key: Key, codec: Codec<unknown> = utf8): Promise<unknown> {
    this.#assertOpen();
    const bytesOfKey = toBytes(key);
    const written = this.#writes.get(byteString(bytesOfKey));
    const value = written === undefined ? (await this.#read(bytesOfKey)).kv?.value : written.value;
    return value === undefined ? undefined : codec.decode(value);
  }

  getRange(range: KeyRange): Promise<KeyValue<string>[]>;
  getRange<V>(range: KeyRange, codec: Codec<V>): Promise<KeyValue<V>[]>;
  async getRange(range: KeyRange, codec: Codec<unknown> = utf8): Promise<KeyValue<unknown>[]> {
    this.#assertOpen();
    const found = new Map((await this.#readRange(range)).map((kv) => [byteString(kv.keyBytes), kv]));
    for (const [id, write] of this.#writes) {
      if (!isInRange(write.key, range)) continue;
      if (write.value === undefined) found.delete(id);
      else found.set(id, pendingPair(write.key, write.value, found.get(id)));
    }
    const pairs: KeyValue<unknown>[] = [];
    for (const [, kv] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
      pairs.push({ ...kv, value: await codec.decode(kv.value) });
    }
    return pairs;
  }

  put(key: Key, value: string, options?: { readonly lease?: LeaseRef }): void;
  put<V>(key: Key, value: V, options: { readonly lease?: LeaseRef; readonly codec: Codec<V> }): void;
  put<V>(key: Key, value: V, options: { readonly lease?: LeaseRef; readonly codec?: Codec<V> } = {}): void {
    const encoded = options.codec === undefined ? utf8.encode(textOf(value)) : options.codec.encode(value);
    this.#write({ key: toBytes(key), value: encoded, lease: options.lease });
  }

  delete(key: Key): void {
    this.#write({ key: toBytes(key), value: undefined, lease: undefined });
  }

  async revisionOf(key: Key): Promise<bigint> {
    this.#assertOpen();
    return (await this.#read(toBytes(key))).kv?.modRevision ?? 0n;
  }

  /** Ends the attempt: a body that was given up on must not go on reading into it. */
  end(): void {
    this.#over = true;
  }

  /** Checks and writes in one txn, or without one where a snapshot was only read. */
  async commit(options: CallOptions): Promise<CommitResult> {
    this.end();
    const { level, store } = this.#init;
    if (this.#writes.size === 0 && (level.snapshot || !level.guardReads)) {
      return { committed: true, revision: this.#revision ?? 0n };
    }
    const keys = level.snapshot ? [...this.#settledReads] : [];
    const result = await store.txn(
      {
        if: this.#guards(),
        then: [...this.#writes.values()].map((write) => this.#operation(write)),
        else: keys.map(([, { key }]) => store.op.get(key)),
      },
      options,
    );
    const { revision } = result.header;
    if (result.succeeded) return { committed: true, revision };
    const reads = new Map(keys.map(([id, { key }], index) => [id, { key, kv: result.responses[index] }]));
    return { committed: false, prefetched: level.snapshot ? { revision, reads } : undefined };
  }

  #guards(): Compare[] {
    const { level } = this.#init;
    const guards: Compare[] = [];
    if (level.guardReads) {
      for (const { key, kv } of this.#settledReads.values()) {
        guards.push(compare.modRevision(key).eq(kv?.modRevision ?? 0n));
      }
      // Every key that is in the range now was there then: a later one would have a later revision. That none has gone is
      // what the guards of the single keys say.
      for (const { range, revision } of this.#ranges) guards.push(compare.modRevision(range).lt(revision + 1n));
    }
    if (level.guardWrites && this.#revision !== undefined) {
      for (const [id, { key }] of this.#writes) {
        if (!this.#settledReads.has(id)) guards.push(compare.modRevision(key).lt(this.#revision + 1n));
      }
    }
    return guards;
  }

  #operation({ key, value, lease }: Write): Op {
    const { op } = this.#init.store;
    return value === undefined ? op.delete(key) : op.put(key, value, lease === undefined ? {} : { lease });
  }

  #write(write: Write): void {
    this.#assertOpen();
    this.#writes.set(byteString(write.key), write);
  }

  /** Each key is read once; reads of one key at the same time share the request. */
  #read(key: Uint8Array): Promise<Read> {
    const id = byteString(key);
    const known = this.#reads.get(id);
    if (known !== undefined) return known;
    const settled = this.#fetch(id, key).then((read) => {
      this.#settledReads.set(id, read);
      return read;
    });
    this.#reads.set(id, settled);
    return settled;
  }

  async #fetch(id: string, key: Uint8Array): Promise<Read> {
    const { level, prefetched } = this.#init;
    const known = level.snapshot ? prefetched?.reads.get(id) : undefined;
    if (known !== undefined) return known;
    const { kvs } = await this.#list({ key });
    return { key, kv: kvs[0] };
  }

  async #readRange(range: KeyRange): Promise<KeyValue<Uint8Array>[]> {
    const { kvs, revision } = await this.#list(range);
    this.#ranges.push({ range, revision });
    for (const kv of kvs) {
      const id = byteString(kv.keyBytes);
      const read = { key: kv.keyBytes, kv };
      // A key that was read before keeps that reading: it is the older one, and the guard on it decides.
      if (this.#reads.has(id)) continue;
      this.#reads.set(id, Promise.resolve(read));
      this.#settledReads.set(id, read);
    }
    return kvs;
  }

  async #list(range: KeyRange): Promise<{ kvs: KeyValue<Uint8Array>[]; revision: bigint }> {
    const { level, signal, staleReads, store } = this.#init;
    if (!level.snapshot) {
      const { kvs, header } = await store.list(range, {
        consistency: staleReads ? "serializable" : "linearizable",
        signal,
      });
      return { kvs, revision: header.revision };
    }
    if (this.#snapshot !== undefined) {
      const revision = await this.#snapshot;
      return { kvs: (await store.list(range, { revision, signal })).kvs, revision };
    }
    const first = store.list(range, { signal });
    this.#snapshot = first.then(({ header }) => {
      this.#revision = header.revision;
      return header.revision;
    });
    const [{ kvs }, revision] = await Promise.all([first, this.#snapshot]);
    return { kvs, revision };
  }

  #assertOpen(): void {
    if (this.#over) throw new Error("the attempt at this transaction is over: await everything that the body starts");
  }
}

/** Reads keys before the body runs, in one request, as the snapshot of the first attempt. */
export async function prefetch(
  store: Store<Uint8Array>,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<Prefetched | undefined> {
  if (keys.length === 0) return undefined;
  const list = keys.map(toBytes);
  const result = await store.txn({ then: list.map((key) => store.op.get(key)) }, { signal });
  const responses: readonly (KeyValue<Uint8Array> | undefined)[] = result.responses;
  const reads = new Map(list.map((key, index) => [byteString(key), { key, kv: responses[index] }]));
  return { revision: result.header.revision, reads };
}

/** The store in which a transaction reads and writes. */
export function bytesStore(store: Store<unknown>): Store<Uint8Array> {
  return store.withCodec(bytes);
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`put: a codec is needed for a value that is ${typeof value}`);
  return value;
}

function pendingPair(
  key: Uint8Array,
  value: Uint8Array,
  replaced: KeyValue<Uint8Array> | undefined,
): KeyValue<Uint8Array> {
  if (replaced !== undefined) return { ...replaced, value };
  const none = { createRevision: 0n, modRevision: 0n, version: 0n, lease: 0n };
  return { key: new TextDecoder("utf-8", { ignoreBOM: true }).decode(key), keyBytes: key, value, ...none };
}
