/**
 * Opens a log after whatever happened to it. The rule: read until the first frame that does not hold, then look for
 * witnesses. A later frame that says "this flush was durable", a later segment, or a backend that has applied more than
 * the log has, each prove that something acknowledged is gone: the log is refused. Without a witness it is the torn end of
 * a flush that nobody was told about: it is set aside and the log goes on in front of it.
 *
 * What this cannot see: damage confined to the very last flush, with nothing written after it, looks like a torn write.
 */
import { join } from "node:path";
import type { Disk, Logger } from "../../env.js";
import { naming } from "../disk/disk-error.js";
import { WalCorruptError, WalMismatchError } from "./errors.js";
import { FrameType, frameBytes } from "./frame.js";
import { type RecoveredLog, Replay } from "./replay.js";
import { inspectTail, type ScannedFrame, scanFrames, type Tail } from "./scan.js";
import {
  decodeSegmentHeader,
  headerSeed,
  parseSegmentName,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  type SegmentName,
  WAL_FORMAT,
} from "./segment-header.js";
import { fillZeros } from "./zeros.js";

export interface RecoveryOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly backendAppliedIndex: number;
  readonly logger?: Logger | undefined;
}

/** Where the log goes on. */
export interface LogEnd {
  readonly segment: SegmentName;
  readonly offset: number;
  readonly chainCrc: number;
  readonly headerSeed: number;
  /** The segment was closed for good: appends go to a new one. */
  readonly sealed: boolean;
  /** The highest flush seen, torn ones included. */
  readonly epoch: number;
  /** The highest flush that is whole: what is written here next must not vouch for one that was cut off. */
  readonly durableEpoch: number;
}

export interface Recovery {
  readonly log: RecoveredLog;
  readonly lastIndex: number;
  readonly segments: readonly SegmentName[];
  readonly end: LogEnd;
}

/** The segments in a directory, oldest first. Leftovers of unfinished creations are removed. */
export async function listSegments(disk: Disk, directory: string): Promise<readonly SegmentName[]> {
  const segments: SegmentName[] = [];
  for (const name of await disk.list(directory)) {
    const segment = parseSegmentName(name);
    if (segment !== undefined) segments.push(segment);
    else if (name.endsWith(".tmp")) await disk.remove(join(directory, name));
  }
  return segments.sort((a, b) => a.seq - b.seq);
}

/** Reads the segments (at least one), mends a torn end, and leaves everything that it returns durable. */
export async function recover(options: RecoveryOptions, segments: readonly SegmentName[]): Promise<Recovery> {
  const [first] = segments;
  if (first === undefined) throw new RangeError("there is no segment to recover");
  const replay = new Replay(first.firstIndex);
  let before: SegmentEnd | undefined;
  let last: SegmentName = first;
  for (const segment of segments) {
    if (before !== undefined) checkSuccession(options, last, before, segment);
    before = await readSegment(options, segment, before, replay);
    last = segment;
  }
  const end = before as SegmentEnd;
  const path = join(options.directory, last.name);
  replay.completeReplacement(options.backendAppliedIndex);
  checkWitnesses(options, path, end, replay);
  const log = finish(path, end, replay);
  await makeDurable(options, path, end);
  const { offset, chainCrc, sealed, wholeEpoch: durableEpoch } = end;
  const epoch = Math.max(end.epoch, end.tail.epoch, end.brokenEpoch);
  return {
    log,
    lastIndex: replay.lastIndex,
    segments,
    end: { segment: last, offset, chainCrc, headerSeed: end.headerSeed, sealed, epoch, durableEpoch },
  };
}

interface SegmentEnd {
  /** Where the first bad frame stands, or the next one would. */
  readonly offset: number;
  readonly chainCrc: number;
  readonly headerSeed: number;
  readonly sealed: boolean;
  readonly bytes: Uint8Array;
  readonly tail: Tail;
  /** The last good frame's flush. */
  readonly epoch: number;
  /** The last flush of which every frame is good. */
  readonly wholeEpoch: number;
  /** The flush that a frame at `offset` would belong to. */
  readonly brokenEpoch: number;
  /** False while not even the records that the segment was created with are whole. */
  readonly begun: boolean;
}

async function readSegment(
  options: RecoveryOptions,
  segment: SegmentName,
  before: SegmentEnd | undefined,
  replay: Replay,
): Promise<SegmentEnd> {
  const path = join(options.directory, segment.name);
  const bytes = await readWhole(options.disk, path);
  const header = decodeSegmentHeader(bytes);
  if (header === undefined) throw new WalCorruptError(path, 0, "the segment's header does not hold");
  checkHeader(options, path, segment, header, before);

  const seed = headerSeed(header);
  const start = { offset: SEGMENT_HEADER_BYTES, headerSeed: seed, chainCrc: header.chainCrc };
  let last: ScannedFrame | undefined;
  let begun = false;
  for (const frame of scanFrames(bytes, start)) {
    add(replay, frame, path);
    begun ||= frame.header.lastOfFlush;
    last = frame;
    if (frame.type === FrameType.seal) break;
  }
  const offset = last === undefined ? start.offset : last.offset + frameBytes(last.payload.length);
  const tail = inspectTail(bytes, offset, seed);
  const epoch = last?.header.epoch ?? 0;
  const wholeEpoch = last?.header.lastOfFlush === false ? epoch - 1 : epoch;
  return {
    offset,
    chainCrc: last?.header.chainCrc ?? header.chainCrc,
    headerSeed: seed,
    sealed: last?.type === FrameType.seal,
    bytes,
    tail,
    epoch,
    wholeEpoch,
    brokenEpoch: tail.firstEpoch ?? wholeEpoch + 1,
    begun,
  };
}

