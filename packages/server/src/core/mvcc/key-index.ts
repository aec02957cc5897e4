/**
 * The history of one key, as far as compaction left it: where each of its changes is stored, not what it holds.
 *
 * A life of a key, from the put that creates it to the delete that ends it, is a *generation*. The changes of all
 * generations stand in one flat array of numbers, two a change, because a store has one of these for every key:
 *
 *     put at 4, put at 6, deleted at 7 (third change of its request), put at 9
 *
 *     main   sub*2      main  sub*2      main  sub*2+1     main  sub*2
 *     [ 4,     0,         6,    0,         7,    5,          9,    0 ]
 *       └─────────── generation ─────────────┘               └─ generation, still alive
 *
 * Most keys are written once, and a million arrays of one change take 64 MB. So a single put that is the first change of its
 * request is its main revision alone, no array.
 *
 * A *position* counts changes from 0. `created`, `version` and `lease` are those of the living generation; for older
 * ones they stand in the stored key-value.
 */
import type { StoredRevision } from "./revision.js";

/** No change of the key was alive at the revision asked for. */
export const NOT_FOUND = -1;

/** Of a key that is about to have its first change: no change has this main revision. */
const NO_CHANGES = 0;

export class KeyIndex {
  /** The key as a byte string. */
  readonly key: string;
  /** Main revision of the put that began the living generation; 0 when the key is deleted. */
  created = 0;
  /** Puts in the living generation; 0 when the key is deleted. */
  version = 0;
  lease = 0n;
  /** An array, or the main revision of a single put. */
  #changes: number[] | number = NO_CHANGES;

  constructor(key: string) {
    this.key = key;
  }

  get isLive(): boolean {
    return this.version > 0;
  }

  /** Changes remembered. */
  get length(): number {
    const changes = this.#changes;
    if (typeof changes === "number") return changes === NO_CHANGES ? 0 : 1;
    return changes.length / 2;
  }

  /** Main revision of the last put; 0 when the key is deleted. */
  get modified(): number {
    return this.isLive ? this.mainAt(this.length - 1) : 0;
  }

  mainAt(position: number): number {
    const changes = this.#changes;
    return typeof changes === "number" ? changes : (changes[position * 2] as number);
  }

  subAt(position: number): number {
    return this.#flaggedAt(position) >>> 1;
  }

  isTombstoneAt(position: number): boolean {
    return (this.#flaggedAt(position) & 1) === 1;
  }

  put(main: number, sub: number, lease: bigint): void {
    if (!this.isLive) this.created = main;
    this.restorePut(main, sub, this.created, this.version + 1, lease);
  }

  /** A put read back from storage, which knows what compaction has cut off before it. */
  restorePut(main: number, sub: number, created: number, version: number, lease: bigint): void {
    this.#append(main, sub * 2);
    this.created = created;
    this.version = version;
    this.lease = lease;
  }

  tombstone(main: number, sub: number): void {
    this.#append(main, sub * 2 + 1);
    this.created = 0;
    this.version = 0;
    this.lease = 0n;
  }

  /** Position of the put that a read at main revision `at` sees, or `NOT_FOUND`. */
  find(at: number): number {
    const position = this.#newest(at);
    return position >= 0 && !this.isTombstoneAt(position) ? position : NOT_FOUND;
  }

  /**
   * How many of the oldest changes a compaction at `at` drops.
   *
   * It keeps the put a read at `at` sees and everything after it. What happened exactly at `at` is kept whole, deletes
   * too: a watch may start there and must see them (etcd 3.5.16). The next compaction takes them.
   */
  droppable(at: number): number {
    let position = this.#newest(at);
    if (position < 0) return 0;
    if (this.mainAt(position) < at) return this.isTombstoneAt(position) ? position + 1 : position;
    while (position > 0 && this.mainAt(position - 1) === at) position--;
    return position;
  }

  /** Forgets the oldest `count` changes and says which they were. */
  drop(count: number): readonly StoredRevision[] {
    const dropped = Array.from({ length: count }, (_, position) => ({
      main: this.mainAt(position),
      sub: this.subAt(position),
      tombstone: this.isTombstoneAt(position),
    }));
    const changes = this.#changes;
    if (count === this.length) this.#changes = NO_CHANGES;
    else if (typeof changes !== "number") this.#changes = changes.slice(count * 2);
    return dropped;
  }

  #flaggedAt(position: number): number {
    const changes = this.#changes;
    return typeof changes === "number" ? 0 : (changes[position * 2 + 1] as number);
  }

  /** An array made whole has room for what it holds, one that was pushed to for seventeen. */
  #append(main: number, flagged: number): void {
    const changes = this.#changes;
    if (typeof changes !== "number") changes.push(main, flagged);
    else if (changes !== NO_CHANGES) this.#changes = [changes, 0, main, flagged];
    else this.#changes = flagged === 0 && main !== NO_CHANGES ? main : [main, flagged];
  }

  /** Position of the newest change at or before `at`, -1 for none. Most reads want the last one. */
  #newest(at: number): number {
    let high = this.length - 1;
    if (high < 0 || this.mainAt(high) <= at) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.mainAt(middle) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
