/**
 * Metrics that etcd 3.6 has and this node does not, each with the reason; `metrics.test.ts` holds this list and what a node
 * shows against the facts, so that every metric stands on one side.
 */
const NO_PHASES = "a commit of this database has no such phase; its time as a whole is measured";
const NO_STORE_2 = "part of the store of etcd 2, which is not here";
const NO_PROXY = "part of etcd's gRPC proxy, which is not here";
const NO_SNAPSHOT_FILE =
  "a member keeps its state in the database and marks it in the log: it saves no file of its own";

export const ABSENT_METRICS: Readonly<Record<string, string>> = {
  etcd_debugging_disk_backend_commit_rebalance_duration_seconds: NO_PHASES,
  etcd_debugging_disk_backend_commit_spill_duration_seconds: NO_PHASES,
  etcd_debugging_disk_backend_commit_write_duration_seconds: NO_PHASES,
  etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds:
    "index and database are compacted in one walk, whose batches are measured",
  etcd_debugging_snap_save_marshalling_duration_seconds: NO_SNAPSHOT_FILE,
  etcd_debugging_snap_save_total_duration_seconds: NO_SNAPSHOT_FILE,
  etcd_snap_fsync_duration_seconds: NO_SNAPSHOT_FILE,
  etcd_debugging_store_expires_total: NO_STORE_2,
  etcd_debugging_store_reads_failed_total: NO_STORE_2,
  etcd_debugging_store_reads_total: NO_STORE_2,
  etcd_debugging_store_watch_requests_total: NO_STORE_2,
  etcd_debugging_store_watchers: NO_STORE_2,
  etcd_debugging_store_writes_failed_total: NO_STORE_2,
  etcd_debugging_store_writes_total: NO_STORE_2,
  etcd_disk_wal_write_duration_seconds: "the log is written and made durable in one call, whose time is measured",
  etcd_grpc_proxy_cache_hits_total: NO_PROXY,
  etcd_grpc_proxy_cache_keys_total: NO_PROXY,
  etcd_grpc_proxy_cache_misses_total: NO_PROXY,
  etcd_grpc_proxy_events_coalescing_total: NO_PROXY,
  etcd_grpc_proxy_watchers_coalescing_total: NO_PROXY,
  up: "made by whoever scrapes",
};
