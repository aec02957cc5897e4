/**
 * One content: the log of its segments and what they hold. Knows commits, reads, snapshots and cleaning; which content is the
 * backend's is `segment-backend.ts`'s affair.
 */
import { invariant } from "../../../core/invariant.js";
import {
  type AppliedAt,
  type BackendEntry,
  type BackendSize,
  type BackendSnapshot,
  type Table,
  UnreadableError,
  type WriteBatch,
} from "../../../core/mvcc/backend.js";
import type { Disk, Logger } from "../../../env.js";
import { encodeAppliedAt, NOTHING_APPLIED } from "../applied-at.js";
import { guardedRange } from "../guarded-range.js";
import { batchBytes, encodeBatch } from "./batch-codec.js";
import { cleanOldest } from "./cleaning.js";
import { Content } from "./content.js";
import { FRAME_HEADER_BYTES, frameBytes } from "./frame.js";
import type { Place } from "./revision-chunk.js";
import type { Segment } from "./segment.js";
import { SegmentLog, type SegmentLogOptions } from "./segment-log.js";
import { ValueCache } from "./value-cache.js";
import { type RecoveredVolume, recoverVolume } from "./volume-recovery.js";

export interface VolumeOptions {
  readonly disk: Disk;
  readonly directory: string;
  /** Of segments, in memory: half of it the newest frames, half of it what was read. */
  readonly cacheBytes: number;
  readonly segmentBytes?: number | undefined;
  /** Bytes that may be of no use, besides as many as are. */
  readonly slackBytes: number;
  readonly salt: () => number;
  readonly pause: () => Promise<void>;
  readonly logger?: Logger | undefined;
}

const NO_BYTES = new Uint8Array(0);

export class Volume {
  readonly generation: number;
  readonly #options: VolumeOptions;
  readonly #log: SegmentLog;
  readonly #content: Content;
  #at: AppliedAt;
  #mark: Uint8Array;
  #durableAt: AppliedAt;
  #commits = 0;
  #durableCommits = 0;
  /** What closes each open snapshot. */
  readonly #snapshots: Set<() => void> = new Set();
  /** Called when the last snapshot is closed. */
  #onUnused: (() => void) | undefined;
  #stopped = false;

  private constructor(
    log: SegmentLog,
    { content, at }: Omit<RecoveredVolume, "segments">,
    generation: number,
    options: VolumeOptions,
  ) {
    this.#options = options;
    this.generation = generation;
    this.#log = log;
    this.#content = content;
    this.#at = at;
    this.#durableAt = at;
    this.#mark = encodeAppliedAt(at);
  }

  /** Without anything in it; its first file is made with the first flush. */
  static empty(generation: number, options: VolumeOptions): Volume {
    const log = new SegmentLog(logOptions(generation, options), []);
    return new Volume(log, { content: new Content(), at: NOTHING_APPLIED }, generation, options);
  }

  /** What the disk has, durable. Errors: `BackendCorruptError`, `BackendMismatchError`, those of the disk. */
  static async open(generation: number, options: VolumeOptions): Promise<Volume> {
    const forLog = logOptions(generation, options);
    const recovered = await recoverVolume({ ...forLog, logger: options.logger });
    return new Volume(new SegmentLog(forLog, recovered.segments), recovered, generation, options);
  }

  get appliedAt(): AppliedAt {
    return this.#at;
  }

  get durableAt(): AppliedAt {
    return this.#durableAt;
  }

