/**
 * The write-ahead log: what a member must remember before it answers (Raft paper, figure 2). Read `frame.ts` for the
 * format, `segment.ts` for the files, `group-commit.ts` for when a flush starts, `recovery.ts` for what a restart makes of
 * it all.
 *
 * Order of writes that callers keep: log entries and hard state durable → votes and acknowledgements leave → effects
 * applied. When a snapshot replaces the backend: `append({ replacement })` durable → backend replaced →
 * `append({ snapshot })` durable → acknowledgement leaves. A crash before the backend is replaced leaves the old log; one
 * after it leaves the log that the mark would have made, because the next `open` finds the announced index in the backend
 * and writes the mark itself. Entries are released only below a durable snapshot mark.
 */
import { join } from "node:path";
import { invariant } from "../../core/invariant.js";
import type { Entry, HardState, SnapshotMark } from "../../core/raft/types.js";
import type { Disk, Failpoints, Logger } from "../../env.js";
import { NO_FAILPOINTS } from "../no-failpoints.js";
import { encodeEntries, encodeHardState, encodeSnapshotMark } from "../wire/entry.js";
import { WalCorruptError, WalFailedError } from "./errors.js";
import { type Frame, FrameType } from "./frame.js";
import { GroupCommit } from "./group-commit.js";
import { listSegments, type Recovery, recover } from "./recovery.js";
import type { RecoveredLog } from "./replay.js";
import { flushBytes, SEGMENT_BYTES_DEFAULT, Segment, SegmentFactory } from "./segment.js";
import { type SegmentName, WAL_FORMAT } from "./segment-header.js";

/** A flush holds records up to this many bytes (and always at least one), so that one caller does not wait for gigabytes. */
export const FLUSH_BYTES_MAX: number = 8 * 1024 * 1024;

export interface FlushReport {
  readonly bytes: number;
  /** How many appends shared the flush. */
  readonly appends: number;
  readonly durationMs: number;
}

export interface WalOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** Size of a full-grown segment; default 64 MiB. */
  readonly segmentBytes?: number;
  /** Records up to this many bytes share a flush; default 8 MiB. */
  readonly flushBytesMax?: number;
  /** Index of the mark that the backend was opened with: a log that ends before it has lost something. */
  readonly backendAppliedIndex: number;
  /** A new log starts behind this mark, for a member that starts from a snapshot. Not looked at when a log exists. */
  readonly initialSnapshot?: SnapshotMark;
  readonly logger?: Logger;
  /** Default: none does anything. */
  readonly failpoints?: Failpoints;
  /** Told about every flush, for metrics. `nowMs` is a monotonic clock. */
  readonly onFlush?: { readonly nowMs: () => number; readonly report: (flush: FlushReport) => void };
}

export interface WalRecord {
  /** Contiguous; a first index at or below the log's last one overwrites the log from there on. */
  readonly entries?: readonly Entry[];
  readonly hardState?: HardState | undefined;
  /** The backend durably holds everything up to this mark. */
  readonly snapshot?: SnapshotMark | undefined;
  /** The backend is about to be replaced by content up to this mark. */
  readonly replacement?: SnapshotMark | undefined;
  /** False when only `commit` moved: the record then rides along with the next flush and the append resolves at once. */
  readonly mustSync: boolean;
}

interface Append {
  readonly frames: readonly Frame[];
  readonly bytes: number;
  readonly lastIndex: number;
  readonly snapshot: SnapshotMark | undefined;
}

const NO_PAYLOAD = new Uint8Array(0);

