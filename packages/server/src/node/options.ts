/** What a node is started with, and the limits that follow from it. */
import type { InitialMember } from "../config/initial-cluster.js";
import type { TokenSink } from "../core/auth/token-sink.js";
import type { Backend } from "../core/mvcc/backend.js";
import type { Entry } from "../core/raft/types.js";
import type { Env } from "../env.js";
import { NodeMeasures } from "../measures/node-measures.js";
import type { Answer } from "./apply-loop.js";
import { resolveTuning, type Tuning } from "./tuning.js";

export interface NodeOptions {
  readonly env: Env;
  /** Open, and closed after `stop()` by whoever opened it. */
  readonly backend: Backend;
  readonly walDirectory: string;
  /** For snapshots of a leader on their way into the backend. Nothing else lies in it. */
  readonly snapshotDirectory: string;
  readonly name: string;
  /** Advertised to clients; published when the member has started. */
  readonly clientUrls: readonly string[];
  /** Advertised to members; together with the token they make the member's id when the cluster is born. */
  readonly peerUrls: readonly string[];
  /** Default `etcd-cluster`. */
  readonly clusterToken?: string;
  /** With this member in it, under its name and peer URLs. Default: this member alone. */
  readonly initialCluster?: readonly InitialMember[];
  /** `existing` joins a cluster that the member was added to. Default `new`. */
  readonly initialClusterState?: "new" | "existing";
  /** Removes every other member from the log that is there, before anything of it is applied. Default false. */
  readonly forceNewCluster?: boolean;
  /** Ask whether an election can be won before starting one. Default true. */
  readonly preVote?: boolean;
  /** Milliseconds between heartbeats, which is also one tick of Raft. Default 100. */
  readonly heartbeatMs?: number;
  /** Milliseconds without a leader before an election. Default 1000. */
  readonly electionMs?: number;
  /** Applied entries between two compactions of the log. Default 10,000. */
  readonly snapshotCount?: number;
  /** Applied entries that stay in memory for members that lag behind. Default 5000. */
  readonly catchUpEntries?: number;
  /** Largest encoded proposal. Default 1.5 MiB. */
  readonly maxRequestBytes?: number;
  /** Bytes from which on writes are refused; default 2 GiB, negative for no limit. */
  readonly quotaBytes?: number;
  /** Default: that of the log. */
  readonly walSegmentBytes?: number;
  /** Refuse membership changes that the cluster might not survive. Default true. */
  readonly strictReconfigCheck?: boolean;
  /** Learners that the cluster may have at once. Default 1. */
  readonly maxLearners?: number;
  /** Milliseconds between comparisons of the members' data by the leader; default 0, none. */
  readonly corruptCheckMs?: number;
  /** Milliseconds between progress notifications of a quiet watch. Default 10 minutes. */
  readonly progressNotifyMs?: number;
  /** What the member counts is written there. Default: a set that nobody reads. */
  readonly measures?: NodeMeasures | undefined;
  /** Milliseconds; an entry whose application takes longer is logged. Default 100. */
  readonly warnApplyMs?: number;
  /** Told about every flush of the log, for metrics. */
  readonly onWalFlush?: (flush: { readonly bytes: number; readonly durationMs: number }) => void;
  /**
   * Told about every entry when it has taken effect, in the order of the log and with what its proposer will hear: the
   * answer, or the error that says it had no effect; undefined for the entry of a new leader. An entry comes again in
   * the member's next life when its effect was not durable. What it throws stops the node. For comparing members.
   */
  readonly onApplied?: (entry: Entry, answer: Answer | undefined) => void;
  /** Where this member's tokens live; told of them while entries are applied. Default: nobody keeps any. */
  readonly tokens?: TokenSink | undefined;
  /** For simulations and tests. */
  readonly tuning?: Partial<Tuning>;
}

export type NodeConfig = Required<
  Omit<NodeOptions, "walSegmentBytes" | "onWalFlush" | "onApplied" | "tuning" | "measures" | "tokens">
> & {
  readonly measures: NodeMeasures;
  readonly onApplied: NodeOptions["onApplied"];
  readonly tokens: TokenSink | undefined;
  readonly tuning: Tuning;
  /** 5 s and two elections (etcd): how long a request waits before its outcome counts as unknown. */
  readonly requestTimeoutMs: number;
  readonly electionTicks: number;
};

const MEBIBYTE = 1024 * 1024;

export function nodeConfig(options: NodeOptions): NodeConfig {
  const { heartbeatMs = 100, electionMs = 1000, quotaBytes = 0 } = options;
  if (electionMs < 2 * heartbeatMs) {
    throw new RangeError(`the election timeout (${electionMs} ms) is shorter than two heartbeats (${heartbeatMs} ms)`);
  }
  const { name, peerUrls } = options;
  const initialCluster = options.initialCluster ?? [{ name, peerUrls }];
  checkInitialCluster(initialCluster, options);
  return {
    env: options.env,
    backend: options.backend,
    walDirectory: options.walDirectory,
    snapshotDirectory: options.snapshotDirectory,
    name,
    clientUrls: options.clientUrls,
    peerUrls,
    clusterToken: options.clusterToken ?? "etcd-cluster",
    initialCluster,
    initialClusterState: options.initialClusterState ?? "new",
    forceNewCluster: options.forceNewCluster ?? false,
    preVote: options.preVote ?? true,
    heartbeatMs,
    electionMs,
    snapshotCount: options.snapshotCount ?? 10_000,
    catchUpEntries: options.catchUpEntries ?? 5000,
    maxRequestBytes: options.maxRequestBytes ?? 1.5 * MEBIBYTE,
    quotaBytes: quotaBytes === 0 ? 2048 * MEBIBYTE : quotaBytes,
    strictReconfigCheck: options.strictReconfigCheck ?? true,
    maxLearners: options.maxLearners ?? 1,
    corruptCheckMs: options.corruptCheckMs ?? 0,
    progressNotifyMs: options.progressNotifyMs ?? 600_000,
    measures: options.measures ?? new NodeMeasures(),
    warnApplyMs: options.warnApplyMs ?? 100,
    onApplied: options.onApplied,
    tokens: options.tokens,
    tuning: resolveTuning(options.tuning),
    requestTimeoutMs: 5000 + 2 * electionMs,
    electionTicks: Math.floor(electionMs / heartbeatMs),
  };
}

function checkInitialCluster(initialCluster: readonly InitialMember[], { name, peerUrls }: NodeOptions): void {
  const self = initialCluster.find((member) => member.name === name);
  if (self === undefined)
    throw new TypeError(`initialCluster has no member ${JSON.stringify(name)}, which is this one`);
  if ([...self.peerUrls].sort().join() !== [...peerUrls].sort().join()) {
    throw new TypeError(`initialCluster gives ${name} the addresses ${self.peerUrls}, but peerUrls is ${peerUrls}`);
  }
}
