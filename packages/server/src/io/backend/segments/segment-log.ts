/**
 * The segments one behind the other: frames are appended to the last, and made durable in the order of their coming. A segment
 * is created when all before it is durable, so one that is there proves that its predecessors are whole.
 */
import { invariant } from "../../../core/invariant.js";
import { BackendFailedError } from "./errors.js";
import { Segment, type SegmentOptions } from "./segment.js";
import { SEGMENT_FORMAT } from "./segment-header.js";

/** So much may wait to become durable before that happens by itself. */
const UNFLUSHED_BYTES_MAX = 8 * 1024 * 1024;
/** A segment is a sixteenth of everything, within limits: small contents are cleaned in small steps. */
const SEGMENTS = 16;
const SEGMENT_BYTES = { min: 4 * 1024 * 1024, max: 64 * 1024 * 1024 };

export interface SegmentLogOptions extends SegmentOptions {
  readonly generation: number;
  /** Of a segment. Default: by the size of everything. */
  readonly segmentBytes?: number | undefined;
  /** Of frames that stay in memory when they are durable. */
  readonly recentBytesMax: number;
  /** A whole number below 2^32 that nobody can guess. */
  readonly salt: () => number;
}

export class SegmentLog {
  readonly #options: SegmentLogOptions;
  /** Oldest first; the last takes appends. */
  readonly #segments: Segment[];
  /** Cleaned; they go in order, so that a crash never leaves a gap. */
  readonly #retired: Segment[] = [];
  #removing: Promise<void> = Promise.resolve();
  /** The first segment that is needed, as frames say from now on. */
  #oldest: number;
  #bytes: number;
  #recentBytes = 0;
  #step: Promise<void> | undefined;
  #failure: BackendFailedError | undefined;

  /** @param segments found on disk; none for a new content */
  constructor(options: SegmentLogOptions, segments: readonly Segment[]) {
    this.#options = options;
    this.#segments = [...segments];
    if (segments.length === 0) this.#segments.push(this.#newSegment(1, 0));
    this.#oldest = this.oldest.number;
    this.#bytes = this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get oldest(): Segment {
    return this.#segments[0] as Segment;
  }

  get active(): Segment {
    return this.#segments.at(-1) as Segment;
  }

  /** Of all segments that are needed. */
  get bytes(): number {
    return this.#bytes;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Errors: `BackendFailedError` after a failure of the disk. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The first error counts; nothing is appended or flushed after it. */
  fail(error: unknown): BackendFailedError {
    this.#failure ??= error instanceof BackendFailedError ? error : new BackendFailedError(error);
    return this.#failure;
  }

  /** Takes a frame whose payload is in place. */
  append(frame: Uint8Array, payloadLength: number): { readonly segment: number; readonly offset: number } {
    this.check();
    const { active } = this;
    if (!active.isEmpty && active.size + frame.length > this.#segmentBytes()) this.roll();
    const offset = this.active.append(frame, payloadLength, this.#oldest);
    this.#bytes += frame.length;
    this.#recentBytes += frame.length;
    if (this.#unflushed() > UNFLUSHED_BYTES_MAX) this.flush().catch(() => {});
    return { segment: this.active.number, offset };
  }

  /** Appends go to a new segment. */
  roll(): void {
    const { number, chainCrc } = this.active;
    this.#segments.push(this.#newSegment(number + 1, chainCrc));
    this.#bytes += this.active.size;
  }

  /** Makes everything appended so far durable. */
  async flush(): Promise<void> {
    const segment = this.active;
    const { size } = segment;
    this.check();
    while (segment.durable < size) await this.#nextStep();
  }

  /** Waits until no more than so much is on its way to the disk. */
  async drain(): Promise<void> {
    while (this.#unflushed() > UNFLUSHED_BYTES_MAX) await this.#nextStep();
  }

  /** Frames say from now on that the oldest segment is not needed. There is another one. */
  releaseOldest(): void {
    invariant(this.#segments.length > 1, "the segment that takes appends is needed");
    this.#oldest = (this.#segments[1] as Segment).number;
  }

  /** A durable frame says so: the segment goes as soon as nobody reads it. */
  retireOldest(): void {
    const { oldest } = this;
    invariant(oldest.number < this.#oldest, `segment ${oldest.number} was released`);
    this.#segments.shift();
    this.#bytes -= oldest.size;
    this.#retired.push(oldest);
    for (let freed = oldest.forgetOldest(); freed > 0; freed = oldest.forgetOldest()) this.#recentBytes -= freed;
    this.removeRetired();
  }

  /** Removes what nobody needs and nobody reads; a failure shows with the next commit. */
  removeRetired(): void {
    while (this.#retired[0]?.pins === 0) {
      const segment = this.#retired.shift() as Segment;
      this.#removing = this.#removing
        .then(() => this.#remove(segment))
        .catch((error: unknown) => void this.fail(error));
    }
  }

  /** All files, for good: another content has taken the place. */
  async discard(): Promise<void> {
    await this.close();
    for (const segment of [...this.#retired, ...this.#segments]) await segment.remove();
  }

  /** Files are closed; what was not flushed is lost. */
  async close(): Promise<void> {
    await this.#step?.catch(() => {});
    await this.#removing;
    for (const segment of [...this.#retired, ...this.#segments]) await segment.close();
  }

  async #remove(segment: Segment): Promise<void> {
    const { disk, directory } = this.#options;
    // Before the next one: names must not come back in another order than they went.
    await segment.remove();
    await disk.syncDirectory(directory);
  }

  #nextStep(): Promise<void> {
    this.check();
    this.#step ??= this.#writeNext().finally(() => {
      this.#step = undefined;
    });
    return this.#step;
  }

  async #writeNext(): Promise<void> {
    const segment = this.#segments.find(({ durable, size }) => durable < size);
    if (segment === undefined) return;
    try {
      await segment.write();
    } catch (error) {
      throw this.fail(error);
    }
    this.#forgetOldFrames();
  }

  #forgetOldFrames(): void {
    for (const segment of this.#segments) {
      while (this.#recentBytes > this.#options.recentBytesMax) {
        const freed = segment.forgetOldest();
        if (freed === 0) break;
        this.#recentBytes -= freed;
      }
    }
  }

  #unflushed(): number {
    let bytes = 0;
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const { size, durable } = this.#segments[i] as Segment;
      if (durable === size) break;
      bytes += size - durable;
    }
    return bytes;
  }

  #segmentBytes(): number {
    const { min, max } = SEGMENT_BYTES;
    return this.#options.segmentBytes ?? Math.min(max, Math.max(min, this.#bytes / SEGMENTS));
  }

  #newSegment(number: number, chainCrc: number): Segment {
    const { generation, salt } = this.#options;
    return new Segment(this.#options, { format: SEGMENT_FORMAT, generation, number, chainCrc, salt: salt() });
  }
}
