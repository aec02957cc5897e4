/**
 * What a body has read. Each key has one reading for the whole attempt, whether it came alone or in a range, so that the
 * condition on it covers everything the body has seen of it.
 *
 * With a snapshot all reads are at the revision of the first one. Without, each is from its own moment, and where a range
 * shows a key that was read before, or lacks it, the earlier reading stands.
 */
import { type Compare, compare, isEtcdError, type KeyRange, type Store } from "@kvorum/client";
import { byteString, isInRange } from "../keys.js";
import type { Level } from "./isolation.js";
import { type Pair, type Read, rangeId, type Snapshot, type Wanted } from "./snapshot.js";

export interface ReadsInit {
  readonly store: Store<Uint8Array>;
  readonly level: Level;
  /** Where reads begin; only with a level that reads snapshots. */
  readonly snapshot: Snapshot | undefined;
  /** Whether reads without a snapshot may come from a member that is behind. Not after a conflict, or it may repeat. */
  readonly stale: boolean;
  readonly signal: AbortSignal;
}

interface RangeRead {
  readonly range: KeyRange;
  pairs: Promise<readonly Pair[]>;
  /** No key of the range was changed after it, as far as the reading goes. Undefined until that has come. */
  revision: bigint | undefined;
}

export class Reads {
  readonly #init: ReadsInit;
  /** Asked for, by the body itself or within a range. */
  readonly #keys = new Map<string, Promise<Read>>();
  readonly #settled = new Map<string, Read>();
  readonly #ranges = new Map<string, RangeRead>();
  /** Keys that the body has asked for one by one. */
  readonly #asked = new Map<string, Uint8Array>();
  /** The revision of the snapshot, or the read under way that will tell it. */
  #pinned: Promise<bigint> | undefined;
  #revision: bigint | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(init: ReadsInit) {
    this.#init = init;
    if (init.snapshot === undefined) return;
    this.#revision = init.snapshot.revision;
    this.#pinned = Promise.resolve(init.snapshot.revision);
  }

  /** Of the snapshot; undefined where there is none, or nothing was read. */
  get revision(): bigint | undefined {
    return this.#revision;
  }

  /** The first read that failed. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  get wanted(): Wanted {
    return { keys: [...this.#asked.values()], ranges: [...this.#ranges.values()].map(({ range }) => range) };
  }

  has(key: Uint8Array): boolean {
    return this.#settled.has(byteString(key));
  }

  /** Reads of one key at the same time share the request. */
  key(key: Uint8Array): Promise<Read> {
    const id = byteString(key);
    this.#asked.set(id, key);
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    const reading = this.#fetch(id, key).then((read) => this.#settle(id, read));
    this.#keys.set(id, reading);
    return reading;
  }

  range(range: KeyRange): Promise<readonly Pair[]> {
    const id = rangeId(range);
    const known = this.#ranges.get(id);
    if (known !== undefined) return known.pairs;
    const read: RangeRead = { range, revision: undefined, pairs: Promise.resolve([]) };
    // It has to be known before it is fetched: what a snapshot already holds is there at once.
    this.#ranges.set(id, read);
    read.pairs = this.#fetchRange(read, id);
    return read.pairs;
  }

  /**
   * What must hold for everything that was read to be as it was. Of a range: no key in it has a later revision than the
   * reading, so whatever is in it now was in it then, unchanged. That none has gone is what the conditions on its single keys
   * say; together they leave no way for a range to differ, and a key that was deleted and made again has a later revision.
   */
  guards(): Compare[] {
    const keys = [...this.#settled.values()].map(({ key, kv }) =>
      compare.modRevision(key).eq(kv === undefined ? 0n : kv.modRevision),
    );
    const ranges: Compare[] = [];
    for (const { range, revision } of this.#ranges.values()) {
      if (revision !== undefined) ranges.push(compare.modRevision(range).lt(revision + 1n));
    }
    return [...keys, ...ranges];
  }

  async #fetch(id: string, key: Uint8Array): Promise<Read> {
    const known = this.#init.snapshot?.keys.get(id);
    if (known !== undefined) return known;
    if (this.#isMissing(key)) return { key, kv: undefined };
    const { kvs } = await this.#list({ key });
    return { key, kv: kvs[0] };
  }

  async #fetchRange(read: RangeRead, id: string): Promise<readonly Pair[]> {
    const { range } = read;
    const { snapshot } = this.#init;
    const known = snapshot?.ranges.get(id);
    const { kvs, revision } = known && snapshot ? { kvs: known, revision: snapshot.revision } : await this.#list(range);
    for (const kv of kvs) {
      const key = byteString(kv.keyBytes);
      const settled = this.#settle(key, { key: kv.keyBytes, kv });
      if (!this.#keys.has(key)) this.#keys.set(key, Promise.resolve(settled));
    }
    const pairs = new Map(kvs.map((kv) => [byteString(kv.keyBytes), kv]));
    for (const [settled, { key, kv }] of this.#settled) {
      if (!isInRange(key, range)) continue;
      if (kv === undefined) pairs.delete(settled);
      else pairs.set(settled, kv);
    }
    read.revision = revision;
    return [...pairs.values()];
  }

  /** The first reading of a key to come is the reading, also that of a range which did not find it. */
  #settle(id: string, read: Read): Read {
    const earlier = this.#settled.get(id);
    if (earlier !== undefined) return earlier;
    const first = this.#isMissing(read.key) ? { key: read.key, kv: undefined } : read;
    this.#settled.set(id, first);
    return first;
  }

  /** Of a key without a reading of its own: a range that has come would have found it. */
  #isMissing(key: Uint8Array): boolean {
    for (const { range, revision } of this.#ranges.values()) {
      if (revision !== undefined && isInRange(key, range)) return true;
    }
    return false;
  }

  async #list(range: KeyRange): Promise<{ readonly kvs: readonly Pair[]; readonly revision: bigint }> {
    try {
      return await this.#ask(range);
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }

  async #ask(range: KeyRange): Promise<{ readonly kvs: readonly Pair[]; readonly revision: bigint }> {
    const { level, signal, stale, store } = this.#init;
    if (!level.snapshot) {
      const { kvs, header } = await store.list(range, {
        consistency: stale ? "serializable" : "linearizable",
        signal,
      });
      return { kvs, revision: header.revision };
    }
    if (this.#pinned !== undefined) {
      const revision = await this.#pinned;
      return { kvs: await this.#at(revision, range), revision };
    }
    const first = store.list(range, { signal });
    this.#pinned = first.then(({ header }) => {
      this.#revision = header.revision;
      return header.revision;
    });
    const [{ kvs }, revision] = await Promise.all([first, this.#pinned]);
    return { kvs, revision };
  }

  /**
   * The state of a revision is the same at every member that has it, so that whoever is asked may answer alone, without asking
   * the others whether there is anything newer. One that is behind says so.
   */
  async #at(revision: bigint, range: KeyRange): Promise<readonly Pair[]> {
    const { signal, store } = this.#init;
    try {
      return (await store.list(range, { revision, consistency: "serializable", signal })).kvs;
    } catch (error) {
      if (!isEtcdError(error, "future-revision")) throw error;
      return (await store.list(range, { revision, signal })).kvs;
    }
  }
}
