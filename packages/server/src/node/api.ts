/**
 * What the RPC layer asks of a node. `rpc/` is written against this interface; `node/node.ts` implements it.
 *
 * Every method rejects with `ServerError` (etcd's text and code) when the node cannot serve it.
 */
import type { Command, CommandResult, Member } from "../core/apply/command.js";
import type { AuthView } from "../core/auth/auth-view.js";
import type { AuthChange } from "../core/auth/command.js";
import type { Identity } from "../core/auth/types.js";
import type { BackendSize, BackendSnapshot } from "../core/mvcc/backend.js";
import type { RangeOperation, RangeResult, TxnOperation, TxnResult } from "../core/mvcc/operations.js";
import type { RaftStatus } from "../core/raft/types.js";
import type { WatchService } from "../core/watch/types.js";
import type { MemberRequest } from "../peer-network.js";
import type { MembersChanged } from "./member-changes.js";

/** The ids and positions that go into a response header. */
export interface HeaderState {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: bigint;
  readonly raftTerm: number;
}

export interface LeaseTimeToLive {
  readonly id: bigint;
  /** Whole seconds left, rounded down; -1 when the lease does not exist. */
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  readonly keys: readonly Uint8Array[];
}

export interface HashResult {
  readonly hash: number;
  /** -1n when never compacted. */
  readonly compactRevision: bigint;
  readonly hashRevision: bigint;
}

/** Counts for the metrics; reading them is cheap. */
export interface NodeStats {
  readonly keys: number;
  readonly compactRevision: bigint;
  readonly watchers: number;
  readonly watchStreams: number;
  /** Watchers that are catching up or whose stream is full. */
  readonly slowWatchers: number;
  /** Events that wait to be sent to watchers. */
  readonly pendingEvents: number;
  /** Proposals whose answer is still awaited. */
  readonly proposalsPending: number;
  /** Proposals that ended without an answer of the state machine, since the start. */
  readonly proposalsFailed: number;
  /** Leaders seen since the start. */
  readonly leaderChanges: number;
}

/** What a proposed command resolves to: the answer of the same kind. */
export type ResultOf<C extends Command> = C extends {
  kind: "member-attributes" | "lease-checkpoint" | "cluster-version" | "downgrade" | AuthChange["kind"];
}
  ? Extract<CommandResult, { kind: "done" }>
  : Extract<CommandResult, { kind: C["kind"] }>;

/** Where a proposal leaves the id of its entry, by which the log lines of all members know it. The last one stays. */
export interface Trace {
  requestId?: bigint;
}

export interface NodeApi {
  readonly header: HeaderState;

  /**
   * Replicates a command and resolves when it is durable on a quorum and applied here. While authentication is on, what
   * the identity may do is checked here and again where the entry is applied; it travels with the command. The trace gets
   * its id as soon as there is an entry, whatever becomes of it.
   *
   * Errors: the command's own (`leaseNotFound`, `compacted`, …), `requestTooLarge`, `tooManyRequests`, `noSpace`, `timeout`,
   * `stopped`; `userEmpty`, `permissionDenied` and `authOldRevision`, which say that it had no effect.
   */
  propose<C extends Command>(command: C, identity?: Identity, trace?: Trace): Promise<ResultOf<C>>;

  /**
   * Serves a range: at once when serializable, otherwise after a confirmed read index is applied here.
   *
   * Errors: `compacted`, `futureRevision`, `timeout`, `leaderChanged`, `stopped`; `userEmpty`, `permissionDenied`, and
   * `authOldRevision`, also when users changed while it was read.
   */
  range(operation: RangeOperation, identity?: Identity): Promise<RangeResult>;
  /**
   * The same, with what `answer` makes of the result in the very turn in which its rows were read. A promise that has waited
   * long is old to the garbage collector and would keep all of its rows for a while, dead or not; so many rows better become
   * bytes before. Errors: also those of `answer`.
   */
  range<T>(operation: RangeOperation, identity: Identity | undefined, answer: (result: RangeResult) => T): Promise<T>;
  /** A transaction of ranges only; does not go through the log. Errors: those of `range`. */
  readOnlyTxn(operation: TxnOperation, identity?: Identity): Promise<TxnResult>;
  /** Resolves when everything committed before the call is applied here. */
  linearizableBarrier(): Promise<void>;

  /** Resolves after the physical removal is finished and committed here. */
  waitCompacted(revision: bigint): Promise<void>;

  /** Seconds of TTL after the renewal; 0 when the lease does not exist or has expired. */
  renewLease(id: bigint): Promise<number>;
  leaseTimeToLive(id: bigint, withKeys: boolean): Promise<LeaseTimeToLive>;
  /** Soonest expiry first. */
  leases(): Promise<readonly bigint[]>;

  /**
   * Adds, removes, updates or promotes a member, wherever the leader is.
   *
   * Errors: `memberNotFound`, `memberExists`, `peerUrlExists`, `memberNotLearner`, `learnerNotReady`, `tooManyLearners`,
   * `memberNotEnoughStarted`, `unhealthy`; a timeout when the outcome is unknown.
   */
  changeMembers(request: MemberRequest): Promise<MembersChanged>;
  /** Makes a voter the leader. Errors: `notLeader`, `badLeaderTransferee`, `leaderTransferTimeout`. */
  moveLeader(target: bigint): Promise<void>;

  /** Users and permissions as this member knows them now. */
  readonly auth: AuthView;
  /**
   * Runs a check of `auth`. A denial may be news from yesterday on a member that lags behind, so it counts only after
   * this member has caught up with the cluster and checked again.
   *
   * Errors: the check's own, and those of `linearizableBarrier`.
   */
  authorize(check: (auth: AuthView) => void): Promise<void>;

  readonly watch: WatchService;
  readonly members: readonly Member[];
  /** `MAJOR.MINOR.PATCH` that every member speaks; undefined until the leader has decided it. */
  readonly clusterVersion: string | undefined;
  /** Version that the cluster is to go back to; undefined when no downgrade runs. */
  readonly downgradeTarget: string | undefined;
  readonly raftStatus: RaftStatus;
  /** What the status says as well, for who asks with every call. */
  readonly isLearner: boolean;
  readonly backendSize: BackendSize;
  readonly stats: NodeStats;
  /** Alarm texts for Status and /health: `NOSPACE`, `CORRUPT`. */
  readonly alarms: readonly { readonly memberId: bigint; readonly alarm: "no-space" | "corrupt" }[];

  /** CRC32C over every revision up to `revision` (0n: the current one) that compaction would keep. */
  hashKv(revision: bigint): Promise<HashResult>;
  /** CRC32C over the whole backend. */
  hash(): Promise<number>;
  defragment(): Promise<void>;
  snapshot(): BackendSnapshot;
}
