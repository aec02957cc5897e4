/**
 * What a member counts of its disk, its store, its leases and its snapshots, each where it happens. Names, labels and
 * buckets are etcd's (`testdata/metrics.tsv`).
 */
import { type Amount, type Distribution, exponential, type Family, MeasureSet } from "./measure-set.js";

const DISK_SECONDS = exponential(0.001, 2, 14);
const SNAPSHOT_SECONDS = exponential(0.1, 2, 10);
const FINE_SECONDS = exponential(0.0001, 2, 20);
const HASH_SECONDS = exponential(0.01, 2, 15);

export class NodeMeasures extends MeasureSet {
  // Disk.
  readonly walFsync: Distribution = this.histogram(
    "etcd_disk_wal_fsync_duration_seconds",
    "Time to write to the log and make it durable.",
    DISK_SECONDS,
  );
  readonly walWriteBytes: Amount = this.gauge("etcd_disk_wal_write_bytes_total", "Bytes written to the log.");
  readonly backendCommit: Distribution = this.histogram(
    "etcd_disk_backend_commit_duration_seconds",
    "Time of a transaction of the database, its sync included.",
    DISK_SECONDS,
  );
  readonly backendSnapshot: Distribution = this.histogram(
    "etcd_disk_backend_snapshot_duration_seconds",
    "Time to stream the database to somebody.",
    exponential(0.01, 2, 17),
  );
  readonly defragment: Distribution = this.histogram(
    "etcd_disk_backend_defrag_duration_seconds",
    "Time of a defragmentation.",
    exponential(0.1, 2, 13),
  );
  readonly defragmentsInFlight: Amount = this.gauge("etcd_disk_defrag_inflight", "1 while a defragmentation runs.");
  readonly openSnapshots: Amount = this.gauge(
    "etcd_mvcc_db_open_read_transactions",
    "Read transactions that are held open.",
  );

