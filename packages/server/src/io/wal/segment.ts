/**
 * Segments of the log: made ahead of time as zero-filled `.tmp` files, so that later appends change no file metadata and
 * one `fdatasync` costs one device flush; given their header and first records, synced, and only then renamed into place
 * (etcd issue 6368: a segment that appears before its content is durable loses the log).
 */
import { join } from "node:path";
import { invariant } from "../../core/invariant.js";
import type { Disk, DiskFile, Failpoints } from "../../env.js";
import { encodeFlush, type Frame, frameBytes } from "./frame.js";
import {
  encodeSegmentHeader,
  headerSeed,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  type SegmentName,
  segmentName,
} from "./segment-header.js";
import { fillZeros } from "./zeros.js";

/** Room that stays free in a segment for its closing record. */
const SEAL_BYTES = frameBytes(0);

export const SEGMENT_BYTES_DEFAULT: number = 64 * 1024 * 1024;
/** The first segment is small, so that a new log is there at once; each next one is four times as large. */
const FIRST_SEGMENT_BYTES = 1024 * 1024;
const GROWTH = 4;

export interface Flush {
  readonly frames: readonly Frame[];
  readonly epoch: number;
}

/** Bytes the frames take in the file. */
export function flushBytes(frames: readonly Frame[]): number {
  return frames.reduce((sum, { payload }) => sum + frameBytes(payload.length), 0);
}

/** The segment that takes appends. One write at a time. */
export class Segment {
  readonly name: SegmentName;
  readonly #file: DiskFile;
  readonly #headerSeed: number;
  /** Every flush is laid out here as one piece. Reused, which is safe because one flush is in flight at a time. */
  #buffer: Uint8Array = new Uint8Array(64 * 1024);
  #offset: number;
  #chainCrc: number;
  /** What the next flush says is durable, when that is not the flush before it. */
  #durableEpoch: number | undefined;

  constructor(
    name: SegmentName,
    file: DiskFile,
    at: {
      readonly offset: number;
      readonly chainCrc: number;
      readonly headerSeed: number;
      /** Highest flush that is whole, if it is not the one before the next. */
      readonly durableEpoch?: number;
    },
  ) {
    this.name = name;
    this.#file = file;
    this.#offset = at.offset;
    this.#chainCrc = at.chainCrc;
    this.#headerSeed = at.headerSeed;
    this.#durableEpoch = at.durableEpoch;
  }

  get chainCrc(): number {
    return this.#chainCrc;
  }

  get bytes(): number {
    return this.#file.size;
  }

  get offset(): number {
    return this.#offset;
  }

  fits(bytes: number): boolean {
    return this.#offset + bytes + SEAL_BYTES <= this.#file.size;
  }

  /** Resolves when the frames are durable. After a rejection the segment takes nothing more. */
  async write({ frames, epoch }: Flush): Promise<void> {
    const bytes = flushBytes(frames);
    invariant(this.#offset + bytes <= this.#file.size, `${bytes} bytes fit into segment ${this.name.name}`);
    const buffer = this.#roomFor(bytes);
    const context = { headerSeed: this.#headerSeed, epoch, durableEpoch: this.#durableEpoch ?? epoch - 1 };
    const chainCrc = encodeFlush(buffer, 0, frames, this.#chainCrc, context);
    await this.#file.writeAt(this.#offset, [buffer.subarray(0, bytes)], { sync: true });
    this.#offset += bytes;
    this.#chainCrc = chainCrc;
    this.#durableEpoch = undefined;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #roomFor(bytes: number): Uint8Array {
    if (bytes > this.#buffer.length) this.#buffer = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)));
    return this.#buffer;
  }
}

/** Makes segments, the next one while the current one is being filled. */
export class SegmentFactory {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #segmentBytes: number;
  readonly #failpoints: Failpoints;
  #prepared: { readonly seq: number; readonly file: Promise<DiskFile> } | undefined;

  constructor(disk: Disk, directory: string, segmentBytes: number, failpoints: Failpoints) {
    this.#disk = disk;
    this.#directory = directory;
    this.#segmentBytes = segmentBytes;
    this.#failpoints = failpoints;
  }

  /** Starts to make the segment's file. A failure shows when the file is asked for. */
  prepare(seq: number): void {
    if (this.#prepared?.seq === seq) return;
    invariant(this.#prepared === undefined, "one segment is prepared at a time");
    this.#failpoints.hit("wal-before-prepare");
    const file = this.#create(seq, 0);
    file.catch(() => {});
    this.#prepared = { seq, file };
  }

  /** The segment, durable under its name with `flush` in it, and room for at least `bytesMin` more. */
  async activate(header: SegmentHeader, flush: Flush, bytesMin: number): Promise<Segment> {
    const { seq, firstIndex } = header;
    const seed = headerSeed(header);
    const used = SEGMENT_HEADER_BYTES + flushBytes(flush.frames);
    const file = await this.#take(seq, used + bytesMin + SEAL_BYTES);
    const start = new Uint8Array(used);
    start.set(encodeSegmentHeader(header));
    const context = { headerSeed: seed, epoch: flush.epoch, durableEpoch: flush.epoch - 1 };
    const chainCrc = encodeFlush(start, SEGMENT_HEADER_BYTES, flush.frames, header.chainCrc, context);
    await file.writeAt(0, [start], { sync: true });
    await file.close();
    this.#failpoints.hit("wal-before-rename");

    const name = segmentName(seq, firstIndex);
    const path = join(this.#directory, name.name);
    await this.#disk.rename(this.#temporaryPath(seq), path);
    await this.#disk.syncDirectory(this.#directory);
    const opened = await this.#disk.open(path, "write");
    return new Segment(name, opened, { offset: used, chainCrc, headerSeed: seed });
  }

  /** Removes what was prepared and not used. */
  async close(): Promise<void> {
    const prepared = this.#prepared;
    if (prepared === undefined) return;
    this.#prepared = undefined;
    const file = await prepared.file.catch(() => undefined);
    if (file === undefined) return;
    await file.close();
    await this.#disk.remove(this.#temporaryPath(prepared.seq));
  }

  async #take(seq: number, bytesMin: number): Promise<DiskFile> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    const file = await (prepared?.seq === seq ? prepared.file : this.#create(seq, bytesMin));
    if (file.size < bytesMin) await fillZeros(file, file.size, bytesMin);
    return file;
  }

  async #create(seq: number, bytesMin: number): Promise<DiskFile> {
    const planned = Math.min(this.#segmentBytes, FIRST_SEGMENT_BYTES * GROWTH ** (seq - 1));
    const file = await this.#disk.open(this.#temporaryPath(seq), "create");
    await fillZeros(file, 0, Math.max(planned, bytesMin));
    await file.dataSync();
    return file;
  }

  #temporaryPath(seq: number): string {
    return join(this.#directory, `${seq.toString(16).padStart(16, "0")}.tmp`);
  }
}
