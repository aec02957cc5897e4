/**
 * One file of the backend: frames are appended until it is full, then it is only read, and one day its live entries have
 * moved on and it goes. What was appended is read from memory until it is durable, and some while longer.
 */
import { join } from "node:path";
import { invariant } from "../../../core/invariant.js";
import type { Disk, DiskFile } from "../../../env.js";
import { BackendCorruptError } from "./errors.js";
import { sealFrame } from "./frame.js";
import { FrameScan } from "./frame-scan.js";
import {
  encodeSegmentHeader,
  headerSeed,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentFile,
} from "./segment-header.js";
import type { ValueCache } from "./value-cache.js";

export interface SegmentOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly cache: ValueCache;
}

/** A segment that was found on disk. */
export interface FoundSegment {
  readonly file: DiskFile;
  /** Behind the last good frame; all of it is durable. */
  readonly size: number;
  readonly chainCrc: number;
}

interface RecentFrame {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export class Segment {
  readonly number: number;
  readonly path: string;
  /** Snapshots that read it. */
  pins = 0;
  readonly #options: SegmentOptions;
  readonly #header: SegmentHeader;
  readonly #headerSeed: number;
  /** Undefined until the first write. */
  #file: DiskFile | undefined;
  #size: number;
  #durable: number;
  #chainCrc: number;
  /** The newest frames, without a gap up to `size`; those behind `durable` are nowhere else. */
  #recent: RecentFrame[] = [];
  /** Those before it were let go. */
  #firstRecent = 0;

  constructor(options: SegmentOptions, header: SegmentHeader, found?: FoundSegment) {
    this.#options = options;
    this.#header = header;
    this.#headerSeed = headerSeed(header);
    this.number = header.number;
    this.path = join(options.directory, segmentFile(header));
    this.#file = found?.file;
    this.#size = found?.size ?? SEGMENT_HEADER_BYTES;
    this.#durable = found?.size ?? 0;
    this.#chainCrc = found?.chainCrc ?? header.chainCrc;
  }

  /** Bytes of the file once everything is written. */
  get size(): number {
    return this.#size;
  }

  /** So many bytes survive a power loss. */
  get durable(): number {
    return this.#durable;
  }

  get chainCrc(): number {
    return this.#chainCrc;
  }

  get isEmpty(): boolean {
    return this.#size === SEGMENT_HEADER_BYTES;
  }

  /** Takes a frame whose payload is in place, and returns where the frame begins. */
  append(frame: Uint8Array, payloadLength: number, oldest: number): number {
    const offset = this.#size;
    const context = { headerSeed: this.#headerSeed, chainCrc: this.#chainCrc, durable: this.#durable, oldest };
    this.#chainCrc = sealFrame(frame, payloadLength, context);
    this.#recent.push({ offset, bytes: frame });
    this.#size += frame.length;
    return offset;
  }

  /** Makes everything appended so far durable. One call at a time. */
  async write(): Promise<void> {
    const chunks = this.#unwritten();
    const size = this.#size;
    if (this.#file === undefined) this.#file = await this.#create(chunks);
    else await this.#file.writeAt(this.#durable, chunks, { sync: true });
    this.#durable = size;
  }

  /** The value, a copy. Blocks when it is in no memory. */
  read(offset: number, length: number): Uint8Array {
    const recent = this.#recentAt(offset);
    if (recent !== undefined) return recent.bytes.slice(offset - recent.offset, offset - recent.offset + length);
    const file = this.#file;
    invariant(file !== undefined && offset + length <= this.#durable, `what ${this.path} has not in memory is durable`);
    const bytes = this.#options.cache.read(this, file, offset, length);
    if (bytes.length !== length) throw new BackendCorruptError(this.path, offset, "the file has become shorter");
    return bytes;
  }

  /** A part of the frame in memory, which keeps all of the frame there; undefined where none is. A frame never changes. */
  viewRecent(offset: number, length: number): Uint8Array | undefined {
    const recent = this.#recentAt(offset);
    return recent?.bytes.subarray(offset - recent.offset, offset - recent.offset + length);
  }

  /** Lets the oldest frame in memory go, if it is durable. Bytes freed. */
  forgetOldest(): number {
    const oldest = this.#recent[this.#firstRecent];
    if (oldest === undefined || oldest.offset + oldest.bytes.length > this.#durable) return 0;
    this.#firstRecent++;
    if (this.#firstRecent * 2 > this.#recent.length) {
      this.#recent = this.#recent.slice(this.#firstRecent);
      this.#firstRecent = 0;
    }
    return oldest.bytes.length;
  }

  /** Its frames, from the first on. All of it is durable. */
  scan(): FrameScan {
    invariant(this.#file !== undefined && this.#durable === this.#size, `${this.path} is durable`);
    return new FrameScan({
      ...{ path: this.path, file: this.#file, headerSeed: this.#headerSeed, end: this.#size },
      ...{ offset: SEGMENT_HEADER_BYTES, chainCrc: this.#header.chainCrc },
    });
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  /** Nobody reads it any more. */
  async remove(): Promise<void> {
    const { disk, cache } = this.#options;
    cache.drop(this.number);
    await this.#file?.close();
    if (this.#file !== undefined) await disk.remove(this.path);
  }

  #unwritten(): readonly Uint8Array[] {
    let first = this.#recent.length;
    while (first > this.#firstRecent && (this.#recent[first - 1] as RecentFrame).offset >= this.#durable) first--;
    return this.#recent.slice(first).map(({ bytes }) => bytes);
  }

  #recentAt(offset: number): RecentFrame | undefined {
    const frames = this.#recent;
    let [low, high] = [this.#firstRecent, frames.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((frames[middle] as RecentFrame).offset <= offset) low = middle + 1;
      else high = middle;
    }
    return low === this.#firstRecent ? undefined : frames[low - 1];
  }

  /** Durable under its name, or not there under it. */
  async #create(chunks: readonly Uint8Array[]): Promise<DiskFile> {
    const { disk, directory } = this.#options;
    const temporary = `${this.path}.tmp`;
    const file = await disk.open(temporary, "create");
    try {
      await file.writeAt(0, [encodeSegmentHeader(this.#header), ...chunks], { sync: true });
    } finally {
      await file.close();
    }
    await disk.rename(temporary, this.path);
    await disk.syncDirectory(directory);
    return disk.open(this.path, "write");
  }
}