  // Requests and their effects.
  readonly ranges: Amount = this.counter("etcd_mvcc_range_total", "Ranges read by this member.");
  readonly puts: Amount = this.counter("etcd_mvcc_put_total", "Puts applied by this member.");
  readonly deletes: Amount = this.counter("etcd_mvcc_delete_total", "Range deletions applied by this member.");
  readonly txns: Amount = this.counter("etcd_mvcc_txn_total", "Transactions of more than one operation.");
  readonly putBytes: Amount = this.gauge(
    "etcd_debugging_mvcc_total_put_size_in_bytes",
    "Bytes of keys and values put.",
  );
  readonly apply: Family<Distribution> = this.histograms(
    "etcd_server_apply_duration_seconds",
    "Time to apply an entry.",
    ["version", "op", "success"],
    FINE_SECONDS,
  );
  readonly slowApplies: Amount = this.counter("etcd_server_slow_apply_total", "Applications that took too long.");
  readonly #range: Family<Distribution> = this.histograms(
    "etcd_server_range_duration_seconds",
    "Time to read a range.",
    ["success"],
    FINE_SECONDS,
  );
  readonly rangeSucceeded: Distribution = this.#range.of("true");
  readonly rangeFailed: Distribution = this.#range.of("false");
  readonly hash: Distribution = this.histogram(
    "etcd_mvcc_hash_duration_seconds",
    "Time to hash the whole database.",
    HASH_SECONDS,
  );
  readonly hashRevision: Distribution = this.histogram(
    "etcd_mvcc_hash_rev_duration_seconds",
    "Time to hash the store up to a revision.",
    HASH_SECONDS,
  );
  readonly readIndexFailures: Amount = this.counter(
    "etcd_server_read_indexes_failed_total",
    "Rounds of linearizable reads that failed.",
  );
  readonly slowReadIndexes: Amount = this.counter(
    "etcd_server_slow_read_indexes_total",
    "Rounds of linearizable reads that were asked again or gave up.",
  );
  readonly lateHeartbeats: Amount = this.counter(
    "etcd_server_heartbeat_send_failures_total",
    "Heartbeats that this leader sent too late.",
  );

  // Compaction.
  readonly compactedRevisions: Amount = this.counter(
    "etcd_debugging_mvcc_db_compaction_keys_total",
    "Revisions that compaction removed.",
  );
  readonly compactionLast: Amount = this.gauge(
    "etcd_debugging_mvcc_db_compaction_last",
    "Unix time at which a compaction ended; 0 when none has.",
  );
  readonly compactionPause: Distribution = this.histogram(
    "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
    "Time of one batch of a compaction.",
    exponential(1, 2, 13),
  );
  readonly compactionTotal: Distribution = this.histogram(
    "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
    "Time of a whole compaction.",
    exponential(100, 2, 14),
  );

  // Leases and watches.
  readonly leasesGranted: Amount = this.counter("etcd_debugging_lease_granted_total", "Leases granted.");
  readonly leasesRevoked: Amount = this.counter("etcd_debugging_lease_revoked_total", "Leases revoked.");
  readonly leasesRenewed: Amount = this.counter("etcd_debugging_lease_renewed_total", "Renewals by this leader.");
  readonly leasesExpired: Amount = this.counter(
    "etcd_debugging_server_lease_expired_total",
    "Leases that this leader revoked because their time was over.",
  );
  readonly leaseTtls: Distribution = this.histogram(
    "etcd_debugging_lease_ttl_total",
    "Granted times to live, in seconds.",
    exponential(1, 2, 24),
  );
  readonly watchEvents: Amount = this.counter("etcd_debugging_mvcc_events_total", "Events sent to watchers.");

  // Membership.
  readonly learnersPromoted: Amount = this.counter(
    "etcd_server_learner_promote_successes",
    "Learners that became voters while this member led.",
  );
  readonly learnersRefused: Family<Amount> = this.counters(
    "etcd_server_learner_promote_failures",
    "Promotions that failed while this member led.",
    ["Reason"],
  );

  // Snapshots between members.
  readonly snapshotsSent: Family<Amount> = this.counters("etcd_network_snapshot_send_success", "Snapshots sent.", [
    "To",
  ]);
  readonly snapshotSendFailures: Family<Amount> = this.counters(
    "etcd_network_snapshot_send_failures",
    "Snapshots that could not be sent.",
    ["To"],
  );
  readonly snapshotSends: Family<Amount> = this.gauges(
    "etcd_network_snapshot_send_inflights_total",
    "Snapshots that are being sent.",
    ["To"],
  );
  readonly snapshotSend: Family<Distribution> = this.histograms(
    "etcd_network_snapshot_send_total_duration_seconds",
    "Time to send a snapshot.",
    ["To"],
    SNAPSHOT_SECONDS,
  );
  readonly snapshotsReceived: Family<Amount> = this.counters(
    "etcd_network_snapshot_receive_success",
    "Snapshots received.",
    ["From"],
  );
  readonly snapshotReceiveFailures: Family<Amount> = this.counters(
    "etcd_network_snapshot_receive_failures",
    "Snapshots that did not arrive whole.",
    ["From"],
  );
  readonly snapshotReceives: Family<Amount> = this.gauges(
    "etcd_network_snapshot_receive_inflights_total",
    "Snapshots that are being received.",
    ["From"],
  );
  readonly snapshotReceive: Family<Distribution> = this.histograms(
    "etcd_network_snapshot_receive_total_duration_seconds",
    "Time to receive a snapshot.",
    ["From"],
    SNAPSHOT_SECONDS,
  );
  readonly snapshotSave: Distribution = this.histogram(
    "etcd_snap_db_save_total_duration_seconds",
    "Time to store a received snapshot.",
    SNAPSHOT_SECONDS,
  );
  readonly snapshotFsync: Distribution = this.histogram(
    "etcd_snap_db_fsync_duration_seconds",
    "Time to make a part of a received snapshot durable.",
    DISK_SECONDS,
  );
  readonly snapshotsInstalling: Amount = this.gauge(
    "etcd_server_snapshot_apply_in_progress_total",
    "1 while a received snapshot takes the place of the store.",
  );
}
