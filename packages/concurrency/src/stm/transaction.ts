/**
 * One attempt at a transaction: what its body has read (`reads.ts`) and wants to write (`writes.ts`), and the one etcd txn in
 * which the former is checked and the latter done.
 *
 * Why a commit that succeeds is as if it had run alone at its revision: the conditions hold at that revision, and they say of
 * everything the body has seen that it is still so. What the body did follows from what it has seen. A transaction that
 * only read a snapshot is as if it had run alone at the revision of the snapshot, which was read after the transaction began,
 * and needs no commit.
 */
import {
  type Codec,
  type Compare,
  compare,
  DecodeError,
  type Key,
  type KeyRange,
  type KeyValue,
  type LeaseRef,
  ResultLostError,
  SchemaMismatchError,
  type WriteCallOptions,
} from "@kvorum/client";
import { Reads, type ReadsInit } from "./reads.js";
import { keyOf, type Pair, type Snapshot, snapshotReads, type Wanted } from "./snapshot.js";
import type { Tx } from "./tx.js";
import { Writes } from "./writes.js";

export type CommitResult =
  | { readonly committed: true; readonly revision: bigint }
  /** A conflict. `seen` is the state that made it one, of what the body had asked for; undefined where it is not known. */
  | { readonly committed: false; readonly seen: Snapshot | undefined };

export interface TransactionInit<V, In> extends ReadsInit {
  readonly codec: Codec<V, In>;
}

export class Transaction<V, In> implements Tx<V, In> {
  readonly #init: TransactionInit<V, In>;
  readonly #reads: Reads;
  readonly #writes: Writes = new Writes();
  #over = false;

  constructor(init: TransactionInit<V, In>) {
    this.#init = init;
    this.#reads = new Reads(init);
  }

  /** What the next attempt will probably read. */
  get wanted(): Wanted {
    return this.#reads.wanted;
  }

  /** A read that failed, whatever the body has made of it. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#reads.failure;
  }

  get(key: Key): Promise<V | undefined>;
  get<T>(key: Key, codec: Codec<T, never>): Promise<T | undefined>;
  async get(key: Key, codec: Codec<unknown, never> = this.#init.codec): Promise<unknown> {
    this.#assertOpen();
    const bytesOfKey = keyOf(key);
    const write = this.#writes.get(bytesOfKey);
    if (write !== undefined) return write.value && (await codec.decode(write.value));
    const { kv } = await this.#reads.key(bytesOfKey);
    return kv && (await decoded(kv, codec)).value;
  }

  getRange(range: KeyRange): Promise<KeyValue<V>[]>;
  getRange<T>(range: KeyRange, codec: Codec<T, never>): Promise<KeyValue<T>[]>;
  async getRange(range: KeyRange, codec: Codec<unknown, never> = this.#init.codec): Promise<KeyValue<unknown>[]> {
    this.#assertOpen();
    if (!((range as Partial<KeyRange> | undefined)?.key instanceof Uint8Array)) {
      throw new TypeError("range must be a KeyRange, as prefix(), range() and fromKey() make it");
    }
    const pairs: KeyValue<unknown>[] = [];
    for (const kv of this.#writes.over(range, await this.#reads.range(range))) pairs.push(await decoded(kv, codec));
    return pairs;
  }

  put(key: Key, value: In, options?: { readonly lease?: LeaseRef }): void;
  put<T>(key: Key, value: T, options: { readonly lease?: LeaseRef; readonly codec: Codec<unknown, T> }): void;
  put(
    key: Key,
    value: unknown,
    options: { readonly lease?: LeaseRef; readonly codec?: Codec<unknown, never> } = {},
  ): void {
    this.#assertOpen();
    const codec = (options.codec ?? this.#init.codec) as Codec<unknown, unknown>;
    // A copy: what is sent later must be what was given now.
    const encoded = new Uint8Array(codec.encode(value));
    this.#writes.set({ key: keyOf(key), value: encoded, lease: options.lease });
  }

  delete(key: Key): void {
    this.#assertOpen();
    this.#writes.set({ key: keyOf(key), value: undefined, lease: undefined });
  }

  async revisionOf(key: Key): Promise<bigint> {
    this.#assertOpen();
    return (await this.#reads.key(keyOf(key))).kv?.modRevision ?? 0n;
  }

  /** Ends the attempt: a body that was given up on must not go on reading into it. */
  end(): void {
    this.#over = true;
  }

  /** Checks and writes in one txn, or without one where a snapshot was only read. */
  async commit(options: WriteCallOptions): Promise<CommitResult> {
    this.end();
    const { level, store } = this.#init;
    if (this.#writes.size === 0 && (level.snapshot || !level.guardReads)) {
      return { committed: true, revision: this.#reads.revision ?? 0n };
    }
    const again = snapshotReads(store, level.snapshot ? this.wanted : { keys: [], ranges: [] });
    try {
      const { header, responses, succeeded } = await store.txn(
        { if: this.#guards(), then: this.#writes.operations(store), else: again.operations },
        options,
      );
      if (succeeded) return { committed: true, revision: header.revision };
      return { committed: false, seen: level.snapshot ? again.toSnapshot(header.revision, responses) : undefined };
    } catch (error) {
      // Applied by an attempt whose answer is lost: that it was a commit or a conflict is all that has to be known.
      if (!(error instanceof ResultLostError)) throw error;
      return error.succeeded ? { committed: true, revision: error.revision } : { committed: false, seen: undefined };
    }
  }

  #guards(): Compare[] {
    const { level } = this.#init;
    const guards = level.guardReads ? this.#reads.guards() : [];
    const { revision } = this.#reads;
    if (!level.guardWrites || revision === undefined) return guards;
    for (const { key } of this.#writes) {
      // Not later than the snapshot, whatever revision that is: a key that nobody has touched for long passes (npm etcd3
      // compares with the revisions of the keys that were read, and the younger of two keys never passes).
      if (!this.#reads.has(key)) guards.push(compare.modRevision(key).lt(revision + 1n));
    }
    return guards;
  }

  #assertOpen(): void {
    if (this.#over) throw new Error("the attempt at this transaction is over: await everything that the body starts");
  }
}

async function decoded(kv: Pair, codec: Codec<unknown, never>): Promise<KeyValue<unknown>> {
  try {
    return { ...kv, value: await codec.decode(kv.value) };
  } catch (error) {
    throw new DecodeError(kv.key, kv.modRevision, error instanceof SchemaMismatchError ? error.issues : [], error);
  }
}
