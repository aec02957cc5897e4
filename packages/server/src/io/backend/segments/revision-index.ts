/**
 * Which value stands where, by revision: table `key` without its values. Revisions are written in ascending order and
 * removed by compaction, so they stand in chunks of plain arrays that are appended to at the end; a million takes 24 MB.
 * Any other order works too, only slower.
 */
import { compareBytes } from "../../../core/bytes.js";
import { encodeRevision, REVISION_BYTES, type StoredRevision } from "../../../core/mvcc/revision.js";
import { CHUNK_ENTRIES, type IndexedRevision, type Place, RevisionChunk } from "./revision-chunk.js";

const SEPARATOR = 0x5f;
const TOMBSTONE = 0x74;
/** Two neighbours that together have no more entries than this become one. */
const MERGED_ENTRIES_MAX = CHUNK_ENTRIES / 2;

/** Undefined for a key that is no revision, or one too large for the index. */
export function revisionOf(key: Uint8Array): StoredRevision | undefined {
  const tombstone = key.length === REVISION_BYTES + 1 && key[REVISION_BYTES] === TOMBSTONE;
  if (!(tombstone || key.length === REVISION_BYTES) || key[8] !== SEPARATOR) return undefined;
  const main = uint32(key, 0) * 2 ** 32 + uint32(key, 4);
  if (main > Number.MAX_SAFE_INTEGER || uint32(key, 9) !== 0) return undefined;
  return { main, sub: uint32(key, 13), tombstone };
}