function add(replay: Replay, frame: ScannedFrame, path: string): void {
  try {
    replay.add(frame);
  } catch (error) {
    throw new WalCorruptError(path, frame.offset, `its record cannot be replayed (${(error as Error).message})`, error);
  }
}

function finish(path: string, end: SegmentEnd, replay: Replay): RecoveredLog {
  try {
    return replay.finish();
  } catch (error) {
    throw new WalCorruptError(path, end.offset, (error as Error).message, error);
  }
}

function checkHeader(
  options: RecoveryOptions,
  path: string,
  segment: SegmentName,
  header: SegmentHeader,
  before: SegmentEnd | undefined,
): void {
  const { clusterId, memberId } = options;
  if (header.format !== WAL_FORMAT) {
    throw new WalMismatchError(`${path} has log format ${header.format}; this version reads ${WAL_FORMAT}`);
  }
  if (header.clusterId !== clusterId || header.memberId !== memberId) {
    const owner = `member ${header.memberId.toString(16)} of cluster ${header.clusterId.toString(16)}`;
    const self = `member ${memberId.toString(16)} of cluster ${clusterId.toString(16)}`;
    throw new WalMismatchError(`${path} is the log of ${owner}, not of ${self}`);
  }
  if (header.seq !== segment.seq || header.firstIndex !== segment.firstIndex) {
    throw new WalCorruptError(path, 0, "the segment's header is that of another segment");
  }
  if (before !== undefined && header.chainCrc !== before.chainCrc) {
    throw new WalCorruptError(path, 0, "the segment does not continue the one before it");
  }
}

/** A successor proves that all of its predecessor was durable. */
function checkSuccession(
  options: RecoveryOptions,
  segment: SegmentName,
  end: SegmentEnd,
  successor: SegmentName,
): void {
  const path = join(options.directory, segment.name);
  if (successor.seq !== segment.seq + 1) {
    throw new WalCorruptError(path, end.offset, `segment ${segment.seq + 1} is missing before ${successor.name}`);
  }
  if (!end.sealed) {
    throw new WalCorruptError(path, end.offset, `a record does not hold, and ${successor.name} was written after it`);
  }
}

function checkWitnesses(options: RecoveryOptions, path: string, end: SegmentEnd, replay: Replay): void {
  if (!end.begun) {
    throw new WalCorruptError(path, end.offset, "the records that the segment was created with do not hold");
  }
  if (end.tail.durableEpoch >= end.brokenEpoch) {
    throw new WalCorruptError(
      path,
      end.offset,
      `a record of flush ${end.brokenEpoch} does not hold, and a later one shows \
that flush ${end.tail.durableEpoch} was durable`,
    );
  }
  if (options.backendAppliedIndex > replay.lastIndex) {
    throw new WalCorruptError(
      path,
      end.offset,
      `the log ends with entry ${replay.lastIndex}, and the backend has \
applied entry ${options.backendAppliedIndex}`,
    );
  }
}

/** What was read may still be in the page cache only; and a torn tail goes, so that it is never read again. */
async function makeDurable({ disk, directory, logger }: RecoveryOptions, path: string, end: SegmentEnd): Promise<void> {
  await disk.syncDirectory(directory);
  const file = await disk.open(path, "write");
  try {
    if (end.tail.end > end.offset) {
      logger?.warn({ path, offset: end.offset, bytes: end.tail.end - end.offset }, "set a torn last flush aside");
      await setAside(disk, directory, `${path}.broken`, end);
      await file.truncate(end.offset);
    }
    // Room to go on: after a tear, or after a crash in the middle of this very repair.
    await fillZeros(file, file.size, Math.max(end.bytes.length, end.offset + frameBytes(0)));
    await file.dataSync();
  } finally {
    await file.close();
  }
}

async function setAside(disk: Disk, directory: string, path: string, end: SegmentEnd): Promise<void> {
  const copy = await disk.open(path, "create");
  await copy.writeAt(0, [end.bytes.slice(end.offset, end.tail.end)], { sync: true });
  await copy.close();
  await disk.syncDirectory(directory);
}

async function readWhole(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, "read");
  try {
    return await naming(path, file.readAt(0, file.size));
  } finally {
    await file.close();
  }
}