export class Wal {
  readonly #options: WalOptions;
  readonly #failpoints: Failpoints;
  readonly #factory: SegmentFactory;
  readonly #commit: GroupCommit<Append>;
  /** All segments, oldest first; the last one takes the appends. */
  #segments: SegmentName[];
  #segment: Segment;
  #epoch: number;
  /** As of the last append handed in. */
  #lastIndex: number;
  #markIndex: number;
  /** As of the last flush that is durable. */
  #durable: { lastIndex: number; hardState: Frame | undefined; snapshot: SnapshotMark | undefined };
  /** A hard state that waits for the next flush. */
  #hint: Frame | undefined;
  #releasing: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /**
   * Opens the log in the directory or starts a new one. Rejects with `WalCorruptError` when acknowledged data is damaged
   * and with `WalMismatchError` when the log is another member's.
   */
  static async open(options: WalOptions): Promise<{ readonly wal: Wal; readonly recovered: RecoveredLog }> {
    const { disk, directory, segmentBytes = SEGMENT_BYTES_DEFAULT, failpoints = NO_FAILPOINTS } = options;
    await disk.makeDirectory(directory);
    const names = await listSegments(disk, directory);
    const factory = new SegmentFactory(disk, directory, segmentBytes, failpoints);
    const recovery = names.length === 0 ? undefined : await recover(options, names);
    const wal = new Wal(options, factory, recovery, await openSegment(options, factory, recovery));
    if (recovery !== undefined) {
      // A restart leaves a record of its own. It ends the last flush, of which a tear may have kept only the beginning: from
      // here on the epoch of every frame follows from the frame before it. And what recovery concluded is written down.
      const { snapshot, hardState } = recovery.log;
      await wal.#submit(firstFrames(options, snapshot, hardState && hardStateFrame(hardState)), snapshot);
    }
    const nothing = { hardState: undefined, entries: [], snapshot: options.initialSnapshot };
    return { wal, recovered: recovery?.log ?? nothing };
  }