/** Big-endian. A view for it would cost more than all the rest of a look-up. */
function uint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return ((high << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

export class RevisionIndex {
  /** None is empty. */
  #chunks: RevisionChunk[] = [];
  /** Changes so far: a walk looks its place up again when there was one. */
  #changes = 0;
  /** What the last search came to. */
  #chunk = 0;
  #at = 0;

  /** The index as it is, for good. Costs a reference a chunk. */
  freeze(): RevisionIndex {
    const frozen = new RevisionIndex();
    frozen.#chunks = this.#chunks.slice();
    for (const chunk of this.#chunks) chunk.shared = true;
    return frozen;
  }

  get({ main, sub, tombstone }: StoredRevision): Place | undefined {
    return this.#seek(main, sub, tombstone) ? this.#chunks[this.#chunk]?.placeAt(this.#at) : undefined;
  }

  /** The place that the revision had before, if it had one. */
  set({ main, sub, tombstone }: StoredRevision, place: Place): Place | undefined {
    this.#changes++;
    if (this.#isNewest(main, sub, tombstone)) {
      this.#append(main, sub, tombstone, place);
      return undefined;
    }
    if (this.#seek(main, sub, tombstone)) {
      const chunk = this.#own(this.#chunk);
      const before = chunk.placeAt(this.#at);
      chunk.setPlace(this.#at, place, tombstone);
      return before;
    }
    this.#insert(main, sub, tombstone, place);
    return undefined;
  }

  /** The place that it had. */
  delete({ main, sub, tombstone }: StoredRevision): Place | undefined {
    if (!this.#seek(main, sub, tombstone)) return undefined;
    this.#changes++;
    const chunk = this.#own(this.#chunk);
    const before = chunk.placeAt(this.#at);
    chunk.remove(this.#at);
    this.#tidy(this.#chunk);
    return before;
  }

  /** Revisions from a key on, in order, whatever changes meanwhile. */
  *from(key: Uint8Array): Generator<IndexedRevision, void, void> {
    this.#seekKey(key);
    let [chunkAt, at, changes] = [this.#chunk, this.#at, this.#changes];
    for (;;) {
      const chunk = this.#chunks[chunkAt];
      if (chunk === undefined) return;
      if (at >= chunk.count) {
        chunkAt++;
        at = 0;
        continue;
      }
      const revision = chunk.revisionAt(at);
      yield revision;
      at++;
      if (changes === this.#changes) continue;
      const found = this.#seek(revision.main, revision.sub, revision.tombstone);
      [chunkAt, at, changes] = [this.#chunk, this.#at + Number(found), this.#changes];
    }
  }

  /** Sets position and says whether the revision is there. A position behind a chunk's end means the next one's begin. */
  #seek(main: number, sub: number, tombstone: boolean): boolean {
    if (this.#isNext(main, sub, tombstone)) return true;
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle] as RevisionChunk).compare(0, main, sub, tombstone) > 0) high = middle;
      else low = middle + 1;
    }
    this.#chunk = Math.max(0, low - 1);
    const chunk = this.#chunks[this.#chunk];
    this.#at = chunk?.lowerBound(main, sub, tombstone) ?? 0;
    return chunk !== undefined && this.#at < chunk.count && chunk.compare(this.#at, main, sub, tombstone) === 0;
  }

  /** Moves on by one if that is it: keys that were written one after the other are often read so. */
  #isNext(main: number, sub: number, tombstone: boolean): boolean {
    const chunk = this.#chunks[this.#chunk];
    const at = this.#at + 1;
    if (chunk === undefined || at >= chunk.count || chunk.compare(at, main, sub, tombstone) !== 0) return false;
    this.#at = at;
    return true;
  }

  /** To the first revision that does not come before the key, which need not be a revision. */
  #seekKey(key: Uint8Array): void {
    const revision = revisionOf(key);
    if (revision !== undefined) {
      this.#seek(revision.main, revision.sub, revision.tombstone);
      return;
    }
    const isBehind = (chunk: RevisionChunk, at: number): boolean =>
      compareBytes(encodeRevision(chunk.mainAt(at), chunk.subAt(at), chunk.isTombstone(at)), key) >= 0;
    const first = this.#chunks.findIndex((chunk) => isBehind(chunk, 0));
    this.#chunk = Math.max(0, (first < 0 ? this.#chunks.length : first) - 1);
    const chunk = this.#chunks[this.#chunk];
    this.#at = 0;
    while (chunk !== undefined && this.#at < chunk.count && !isBehind(chunk, this.#at)) this.#at++;
  }

  #isNewest(main: number, sub: number, tombstone: boolean): boolean {
    const last = this.#chunks.at(-1);
    return last === undefined || last.compare(last.count - 1, main, sub, tombstone) < 0;
  }

  #append(main: number, sub: number, tombstone: boolean, place: Place): void {
    const last = this.#chunks.length - 1;
    if (last < 0 || (this.#chunks[last] as RevisionChunk).count === CHUNK_ENTRIES) {
      this.#chunks.push(new RevisionChunk());
    }
    const chunk = this.#own(this.#chunks.length - 1);
    chunk.insert(chunk.count, main, sub, tombstone, place);
  }

  /** At the position of the last search. */
  #insert(main: number, sub: number, tombstone: boolean, place: Place): void {
    const chunk = this.#own(this.#chunk);
    if (chunk.count < CHUNK_ENTRIES) {
      chunk.insert(this.#at, main, sub, tombstone, place);
      return;
    }
    const half = CHUNK_ENTRIES / 2;
    const halves = [chunk.copy(0, half), chunk.copy(half)] as const;
    this.#chunks.splice(this.#chunk, 1, ...halves);
    if (this.#at <= half) halves[0].insert(this.#at, main, sub, tombstone, place);
    else halves[1].insert(this.#at - half, main, sub, tombstone, place);
  }

  /** A chunk that may be changed. */
  #own(at: number): RevisionChunk {
    const chunk = this.#chunks[at] as RevisionChunk;
    if (!chunk.shared) return chunk;
    const own = chunk.copy();
    this.#chunks[at] = own;
    return own;
  }

  /** Drops an empty chunk and joins small neighbours, so that memory follows what is left. */
  #tidy(at: number): void {
    const { count } = this.#chunks[at] as RevisionChunk;
    if (count === 0) {
      this.#chunks.splice(at, 1);
      return;
    }
    if (count > MERGED_ENTRIES_MAX / 2) return;
    for (const left of [at - 1, at]) {
      const [first, second] = [this.#chunks[left], this.#chunks[left + 1]];
      if (first === undefined || second === undefined || first.count + second.count > MERGED_ENTRIES_MAX) continue;
      this.#chunks.splice(left, 2, first.copy(0, first.count, second));
      return;
    }
  }
}
