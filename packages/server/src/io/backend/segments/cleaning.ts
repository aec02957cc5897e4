/**
 * Gives the space of the oldest segment back: what is of use in it is appended again, as puts of the present commit, and when
 * that is durable the file goes. Always the oldest: a delete in it has nothing left to delete once it goes, for whatever was
 * before is gone already.
 */
import type { BatchChange } from "../../../core/mvcc/backend.js";
import { putBytes, recordsOf } from "./batch-codec.js";
import type { Content } from "./content.js";
import { BackendCorruptError } from "./errors.js";
import type { ScannedFrame } from "./frame-scan.js";
import type { SegmentLog } from "./segment-log.js";

/** One turn looks at so many records or copies so many bytes, whichever comes first: a few milliseconds. */
const TURN_RECORDS_MAX: number = 2048;
const TURN_BYTES_MAX: number = 256 * 1024;

export interface CleaningOptions {
  readonly log: SegmentLog;
  readonly content: Content;
  /** Appends changes that change nothing, with the present mark. */
  readonly append: (batch: readonly BatchChange[]) => void;
  /** Lets everything else have its turn. */
  readonly pause: () => Promise<void>;
  /** Copies are durable, and the segment is about to go. */
  readonly beforeRemoval: () => void;
  readonly stopped: () => boolean;
}

/** True when the segment has gone; false when the cleaning was stopped, which leaves everything as good as before. */
export async function cleanOldest(options: CleaningOptions): Promise<boolean> {
  const { log, content, append, stopped, beforeRemoval } = options;
  const { oldest } = log;
  const scan = oldest.scan();
  for (let frames = await scan.next(); frames.length > 0; frames = await scan.next()) {
    for (const turn of turnsOf(frames, oldest.number, content)) {
      if (turn.length > 0) append(turn);
      await options.pause();
      if (stopped()) return false;
      await log.drain();
    }
  }
  if (scan.offset !== oldest.size) {
    throw new BackendCorruptError(oldest.path, scan.offset, "a frame that was durable does not hold");
  }
  log.releaseOldest();
  append([]);
  await log.flush();
  beforeRemoval();
  log.retireOldest();
  content.forget(oldest.number);
  return true;
}

/** What is of use, a turn at a time. Each is looked for when its turn comes: commits may have come before. */
function* turnsOf(
  frames: readonly ScannedFrame[],
  segment: number,
  content: Content,
): Generator<readonly BatchChange[], void, void> {
  let live: BatchChange[] = [];
  let [records, bytes] = [0, 0];
  for (const { payload, payloadAt } of frames) {
    for (const { change, valueAt } of recordsOf(payload)) {
      records++;
      if (change.type === "put" && content.isLive(change.table, change.key, segment, payloadAt + valueAt)) {
        live.push(change);
        bytes += putBytes(change.key.length, change.value.length);
      }
      if (records < TURN_RECORDS_MAX && bytes < TURN_BYTES_MAX) continue;
      yield live;
      live = [];
      [records, bytes] = [0, 0];
    }
  }
  yield live;
}