  get size(): BackendSize {
    const { bytes } = this.#log;
    return { bytes, bytesInUse: Math.min(bytes, this.#content.liveBytes) };
  }

  /** More than half of it is of no use. */
  get isUntidy(): boolean {
    const { liveBytes } = this.#content;
    return this.#log.segments.length > 1 && this.#log.bytes > 2 * liveBytes + this.#options.slackBytes;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#content.get(table, key, this.#read);
  }

  /** Not to be kept: see `Backend.view`. */
  view(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#content.get(table, key, this.#view);
  }

  entries(table: Table, from: Uint8Array, to: Uint8Array | undefined, limit: number): Iterable<BackendEntry> {
    return this.#content.entries(table, from, to, limit, this.#read);
  }

  /** Keys are checked already. */
  commit(batch: WriteBatch, at: AppliedAt): void {
    this.#log.check();
    const mark = encodeAppliedAt(at);
    this.#append(batch, mark);
    this.#at = at;
    this.#mark = mark;
    this.#commits++;
  }

  async flush(): Promise<AppliedAt> {
    const [at, commits] = [this.#at, this.#commits];
    await this.#log.flush();
    if (commits > this.#durableCommits) [this.#durableAt, this.#durableCommits] = [at, commits];
    return this.#durableAt;
  }

  /** Waits while much is on its way to the disk. */
  drain(): Promise<void> {
    return this.#log.drain();
  }

  /** Nothing is committed after it. */
  fail(error: unknown): Error {
    return this.#log.fail(error);
  }

  get failed(): boolean {
    return this.#log.failed;
  }

  snapshot(): BackendSnapshot {
    const content = this.#content.freeze();
    const segments = [...this.#log.segments];
    for (const segment of segments) segment.pins++;
    const close = (): void => {
      if (!this.#snapshots.delete(close)) return;
      for (const segment of segments) segment.pins--;
      this.#log.removeRetired();
      if (this.#snapshots.size === 0) this.#onUnused?.();
    };
    this.#snapshots.add(close);
    const isOpen = (): boolean => this.#snapshots.has(close);
    const read = (place: Place): Uint8Array => this.#readIn(segments, place);
    return {
      at: this.#at,
      entries: (table) => {
        invariant(isOpen(), "the snapshot is open");
        return guardedRange(content.entries(table, NO_BYTES, undefined, Number.POSITIVE_INFINITY, read), isOpen);
      },
      close,
    };
  }

  /** Cleans the oldest of several segments, or stops half-way when it is told to. A failure is the volume's. */
  async cleanOldest(beforeRemoval: () => void): Promise<void> {
    const { pause } = this.#options;
    try {
      await this.#log.flush();
      await cleanOldest({
        ...{ log: this.#log, content: this.#content, pause, beforeRemoval },
        append: (batch) => this.#append(batch, this.#mark),
        stopped: () => this.#stopped,
      });
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Cleans everything that is there by now. */
  async cleanAll(beforeRemoval: () => void): Promise<void> {
    const last = this.#log.active.number;
    this.#log.roll();
    while (!this.#stopped && this.#log.oldest.number <= last) await this.cleanOldest(beforeRemoval);
  }

  /** Cleaning ends soon. */
  stop(): void {
    this.#stopped = true;
  }

  /** Removes its files, once its last snapshot is closed. Another content is the backend's. */
  async discard(): Promise<void> {
    if (this.#snapshots.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onUnused = resolve;
      });
    }
    await this.#log.discard();
  }

  /** Snapshots that are open end here. */
  endSnapshots(): void {
    for (const close of this.#snapshots) close();
  }

  async close(): Promise<void> {
    this.endSnapshots();
    await this.#log.close();
  }

  #append(batch: WriteBatch, mark: Uint8Array): void {
    const payloadLength = batchBytes(mark, batch);
    const frame = new Uint8Array(frameBytes(payloadLength));
    const values = encodeBatch(frame, FRAME_HEADER_BYTES, mark, batch);
    const { segment, offset } = this.#log.append(frame, payloadLength);
    for (let i = 0; i < batch.length; i++) {
      const change = batch[i] as WriteBatch[number];
      if (change.type === "delete") this.#content.delete(change.table, change.key);
      else this.#content.put(change.table, change.key, change.value, segment, offset + (values[i] as number));
    }
  }

  readonly #read = (place: Place): Uint8Array => this.#readIn(this.#log.segments, place);

  readonly #view = (place: Place): Uint8Array => {
    const { segments } = this.#log;
    const found = segments[place.segment - (segments[0]?.number ?? 0)];
    return found?.viewRecent(place.offset, place.length) ?? this.#readIn(segments, place);
  };

  /** @param segments without gaps, oldest first */
  #readIn(segments: readonly Segment[], { segment, offset, length }: Place): Uint8Array {
    const found = segments[segment - (segments[0]?.number ?? 0)];
    invariant(found?.number === segment, `segment ${segment} is there`);
    try {
      return found.read(offset, length);
    } catch (error) {
      this.fail(error);
      throw new UnreadableError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }
}

function logOptions(generation: number, options: VolumeOptions): SegmentLogOptions {
  const { disk, directory, cacheBytes, segmentBytes, salt } = options;
  const half = cacheBytes / 2;
  return { disk, directory, generation, segmentBytes, salt, recentBytesMax: half, cache: new ValueCache(half) };
}