  private constructor(
    options: WalOptions,
    factory: SegmentFactory,
    recovery: Recovery | undefined,
    opened: { readonly segment: Segment; readonly epoch: number },
  ) {
    this.#options = options;
    this.#failpoints = options.failpoints ?? NO_FAILPOINTS;
    this.#factory = factory;
    this.#commit = new GroupCommit(
      (batch) => this.#flush(batch),
      (append) => append.bytes,
      options.flushBytesMax ?? FLUSH_BYTES_MAX,
    );
    const older = recovery?.segments.filter(({ seq }) => seq < opened.segment.name.seq) ?? [];
    this.#segments = [...older, opened.segment.name];
    this.#segment = opened.segment;
    this.#epoch = opened.epoch;
    const { hardState, snapshot } = recovery?.log ?? { hardState: undefined, snapshot: options.initialSnapshot };
    this.#lastIndex = recovery?.lastIndex ?? options.initialSnapshot?.index ?? 0;
    this.#markIndex = snapshot?.index ?? 0;
    this.#durable = { lastIndex: this.#lastIndex, hardState: hardState && hardStateFrame(hardState), snapshot };
  }

  /**
   * Resolves when the record is durable, in the order of the calls. Rejects for ever after the first failed write: what
   * the disk then holds is unknown, and the member must stop.
   */
  async append(record: WalRecord): Promise<void> {
    invariant(this.#closing === undefined, "the write-ahead log is open");
    const { entries = [], hardState, snapshot, replacement, mustSync } = record;
    if (hardState !== undefined) this.#hint = undefined;
    if (!mustSync && entries.length === 0 && snapshot === undefined && replacement === undefined) {
      if (hardState !== undefined) this.#hint = hardStateFrame(hardState);
      return;
    }
    this.#advance(entries, snapshot);
    const frames: Frame[] = [];
    if (replacement !== undefined) {
      frames.push({ type: FrameType.replacement, payload: encodeSnapshotMark(replacement) });
    }
    if (snapshot !== undefined) frames.push(snapshotFrame(snapshot));
    if (entries.length > 0) frames.push({ type: FrameType.entries, payload: encodeEntries(entries) });
    if (hardState !== undefined) frames.push(hardStateFrame(hardState));
    await this.#submit(frames, snapshot);
  }

  /** Deletes whole segments that hold nothing above `index`, which a durable snapshot mark must cover. */
  release(index: number): Promise<void> {
    const marked = this.#durable.snapshot?.index ?? 0;
    invariant(index <= marked, `entry ${index} is released under the snapshot mark ${marked}`);
    const released = this.#releasing.then(() => this.#release(index));
    this.#releasing = released.catch(() => {});
    return released;
  }

  /** Waits for appends in flight and leaves the mark of a clean end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Checks the log's continuity before anything is written; recovery checks it again. */
  #advance(entries: readonly Entry[], snapshot: SnapshotMark | undefined): void {
    if (snapshot !== undefined) {
      invariant(snapshot.index >= this.#markIndex, `snapshot mark ${snapshot.index} is not below ${this.#markIndex}`);
      this.#markIndex = snapshot.index;
      this.#lastIndex = Math.max(this.#lastIndex, snapshot.index);
    }
    for (const { index } of entries) {
      invariant(index <= this.#lastIndex + 1, `entry ${index} continues a log that ends with ${this.#lastIndex}`);
      this.#lastIndex = index;
    }
  }

  async #submit(frames: readonly Frame[], snapshot?: SnapshotMark): Promise<void> {
    if (frames.length === 0) return;
    const append = { frames, bytes: flushBytes(frames), lastIndex: this.#lastIndex, snapshot };
    await this.#commit.submit(append);
  }

  async #flush(batch: readonly Append[]): Promise<void> {
    try {
      await this.#write(batch);
    } catch (error) {
      throw new WalFailedError(error);
    }
  }

  async #write(batch: readonly Append[]): Promise<void> {
    const frames = batch.flatMap((append) => append.frames);
    // Last, so that a torn flush never keeps a commit index and loses the entries it speaks of.
    if (this.#hint !== undefined) frames.push(this.#hint);
    this.#hint = undefined;
    const bytes = flushBytes(frames);
    const { onFlush } = this.#options;
    if (!this.#segment.fits(bytes)) await this.#roll(bytes);
    const startMs = onFlush?.nowMs() ?? 0;
    this.#failpoints.hit("wal-before-sync");
    await this.#segment.write({ frames, epoch: ++this.#epoch });
    this.#failpoints.hit("wal-after-sync");
    onFlush?.report({ bytes, appends: batch.length, durationMs: onFlush.nowMs() - startMs });
    this.#remember(frames, batch);
    if (this.#segment.offset > this.#segment.bytes / 2) this.#factory.prepare(this.#segment.name.seq + 1);
  }

  #remember(frames: readonly Frame[], batch: readonly Append[]): void {
    const hardState = frames.findLast(({ type }) => type === FrameType.hardState);
    this.#durable = {
      lastIndex: batch.at(-1)?.lastIndex ?? this.#durable.lastIndex,
      hardState: hardState ?? this.#durable.hardState,
      snapshot: batch.findLast(({ snapshot }) => snapshot !== undefined)?.snapshot ?? this.#durable.snapshot,
    };
  }

  /** The seal is durable before the next segment appears: a successor proves that its predecessor is whole. */
  async #roll(bytesMin: number): Promise<void> {
    this.#failpoints.hit("wal-before-roll");
    await this.#segment.write({ frames: [{ type: FrameType.seal, payload: NO_PAYLOAD }], epoch: ++this.#epoch });
    this.#failpoints.hit("wal-after-seal");
    await this.#segment.close();
    const { lastIndex, hardState, snapshot } = this.#durable;
    const header = segmentHeader(this.#options, {
      seq: this.#segment.name.seq + 1,
      firstIndex: lastIndex + 1,
      chainCrc: this.#segment.chainCrc,
    });
    const frames = firstFrames(this.#options, snapshot, hardState);
    this.#segment = await this.#factory.activate(header, { frames, epoch: ++this.#epoch }, bytesMin);
    this.#segments.push(this.#segment.name);
  }

  async #release(index: number): Promise<void> {
    const { disk, directory } = this.#options;
    for (;;) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined || next.firstIndex > index + 1) return;
      this.#failpoints.hit("wal-before-remove");
      await disk.remove(join(directory, oldest.name));
      this.#failpoints.hit("wal-after-remove");
      // One at a time: a crash that kept a later removal and lost an earlier one would leave a hole in the sequence.
      await disk.syncDirectory(directory);
      this.#segments = this.#segments.slice(1);
    }
  }

  async #close(): Promise<void> {
    this.#failpoints.hit("wal-before-close");
    const hint = this.#hint === undefined ? [] : [this.#hint];
    this.#hint = undefined;
    await this.#submit([...hint, { type: FrameType.cleanClose, payload: NO_PAYLOAD }]).catch(() => {});
    await this.#commit.idle();
    await this.#releasing;
    await this.#segment.close();
    await this.#factory.close();
  }
}

