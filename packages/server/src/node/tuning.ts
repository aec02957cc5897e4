/**
 * The sizes of the node's slices, batches and queues. Nobody has to know them to run a node, so they are no option of
 * `startNode`; simulations and tests set them far from their defaults, where the seams between two slices are crossed all
 * the time instead of once a day.
 *
 * A default of the core stands with the core; the others stand here.
 */
import { COMPACTION_BATCH_REVISIONS } from "../core/apply/state-machine.js";
import { LEASE_CHECKPOINT_INTERVAL_SECONDS } from "../core/lease/lessor.js";
import { RAFT_LIMITS } from "../core/raft/config.js";
import { WATCH_BOUNDS } from "../core/watch/bounds.js";
import { CHUNK_BYTES, CHUNK_BYTES_MAX } from "../io/snapshot/format.js";
import { FLUSH_BYTES_MAX } from "../io/wal/wal.js";

export interface Tuning {
  /** Entries that are applied before the event loop gets its turn. Default 256. */
  readonly applySliceEntries: number;
  /** Milliseconds after which it gets its turn in any case. Default 4. */
  readonly applySliceMs: number;
  /** Entry bytes handed to the apply loop and not yet applied. Default 64 MiB. */
  readonly applyBytesMax: number;
  /** Entries in one apply task. Default 4096. */
  readonly applyEntriesMax: number;

  /** Milliseconds from a first change to the backend's commit. Default 100, etcd's figure. */
  readonly backendCommitIntervalMs: number;
  /** Changes with which a commit is made at once. Default 10,000, etcd's figure. */
  readonly backendCommitChangesMax: number;
  /** Bytes of changes with which it is, so that the buffer stays small when values are large. Default 16 MiB. */
  readonly backendCommitBytesMax: number;

  /** Revisions that a compaction removes in one step. Default 1000, etcd's figure. */
  readonly compactionBatch: number;
  /** Milliseconds between two steps. Default 10, etcd's figure. */
  readonly compactionPauseMs: number;

  /** Responses that wait in one watch stream before its watchers wait instead. Default 128, etcd's figure. */
  readonly watchResponsesMax: number;
  /** Key and value bytes that wait in one watch stream. Default 16 MiB. */
  readonly watchStreamBytesMax: number;
  /** Unsynced watchers that one pass serves from history. Default 512, etcd's figure. */
  readonly watchCatchUpWatchersMax: number;
  /** Revisions that one response from history spans. Default 1000. */
  readonly watchCatchUpRevisionsMax: number;
  /** Bytes of history above which the next slice is made shorter. Default 4 MiB. */
  readonly watchCatchUpBytesAim: number;
  /** Milliseconds between two passes when all watchers are synced. Default 100, etcd's figure. */
  readonly watchCatchUpIntervalMs: number;
  /** Milliseconds between two passes while watchers are unsynced or victims. Default 10, etcd's figure. */
  readonly watchVictimsIntervalMs: number;

  /** Entry bytes in one append message. Default 1 MiB, etcd's figure. */
  readonly messageBytesMax: number;
  /** Appends on their way to one member. Default 512, etcd's figure. */
  readonly inflightMessagesMax: number;
  /** Entry bytes on their way to one member; one message always fits. Default 64 MiB. */
  readonly inflightBytesMax: number;
  /** Entry bytes that a leader holds uncommitted before it drops proposals. Default 64 MiB. */
  readonly uncommittedBytesMax: number;

  /** Bytes that one flush of the log holds; one record always fits. Default 8 MiB. */
  readonly walFlushBytesMax: number;

  /** Milliseconds between two looks for expired leases. Default 500, etcd's figure. */
  readonly leaseScanIntervalMs: number;
  /** Expired leases taken up by one look. Default 500, etcd's figure. */
  readonly leaseScanMax: number;
  /** Revocations under way at once. Default 16, etcd's figure. */
  readonly leaseRevokesMax: number;
  /** Seconds after which the rest of a longer lease is recorded. Default 300, etcd's figure. */
  readonly leaseCheckpointIntervalSeconds: number;

  /** Bytes in one piece of a snapshot to another member; 1 MiB at most. Default 128 KiB. */
  readonly snapshotPieceBytes: number;
}

export const DEFAULT_TUNING: Tuning = {
  applySliceEntries: 256,
  applySliceMs: 4,
  applyBytesMax: RAFT_LIMITS.applyBytesMax,
  applyEntriesMax: RAFT_LIMITS.applyEntriesMax,
  backendCommitIntervalMs: 100,
  backendCommitChangesMax: 10_000,
  backendCommitBytesMax: 16 * 1024 * 1024,
  compactionBatch: COMPACTION_BATCH_REVISIONS,
  compactionPauseMs: 10,
  watchResponsesMax: WATCH_BOUNDS.responsesMax,
  watchStreamBytesMax: WATCH_BOUNDS.streamBytesMax,
  watchCatchUpWatchersMax: WATCH_BOUNDS.catchUpWatchersMax,
  watchCatchUpRevisionsMax: WATCH_BOUNDS.catchUpRevisionsMax,
  watchCatchUpBytesAim: WATCH_BOUNDS.catchUpBytesAim,
  watchCatchUpIntervalMs: 100,
  watchVictimsIntervalMs: 10,
  messageBytesMax: RAFT_LIMITS.messageBytesMax,
  inflightMessagesMax: RAFT_LIMITS.inflightMessagesMax,
  inflightBytesMax: RAFT_LIMITS.inflightBytesMax,
  uncommittedBytesMax: RAFT_LIMITS.uncommittedBytesMax,
  walFlushBytesMax: FLUSH_BYTES_MAX,
  leaseScanIntervalMs: 500,
  leaseScanMax: 500,
  leaseRevokesMax: 16,
  leaseCheckpointIntervalSeconds: LEASE_CHECKPOINT_INTERVAL_SECONDS,
  snapshotPieceBytes: CHUNK_BYTES,
};

/** With these a timer fires at once; every other value counts something of which there must be one. */
const MAY_BE_ZERO: ReadonlySet<keyof Tuning> = new Set([
  "backendCommitIntervalMs",
  "compactionPauseMs",
  "leaseScanIntervalMs",
]);

/** Fills in the defaults. Errors: `RangeError` naming the field. */
export function resolveTuning(tuning: Partial<Tuning> = {}): Tuning {
  const resolved = { ...DEFAULT_TUNING, ...tuning };
  for (const key of Object.keys(DEFAULT_TUNING) as (keyof Tuning)[]) {
    const least = MAY_BE_ZERO.has(key) ? 0 : 1;
    if (!Number.isSafeInteger(resolved[key]) || resolved[key] < least) {
      throw new RangeError(`tuning.${key} is ${resolved[key]}: give a whole number from ${least} on`);
    }
  }
  if (resolved.snapshotPieceBytes > CHUNK_BYTES_MAX) {
    throw new RangeError(
      `tuning.snapshotPieceBytes is ${resolved.snapshotPieceBytes}: give ${CHUNK_BYTES_MAX} at most`,
    );
  }
  return resolved;
}
