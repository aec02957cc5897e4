/**
 * A stretch of the index of revisions: up to `CHUNK_ENTRIES` of them in order, 24 bytes each, in plain arrays. A chunk that
 * a snapshot shows too is `shared` and copied before its next change.
 */
import type { StoredRevision } from "../../../core/mvcc/revision.js";

export const CHUNK_ENTRIES = 1024;

/** Where a value stands. */
export interface Place {
  /** Number of the segment. */
  readonly segment: number;
  /** Bytes from the start of the segment's file. */
  readonly offset: number;
  /** Bytes of the value. */
  readonly length: number;
}

export interface IndexedRevision extends StoredRevision, Place {}

/** In the top bit of a length. */
const TOMBSTONE = 0x8000_0000;

export class RevisionChunk {
  count = 0;
  shared = false;
  readonly #mains = new Float64Array(CHUNK_ENTRIES);
  readonly #subs = new Uint32Array(CHUNK_ENTRIES);
  readonly #segments = new Uint32Array(CHUNK_ENTRIES);
  readonly #offsets = new Uint32Array(CHUNK_ENTRIES);
  readonly #lengths = new Uint32Array(CHUNK_ENTRIES);

  mainAt(at: number): number {
    return this.#mains[at] as number;
  }

  subAt(at: number): number {
    return this.#subs[at] as number;
  }

  isTombstone(at: number): boolean {
    return (this.#lengths[at] as number) >= TOMBSTONE;
  }

  placeAt(at: number): Place {
    const length = (this.#lengths[at] as number) & ~TOMBSTONE;
    return { segment: this.#segments[at] as number, offset: this.#offsets[at] as number, length };
  }

  revisionAt(at: number): IndexedRevision {
    const length = this.#lengths[at] as number;
    return {
      main: this.#mains[at] as number,
      sub: this.#subs[at] as number,
      tombstone: length >= TOMBSTONE,
      segment: this.#segments[at] as number,
      offset: this.#offsets[at] as number,
      length: length & ~TOMBSTONE,
    };
  }

  /** Negative, zero or positive, as the entry comes before, is or comes after the revision. */
  compare(at: number, main: number, sub: number, tombstone: boolean): number {
    const mains = (this.#mains[at] as number) - main;
    if (mains !== 0) return mains;
    const subs = (this.#subs[at] as number) - sub;
    return subs !== 0 ? subs : Number(this.isTombstone(at)) - Number(tombstone);
  }

  /** The first entry that does not come before the revision; `count` when all do. */
  lowerBound(main: number, sub: number, tombstone: boolean): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(middle, main, sub, tombstone) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes room at a position and fills it. The chunk is not full. */
  insert(at: number, main: number, sub: number, tombstone: boolean, place: Place): void {
    if (at < this.count) for (const array of this.#arrays()) array.copyWithin(at + 1, at, this.count);
    this.count++;
    this.#mains[at] = main;
    this.#subs[at] = sub;
    this.setPlace(at, place, tombstone);
  }

  setPlace(at: number, { segment, offset, length }: Place, tombstone: boolean): void {
    this.#segments[at] = segment;
    this.#offsets[at] = offset;
    this.#lengths[at] = tombstone ? (length | TOMBSTONE) >>> 0 : length;
  }

  remove(at: number): void {
    for (const array of this.#arrays()) array.copyWithin(at, at + 1, this.count);
    this.count--;
  }

  /** A new chunk with the entries in `[from, to)`, and behind them those of `next` if given. */
  copy(from = 0, to: number = this.count, next?: RevisionChunk): RevisionChunk {
    const twin = new RevisionChunk();
    twin.#take(this, from, to);
    if (next !== undefined) twin.#take(next, 0, next.count);
    return twin;
  }

  #take(other: RevisionChunk, from: number, to: number): void {
    const others = other.#arrays();
    for (const [i, array] of this.#arrays().entries()) {
      array.set((others[i] as Float64Array).subarray(from, to), this.count);
    }
    this.count += to - from;
  }

  #arrays(): readonly (Float64Array | Uint32Array)[] {
    return [this.#mains, this.#subs, this.#segments, this.#offsets, this.#lengths];
  }
}
