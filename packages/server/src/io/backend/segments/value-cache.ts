/**
 * Parts of segments in memory, so that values which are read one behind the other cost no system call each: blocks of files,
 * the one used longest ago goes first. What stands in a segment never changes, so a block stays right. A value that is read by
 * itself is read alone: the system's page cache has it, and a whole block for it would cost five times as much.
 */
import type { DiskFile } from "../../../env.js";
import { namingNow } from "../../disk/disk-error.js";

const BLOCK_BYTES = 64 * 1024;
/** A segment has at most so many blocks: its offsets have 32 bits. */
const BLOCKS_MAX = 2 ** 32 / BLOCK_BYTES;

/** A segment as far as it may be read: nothing before `durable` changes any more. */
export interface ReadableSegment {
  readonly number: number;
  readonly path: string;
  readonly durable: number;
}

export class ValueCache {
  readonly #bytesMax: number;
  readonly #blocks: Map<number, Uint8Array> = new Map();
  #bytes = 0;
  /** Where the last value stood that was in no block. */
  #lastMiss = 0;

  /** @param bytesMax 0 keeps nothing */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The bytes, a copy. They are durable. Blocks when they are not in memory. Errors: a `DiskError` that names the file. */
  read(segment: ReadableSegment, file: DiskFile, offset: number, length: number): Uint8Array {
    const first = Math.floor(offset / BLOCK_BYTES);
    const from = offset - first * BLOCK_BYTES;
    const isInOne = from + length <= BLOCK_BYTES;
    const block = isInOne ? this.#block(segment, file, first, from + length) : undefined;
    return block?.slice(from, from + length) ?? readNow(segment, file, offset, length);
  }

  /** Forgets a segment that is gone. */
  drop(segment: number): void {
    for (const [key, block] of this.#blocks) {
      if (Math.floor(key / BLOCKS_MAX) !== segment) continue;
      this.#blocks.delete(key);
      this.#bytes -= block.length;
    }
  }

  /** A block with at least so many bytes; undefined when there is none and nothing says that its neighbours are wanted too. */
  #block(segment: ReadableSegment, file: DiskFile, index: number, wanted: number): Uint8Array | undefined {
    const key = segment.number * BLOCKS_MAX + index;
    const known = this.#blocks.get(key);
    if (known !== undefined && known.length >= wanted) {
      // Used last.
      this.#blocks.delete(key);
      this.#blocks.set(key, known);
      return known;
    }
    const isNeighbour = key === this.#lastMiss || key === this.#lastMiss + 1;
    this.#lastMiss = key;
    if (!isNeighbour || BLOCK_BYTES > this.#bytesMax) return undefined;
    // A known one was read when the file ended there.
    this.#bytes -= known?.length ?? 0;
    const start = index * BLOCK_BYTES;
    const block = readNow(segment, file, start, Math.min(BLOCK_BYTES, segment.durable - start));
    this.#blocks.delete(key);
    this.#blocks.set(key, block);
    this.#bytes += block.length;
    this.#forgetOld();
    return block.length >= wanted ? block : undefined;
  }

  #forgetOld(): void {
    for (const [oldest, { length }] of this.#blocks) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#blocks.delete(oldest);
      this.#bytes -= length;
    }
  }
}

function readNow({ path }: ReadableSegment, file: DiskFile, offset: number, length: number): Uint8Array {
  return namingNow(path, () => file.readNow(offset, length));
}