async function openSegment(
  options: WalOptions,
  factory: SegmentFactory,
  recovery: Recovery | undefined,
): Promise<{ readonly segment: Segment; readonly epoch: number }> {
  const { disk, directory, initialSnapshot, backendAppliedIndex } = options;
  if (recovery === undefined) {
    const index = initialSnapshot?.index ?? 0;
    if (backendAppliedIndex > index) {
      throw new WalCorruptError(
        directory,
        0,
        `there is no log, and the backend has applied entry ${backendAppliedIndex}`,
      );
    }
    const header = segmentHeader(options, { seq: 1, firstIndex: index + 1, chainCrc: 0 });
    const frames = firstFrames(options, initialSnapshot, undefined);
    return { segment: await factory.activate(header, { frames, epoch: 1 }, 0), epoch: 1 };
  }
  const { log, lastIndex, end } = recovery;
  if (end.sealed) {
    const epoch = end.epoch + 1;
    const { chainCrc } = end;
    const header = segmentHeader(options, { seq: end.segment.seq + 1, firstIndex: lastIndex + 1, chainCrc });
    const frames = firstFrames(options, log.snapshot, log.hardState && hardStateFrame(log.hardState));
    return { segment: await factory.activate(header, { frames, epoch }, 0), epoch };
  }
  const file = await disk.open(join(directory, end.segment.name), "write");
  return { segment: new Segment(end.segment, file, end), epoch: end.epoch };
}

function segmentHeader(
  { clusterId, memberId }: WalOptions,
  place: { readonly seq: number; readonly firstIndex: number; readonly chainCrc: number },
): { readonly format: number; readonly clusterId: bigint; readonly memberId: bigint } & typeof place {
  return { format: WAL_FORMAT, clusterId, memberId, ...place };
}

/** What a segment begins with, so that it can be read without those before it, and what a restart repeats. */
function firstFrames(
  options: WalOptions,
  snapshot: SnapshotMark | undefined,
  hardState: Frame | undefined,
): readonly Frame[] {
  const frames: Frame[] = [metadataFrame(options)];
  if (snapshot !== undefined) frames.push(snapshotFrame(snapshot));
  if (hardState !== undefined) frames.push(hardState);
  return frames;
}

/** Whose log this is, again: a metadata record carries the cluster's and the member's id. */
function metadataFrame({ clusterId, memberId }: WalOptions): Frame {
  const payload = new Uint8Array(16);
  new DataView(payload.buffer).setBigUint64(0, clusterId, true);
  new DataView(payload.buffer).setBigUint64(8, memberId, true);
  return { type: FrameType.metadata, payload };
}

function hardStateFrame(state: HardState): Frame {
  return { type: FrameType.hardState, payload: encodeHardState(state) };
}

function snapshotFrame(mark: SnapshotMark): Frame {
  return { type: FrameType.snapshotMark, payload: encodeSnapshotMark(mark) };
}
