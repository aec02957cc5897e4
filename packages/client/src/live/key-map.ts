/**
 * The state of a cache: the keys of a range at one revision. Pure: snapshots and batches go in, the changes they make come
 * out. A batch is everything one revision did, and is taken as a whole or not at all, so no reader meets half a txn.
 *
 *   reset   {5: a=1 b=1}        → added a, added b           at 5
 *   apply   {6: a=2, b deleted} → updated a, removed b       at 6
 *   apply   {6: …}              → nothing: 6 is known        at 6
 *   reset   {9: a=2 c=7}        → added c                    at 9   (history was compacted: only what differs)
 */
import type { KeyRange } from "../keys.js";
import type { KeyValue } from "../kv/results.js";
import { byteString, fromByteString, lowerBound, rangeBounds } from "./byte-order.js";
import { type Change, changeBetween } from "./change.js";
import { type IndexTerms, SecondaryIndex } from "./secondary-index.js";

export type Write<V> =
  /** Without `kv`: there is a value, and it cannot be decoded. What was good last stays. */
  | {
      readonly type: "put";
      readonly keyBytes: Uint8Array;
      readonly modRevision: bigint;
      readonly kv: KeyValue<V> | undefined;
    }
  | { readonly type: "delete"; readonly keyBytes: Uint8Array };

/** All writes of one revision, or all pairs there are at it. */
export interface Batch<V> {
  readonly revision: bigint;
  readonly writes: readonly Write<V>[];
}

/** What a linearizable read says of a range without its pairs: enough to know whether a map is the same. */
export interface RangeFacts {
  /** Of the store, when it was read. */
  readonly revision: bigint;
  /** The newest `modRevision` of the range; 0 when it is empty. */
  readonly newest: bigint;
  readonly count: bigint;
}

interface Entry<V> {
  /** Of the pair in the store. `kv` may be older, where that one cannot be decoded. */
  readonly modRevision: bigint;
  readonly kv: KeyValue<V> | undefined;
  /** One list for each index. */
  readonly terms: readonly (readonly string[])[];
}

/** So many new and gone keys are put into their places one by one; more are sorted. */
const PLACED_MAX = 16;

export class KeyMap<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #indexes: ReadonlyMap<string, SecondaryIndex<V>>;
  /** The keys of `#entries`, sorted. */
  #order: string[] = [];
  /** The pairs in order, made when they are asked for. Never changed, so that it can be given out. */
  #pairs: readonly KeyValue<V>[] | undefined;
  #size = 0;
  #revision = 0n;

  constructor(indexes: Readonly<Record<string, IndexTerms<V>>> = {}) {
    this.#indexes = new Map(Object.entries(indexes).map(([name, terms]) => [name, new SecondaryIndex(terms)]));
  }

  /** All changes up to it are in, and none above. */
  get revision(): bigint {
    return this.#revision;
  }

  /** Pairs with a value. */
  get size(): number {
    return this.#size;
  }

  get(keyBytes: Uint8Array): KeyValue<V> | undefined {
    return this.#entries.get(byteString(keyBytes))?.kv;
  }

  /** All pairs in the order of their keys. The list stays as it is, whatever happens to the map. */
  pairs(): readonly KeyValue<V>[] {
    this.#pairs ??= this.#pairsOf(this.#order);
    return this.#pairs;
  }

  range(range: KeyRange): readonly KeyValue<V>[] {
    return this.#pairsOf(this.#order.slice(...rangeBounds(this.#order, range)));
  }

  /** Errors: `TypeError` for an index there is not. */
  lookup(name: string, term: string): readonly KeyValue<V>[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new TypeError(`there is no index ${JSON.stringify(name)}`);
    return this.#pairsOf(index.keys(term));
  }

  /** Takes what one revision did. A revision that is known already changes nothing. */
  apply(batch: Batch<V>): Change<V>[] {
    if (batch.revision <= this.#revision) return [];
    const changes = this.#commit(batch.revision, batch.writes);
    this.#revision = batch.revision;
    return changes;
  }

  /** Becomes the snapshot. The changes are the differences. */
  reset(snapshot: Batch<V>): Change<V>[] {
    const present = new Set(snapshot.writes.map((write) => byteString(write.keyBytes)));
    const writes = snapshot.writes.filter(
      (write) =>
        write.type === "put" && this.#entries.get(byteString(write.keyBytes))?.modRevision !== write.modRevision,
    );
    for (const key of this.#order) {
      if (!present.has(key)) writes.push({ type: "delete", keyBytes: fromByteString(key) });
    }
    const changes = this.#commit(snapshot.revision, writes);
    this.#revision = snapshot.revision;
    return changes;
  }

  /** Nothing has changed up to this revision. */
  advance(revision: bigint): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /**
   * Is the map what the range was at `facts.revision`? No key of then is newer than the map, so each is in it as it is; and
   * there are as many, so the map has no other. What happened in between has undone itself.
   */
  equals(facts: RangeFacts): boolean {
    return this.#revision >= facts.newest && BigInt(this.#entries.size) === facts.count;
  }

  #commit(revision: bigint, writes: readonly Write<V>[]): Change<V>[] {
    // Terms come from the caller's functions, which may throw: all of them are asked before anything changes.
    const next = new Map<string, Entry<V> | undefined>();
    for (const write of writes) {
      const key = byteString(write.keyBytes);
      next.set(key, write.type === "put" ? this.#entry(write, this.#entries.get(key)) : undefined);
    }
    const changes: Change<V>[] = [];
    const placed: string[] = [];
    for (const [key, entry] of next) {
      const old = this.#entries.get(key);
      if ((old === undefined) !== (entry === undefined)) placed.push(key);
      this.#replace(key, old, entry);
      const change = changeBetween(old?.kv, entry?.kv, revision);
      if (change !== undefined) changes.push(change);
    }
    this.#place(placed);
    if (changes.length > 0) this.#pairs = undefined;
    return changes;
  }

  #entry(write: Write<V> & { type: "put" }, old: Entry<V> | undefined): Entry<V> {
    const { modRevision } = write;
    if (write.kv === undefined) return { modRevision, kv: old?.kv, terms: old?.terms ?? [] };
    const { kv } = write;
    return { modRevision, kv, terms: [...this.#indexes.values()].map((index) => index.terms(kv)) };
  }

  #replace(key: string, old: Entry<V> | undefined, entry: Entry<V> | undefined): void {
    let i = 0;
    for (const index of this.#indexes.values()) {
      index.remove(key, old?.terms[i] ?? []);
      index.add(key, entry?.terms[i] ?? []);
      i += 1;
    }
    if (entry === undefined) this.#entries.delete(key);
    else this.#entries.set(key, entry);
    this.#size += Number(entry?.kv !== undefined) - Number(old?.kv !== undefined);
  }

  /** Puts into order what came and takes out what went. */
  #place(keys: readonly string[]): void {
    if (keys.length > PLACED_MAX) {
      this.#order = [...this.#entries.keys()].sort();
      return;
    }
    for (const key of keys) {
      const at = lowerBound(this.#order, key);
      if (this.#entries.has(key)) this.#order.splice(at, 0, key);
      else this.#order.splice(at, 1);
    }
  }

  #pairsOf(keys: readonly string[]): KeyValue<V>[] {
    return keys.map((key) => this.#entries.get(key)?.kv).filter((kv) => kv !== undefined);
  }
}
