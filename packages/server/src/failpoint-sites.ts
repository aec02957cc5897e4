/**
 * The named places of the code where a test may stop, delay or fail a node: the moments between two effects at which a crash
 * or a stall is most likely to show a mistake. The list has the groups of etcd's failpoints.
 *
 * `core/` has no seam to the world, so no site lies inside it; the hit stands in the part of `node/` that calls it. Where
 * that is not the moment that etcd's site of the same purpose names, it is said below.
 */
export const FAILPOINT_SITES = [
  // ---- Start and end of a member's life.
  /** Nothing was read yet. */
  "recovery-before",
  /** The log was read, and its open end repaired; Raft does not exist yet. */
  "recovery-after-log",
  /** Everything is built and nothing moves yet: no message was received, none sent. */
  "recovery-after",
  /** A clean stop: nothing moves any more, and the last flush of the backend is still to come. */
  "stop-before-flush",

  // ---- Raft: what the node does with what Raft asks for.
  /** A message of another member is here and Raft does not know it. */
  "raft-before-receive",
  /** Messages that need not wait for the disk are about to leave. */
  "raft-before-send",
  /** Entries, hard state or a snapshot are about to be written. */
  "raft-before-save",
  /** They are durable, and Raft was not told. */
  "raft-after-save",
  /** Raft was told; the votes and acknowledgements that waited for the disk are about to leave. */
  "raft-before-acknowledge",
  /** A slice of entries took effect, and Raft was not told. */
  "raft-before-advance",
  /** The backend is durable up to a mark that is about to be written to the log. */
  "raft-before-snapshot-mark",
  /** The mark is durable; memory and disk still hold the entries below it. */
  "raft-after-snapshot-mark",
  /** They are gone from memory, and their segments are about to be removed. */
  "raft-before-release",
  /** The segments are gone. */
  "raft-after-release",

  // ---- The write-ahead log. Write and sync are one trip to the disk's thread, so there is no site between the two.
  /** A flush is about to be written and synced. */
  "wal-before-sync",
  /** It is durable, and nobody was told. */
  "wal-after-sync",
  /** The segment is full, and not sealed yet. */
  "wal-before-roll",
  /** It is sealed, and has no successor. */
  "wal-after-seal",
  /** A new segment is whole and durable under its temporary name. */
  "wal-before-rename",
  /** The file of the next segment is about to be made ahead of time. */
  "wal-before-prepare",
  /** A segment that nobody needs is about to be removed. */
  "wal-before-remove",
  /** It is removed, and the directory not synced. */
  "wal-after-remove",
  /** The mark of a clean end is about to be written. */
  "wal-before-close",

  // ---- Applying.
  /** An entry that is no membership change is about to be decoded and applied. */
  "apply-before-entry",
  /** It took effect in memory; watchers have it, its proposer does not. */
  "apply-after-entry",
  /** The same for a membership change. */
  "apply-before-conf-change",
  /** It took effect, and Raft counts by the new configuration. */
  "apply-after-conf-change",
  /** A slice took effect and Raft knows; nobody who waits for an answer does. */
  "apply-before-answer",

  // ---- The backend. The write buffer is emptied inside the commit, so etcd's sites around its write-back fall together
  // with these two.
  /** What was applied is about to become a transaction. */
  "backend-before-commit",
  /** It is one: visible, and not known to be durable. */
  "backend-after-commit",
  /** What was committed is about to be made durable. */
  "backend-before-flush",
  /** It is durable; nothing was concluded from it. */
  "backend-after-flush",
  /**
   * A leader's content is durable and about to take the place of the old one; or what a segment had of use is durable in another
   * place, and the segment is about to go. Only the backend on a disk has this moment.
   */
  "backend-before-swap",

  // ---- Compaction of the store's history.
  /** An entry that asks for one is about to be applied. */
  "compaction-before-schedule",
  /** It is applied: reads below are refused, the note of it is in the write buffer (etcd's site: in the backend). */
  "compaction-after-schedule",
  /** Some revisions are about to be removed. */
  "compaction-before-batch",
  /** They are gone from the index; the backend loses them with its next commit. */
  "compaction-after-batch",
  /** The last batch is through, and the note that it is finished in the write buffer (etcd's site: before it is there). */
  "compaction-before-finish",
  /** Those who waited for it were told, behind a commit; without any, that commit is still to come. */
  "compaction-after-finish",

  // ---- Defragmentation.
  /** Everything stands still, and the copy is about to be begun. */
  "defragment-before-copy",
  /** The copy is in place, and everything still stands. */
  "defragment-after-swap",

  // ---- Snapshots between members.
  /** On the leader: a member lags behind the log, and the backend is about to be held for it. */
  "snapshot-before-open",
  /** It is held and measured, and about to be sent. */
  "snapshot-before-send",
  /** How that ended is known, and Raft was not told. */
  "snapshot-after-send",
  /** On the receiver: a snapshot is wanted, and its first byte was not taken. */
  "snapshot-before-receive",
  /** All of it came in and was found whole; it is not durable. */
  "snapshot-before-store",
  /** It is durable, and Raft was not asked whether it wants it. */
  "snapshot-after-store",
  /** Raft wants it; the log is about to be told that the backend will be replaced. */
  "snapshot-before-announce",
  /** The log says so, and the backend is about to be replaced. */
  "snapshot-before-replace",
  /** The backend has the new content, the log does not know. */
  "snapshot-after-replace",
  /** The log begins anew behind it; its old segments are still there. */
  "snapshot-after-mark",

  // ---- Watches.
  /** A response is about to be handed to the stream of a client. */
  "watch-before-send",
  /** Watchers are behind, and about to be served from history. */
  "watch-before-sync",
  /** Watchers whose stream was full are about to be tried again. */
  "watch-before-victims",
  /** Idle watchers are about to be told how far they have got. */
  "watch-before-progress",

  // ---- Leases.
  /** The leader has made sure that it leads, and not looked at the lease to be renewed. */
  "lease-before-renew",
  /** The same for the question what is left of one. */
  "lease-before-time-to-live",
  /** An expired lease is about to be proposed for revocation. */
  "lease-before-revoke",
  /** What is left of long leases is about to be proposed for the record. */
  "lease-before-checkpoint",

  // ---- Leadership.
  /** A leader is about to ask Raft to hand over, on request or because it stops. */
  "leadership-before-hand-over",
] as const;

export type FailpointSite = (typeof FAILPOINT_SITES)[number];
