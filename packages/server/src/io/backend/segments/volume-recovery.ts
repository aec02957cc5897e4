/**
 * Opens the segments of a content after whatever happened to them. They are read from the oldest on. Only the newest may end
 * in a frame that does not hold: a tear, unless a later frame tells that the place was durable, and then it is damage.
 * Everything else that does not hold is damage, for a segment is created when all before it is durable. Damage is refused.
 */
import { join } from "node:path";
import type { AppliedAt } from "../../../core/mvcc/backend.js";
import type { Disk, DiskFile, Logger } from "../../../env.js";
import { naming } from "../../disk/disk-error.js";
import { decodeAppliedAt, NOTHING_APPLIED } from "../applied-at.js";
import { markOf, recordsOf } from "./batch-codec.js";
import { Content } from "./content.js";
import { BackendCorruptError, BackendMismatchError } from "./errors.js";
import { highestDurable } from "./frame.js";
import { FrameScan, type ScannedFrame } from "./frame-scan.js";
import { Segment, type SegmentOptions } from "./segment.js";
import {
  decodeSegmentHeader,
  headerSeed,
  parseSegmentFile,
  SEGMENT_FORMAT,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentFile,
} from "./segment-header.js";

export interface VolumeRecoveryOptions extends SegmentOptions {
  readonly generation: number;
  readonly logger?: Logger | undefined;
}

export interface RecoveredVolume {
  /** Oldest first, durable. */
  readonly segments: readonly Segment[];
  readonly content: Content;
  readonly at: AppliedAt;
}

/** Numbers of the segments of a generation, ascending. */
export async function segmentNumbers(disk: Disk, directory: string, generation: number): Promise<readonly number[]> {
  const names = (await disk.list(directory)).map(parseSegmentFile);
  return names.flatMap((name) => (name?.generation === generation ? [name.number] : [])).sort((a, b) => a - b);
}

export async function recoverVolume(options: VolumeRecoveryOptions): Promise<RecoveredVolume> {
  const recovery = new Recovery(options);
  try {
    return await recovery.run();
  } catch (error) {
    await recovery.close();
    throw error;
  }
}

class Recovery {
  readonly #options: VolumeRecoveryOptions;
  readonly #content = new Content();
  readonly #segments: Segment[] = [];
  readonly #files: DiskFile[] = [];
  #mark: Uint8Array | undefined;
  /** The first segment that is needed, by the last frame. */
  #oldest = 1;

  constructor(options: VolumeRecoveryOptions) {
    this.#options = options;
  }

  async run(): Promise<RecoveredVolume> {
    const { disk, directory, generation } = this.#options;
    // What was read may stand in the page cache only.
    await disk.syncDirectory(directory);
    const numbers = await segmentNumbers(disk, directory, generation);
    const last = numbers.at(-1);
    if (last === undefined) throw new BackendCorruptError(this.#path(1), 0, "there is not one segment");
    for (const number of numbers) {
      const before = this.#segments.at(-1);
      if (before !== undefined && number !== before.number + 1) throw this.#missing(before.number + 1);
      this.#segments.push(await this.#read(number, before, number === last));
    }
    if ((numbers[0] as number) > this.#oldest) throw this.#missing(this.#oldest);
    await this.#removeCleaned();
    const at = this.#mark === undefined ? NOTHING_APPLIED : decodeAppliedAt(this.#mark);
    return { segments: this.#segments, content: this.#content, at };
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close();
  }

  /** A crash came between the last copy of what is of use in them and their removal. */
  async #removeCleaned(): Promise<void> {
    const { disk, directory } = this.#options;
    for (let first = this.#segments[0]; first !== undefined && first.number < this.#oldest; first = this.#segments[0]) {
      if (this.#content.liveBytesOf(first.number) !== 0) {
        throw new BackendCorruptError(first.path, 0, "the segment was given up, and something in it is needed");
      }
      this.#segments.shift();
      await first.remove();
      await disk.syncDirectory(directory);
    }
  }

  async #read(number: number, before: Segment | undefined, isLast: boolean): Promise<Segment> {
    const { disk } = this.#options;
    const path = this.#path(number);
    const file = await disk.open(path, isLast ? "write" : "read");
    this.#files.push(file);
    const header = decodeSegmentHeader(await naming(path, file.readAt(0, SEGMENT_HEADER_BYTES)));
    if (header === undefined) throw new BackendCorruptError(path, 0, "the segment's header does not hold");
    this.#checkHeader(path, header, number, before);
    const seed = headerSeed(header);
    const scan = new FrameScan({
      ...{ path, file, headerSeed: seed, end: file.size },
      ...{ offset: SEGMENT_HEADER_BYTES, chainCrc: header.chainCrc },
    });
    for (let frames = await scan.next(); frames.length > 0; frames = await scan.next()) {
      for (const frame of frames) this.#apply(path, number, frame);
    }
    if (scan.offset < file.size) {
      if (!isLast)
        throw new BackendCorruptError(path, scan.offset, "a frame does not hold, and a segment came after it");
      await this.#mend(path, file, scan.offset, seed);
    }
    if (isLast) await file.dataSync();
    return new Segment(this.#options, header, { file, size: scan.offset, chainCrc: scan.chainCrc });
  }

  #checkHeader(path: string, header: SegmentHeader, number: number, before: Segment | undefined): void {
    if (header.format !== SEGMENT_FORMAT) {
      throw new BackendMismatchError(`${path} has format ${header.format}; this version reads ${SEGMENT_FORMAT}`);
    }
    if (header.generation !== this.#options.generation || header.number !== number) {
      throw new BackendCorruptError(path, 0, "the segment's header is that of another segment");
    }
    if (before !== undefined && header.chainCrc !== before.chainCrc) {
      throw new BackendCorruptError(path, 0, "the segment does not continue the one before it");
    }
  }

  #apply(path: string, segment: number, { payload, payloadAt, oldest }: ScannedFrame): void {
    try {
      for (const { change, valueAt } of recordsOf(payload)) {
        if (change.type === "delete") this.#content.delete(change.table, change.key);
        else this.#content.put(change.table, change.key, change.value, segment, payloadAt + valueAt);
      }
      this.#mark = markOf(payload).slice();
    } catch (error) {
      throw new BackendCorruptError(path, payloadAt, `its batch cannot be read (${(error as Error).message})`, error);
    }
    this.#oldest = oldest;
  }

  /** Cuts a torn end off, so that it is never read again. */
  async #mend(path: string, file: DiskFile, offset: number, seed: number): Promise<void> {
    const rest = await naming(path, file.readAt(offset, file.size - offset));
    const durable = highestDurable(rest, 0, seed);
    if (durable > offset) {
      throw new BackendCorruptError(path, offset, `a frame does not hold, and ${durable} bytes were durable`);
    }
    this.#options.logger?.warn({ path, offset, bytes: rest.length }, "cut the torn end of the backend off");
    await file.truncate(offset);
  }

  #missing(number: number): BackendCorruptError {
    return new BackendCorruptError(this.#path(number), 0, "the segment is missing");
  }

  #path(number: number): string {
    return join(this.#options.directory, segmentFile({ generation: this.#options.generation, number }));
  }
}
