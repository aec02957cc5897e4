/** What a node knows anyway and is asked for only when somebody scrapes. */
import type { FeatureState } from "../../config/feature-gates.js";
import { MeasureSet } from "../../measures/measure-set.js";
import type { NodeApi } from "../../node/api.js";

export interface NodeReadingsOptions {
  readonly node: NodeApi;
  /** etcd's API level. */
  readonly serverVersion: string;
  /** Bytes; the effective quota, not the 0 that stands for the default. */
  readonly quotaBytes: number;
  /** Default: none is shown. */
  readonly features?: readonly FeatureState[];
}

const ALARM_NAMES = { "no-space": "NOSPACE", corrupt: "CORRUPT" } as const;

export class NodeReadings extends MeasureSet {
  constructor({ node, serverVersion, quotaBytes, features = [] }: NodeReadingsOptions) {
    super();
    this.#raft(node);
    this.#store(node);
    this.reading("etcd_server_quota_backend_bytes", "Database size that raises NOSPACE.", "gauge", () => quotaBytes);
    const { memberId } = node.header;
    const id = memberId.toString(16);
    const one = (name: string, help: string, label: string, value: () => string | undefined): void =>
      this.readings(name, help, [label], () => {
        const text = value();
        return text === undefined ? [] : [[[text], 1]];
      });
    one("etcd_server_id", "1, labelled with the member id.", "server_id", () => id);
    one("etcd_server_version", "1, labelled with the API level.", "server_version", () => serverVersion);
    one(
      "etcd_server_go_version",
      "1, labelled with the runtime's version.",
      "server_go_version",
      () => process.version,
    );
    const clusterVersion = (): string | undefined => minorOf(node.clusterVersion ?? serverVersion);
    one("etcd_cluster_version", "1, labelled with what all members speak.", "cluster_version", clusterVersion);
    this.readings("etcd_server_feature_enabled", "1 when the node behaves as with the gate.", ["name", "stage"], () =>
      features.map(({ name, stage, enabled }) => [[name, stage], enabled ? 1 : 0] as const),
    );
    this.readings("etcd_debugging_server_alarms", "1 while the alarm stands.", ["server_id", "alarm_type"], () =>
      node.alarms.map((active) => [[active.memberId.toString(16), ALARM_NAMES[active.alarm]], 1] as const),
    );
  }

  #raft(node: NodeApi): void {
    const gauge = (name: string, help: string, value: () => number): void => this.reading(name, help, "gauge", value);
    gauge("etcd_server_has_leader", "1 when a leader is known.", () => (node.raftStatus.lead === 0n ? 0 : 1));
    gauge("etcd_server_is_leader", "1 when this member leads.", () => (node.raftStatus.role === "leader" ? 1 : 0));
    gauge("etcd_server_is_learner", "1 when this member does not vote.", () =>
      node.raftStatus.confState.learners.includes(node.header.memberId) ? 1 : 0,
    );
    gauge("etcd_server_proposals_committed_total", "Last committed Raft index.", () => node.raftStatus.commitIndex);
    gauge("etcd_server_proposals_applied_total", "Last applied Raft index.", () => node.raftStatus.appliedIndex);
    gauge("etcd_server_proposals_pending", "Proposals whose answer is awaited.", () => node.stats.proposalsPending);
    const counter = (name: string, help: string, value: () => number): void =>
      this.reading(name, help, "counter", value);
    counter("etcd_server_proposals_failed_total", "Proposals without an answer.", () => node.stats.proposalsFailed);
    counter("etcd_server_leader_changes_seen_total", "Leaders seen since the start.", () => node.stats.leaderChanges);
  }

  #store(node: NodeApi): void {
    const gauge = (name: string, help: string, value: () => number): void => this.reading(name, help, "gauge", value);
    gauge("etcd_mvcc_db_total_size_in_bytes", "Allocated size of the database.", () => node.backendSize.bytes);
    gauge(
      "etcd_mvcc_db_total_size_in_use_in_bytes",
      "Size of the database without free pages.",
      () => node.backendSize.bytesInUse,
    );
    gauge("etcd_debugging_mvcc_keys_total", "Live keys.", () => node.stats.keys);
    gauge("etcd_debugging_mvcc_current_revision", "Revision of the store.", () => Number(node.header.revision));
    gauge("etcd_debugging_auth_revision", "Revision of users and roles.", () => Number(node.auth.revision));
    gauge("etcd_debugging_mvcc_compact_revision", "Last compacted revision.", () => Number(node.stats.compactRevision));
    gauge("etcd_debugging_mvcc_watcher_total", "Active watchers.", () => node.stats.watchers);
    gauge("etcd_debugging_mvcc_watch_stream_total", "Open watch streams.", () => node.stats.watchStreams);
    gauge("etcd_debugging_mvcc_slow_watcher_total", "Watchers that are behind.", () => node.stats.slowWatchers);
    gauge(
      "etcd_debugging_mvcc_pending_events_total",
      "Events that wait to be sent to watchers.",
      () => node.stats.pendingEvents,
    );
  }
}

/** `3.6.0` → `3.6`, as etcd labels it. */
function minorOf(version: string | undefined): string | undefined {
  return version?.split(".").slice(0, 2).join(".");
}
