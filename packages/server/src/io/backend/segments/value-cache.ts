/**
 * Parts of segments in memory, so that values which are read again, or one behind the other, cost no system call: blocks of
 * files, the one used longest ago goes first. What stands in a segment never changes, so a block stays right.
 */
import type { DiskFile } from "../../../env.js";

/** Bytes. A read of this size costs about twice one of a few hundred. */
const BLOCK_BYTES = 16 * 1024;
/** A segment has at most so many blocks: its offsets have 32 bits. */
const BLOCKS_MAX = 2 ** 32 / BLOCK_BYTES;

/** A segment as far as it may be read: nothing before `end` changes any more. */
export interface ReadableSegment {
  readonly number: number;
  readonly file: DiskFile;
  readonly end: number;
}

export class ValueCache {
  readonly #bytesMax: number;
  readonly #blocks: Map<number, Uint8Array> = new Map();
  #bytes = 0;

  /** @param bytesMax 0 keeps nothing */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The bytes, a copy. They stand before the segment's end. Blocks when they are not in memory. */
  read(segment: ReadableSegment, offset: number, length: number): Uint8Array {
    if (length >= BLOCK_BYTES || BLOCK_BYTES > this.#bytesMax) return segment.file.readNow(offset, length);
    const first = Math.floor(offset / BLOCK_BYTES);
    const from = offset - first * BLOCK_BYTES;
    const block = this.#block(segment, first, Math.min(from + length, BLOCK_BYTES));
    if (from + length <= BLOCK_BYTES) return block.slice(from, from + length);
    const bytes = new Uint8Array(length);
    bytes.set(block.subarray(from));
    const rest = from + length - BLOCK_BYTES;
    bytes.set(this.#block(segment, first + 1, rest).subarray(0, rest), BLOCK_BYTES - from);
    return bytes;
  }

  /** Forgets a segment that is gone. */
  drop(segment: number): void {
    for (const [key, block] of this.#blocks) {
      if (Math.floor(key / BLOCKS_MAX) !== segment) continue;
      this.#blocks.delete(key);
      this.#bytes -= block.length;
    }
  }

  /** A block with at least so many bytes. */
  #block({ number, file, end }: ReadableSegment, index: number, wanted: number): Uint8Array {
    const key = number * BLOCKS_MAX + index;
    const known = this.#blocks.get(key);
    if (known !== undefined) {
      this.#blocks.delete(key);
      if (known.length >= wanted) {
        this.#blocks.set(key, known);
        return known;
      }
      // It was read when the file ended there.
      this.#bytes -= known.length;
    }
    const start = index * BLOCK_BYTES;
    const block = file.readNow(start, Math.min(BLOCK_BYTES, end - start));
    this.#blocks.set(key, block);
    this.#bytes += block.length;
    for (const [oldest, { length }] of this.#blocks) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#blocks.delete(oldest);
      this.#bytes -= length;
    }
    return block;
  }
}
