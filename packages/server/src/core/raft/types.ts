/**
 * Raft's nouns (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"; Ongaro's thesis). Terms and
 * indexes are numbers because they subtract into offsets; member ids are 64-bit and therefore `bigint`.
 *
 * Storage is asynchronous by construction: `ready()` hands out what may leave now, and an append task that lists the
 * messages which must wait until its writes are durable (etcd/raft calls this form "async storage writes").
 */
import type { ConfState } from "../mvcc/backend.js";

export type { ConfState };

/** No member: no vote given, no leader known. */
export const NO_MEMBER = 0n;

export interface Entry {
  readonly type: "command" | "conf-change";
  readonly term: number;
  readonly index: number;
  /** Empty for the no-op that a new leader appends (paper §8), and for the conf change that leaves a joint configuration. */
  readonly data: Uint8Array;
}

/** What must be durable before it is answered for (paper figure 2); `commit` rides along as a hint. */
export interface HardState {
  readonly term: number;
  readonly vote: bigint;
  readonly commit: number;
}

export interface SnapshotMark {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

export type Role = "follower" | "pre-candidate" | "candidate" | "leader";

/** Volatile state that others like to know; a change of it is reported once by `ready()`. */
export interface SoftState {
  readonly role: Role;
  readonly lead: bigint;
  readonly term: number;
}

interface MessageBase {
  readonly from: bigint;
  readonly to: bigint;
  readonly term: number;
}

export type Message = MessageBase &
  (
    | {
        readonly type: "vote" | "pre-vote";
        readonly lastIndex: number;
        readonly lastTerm: number;
        readonly transfer: boolean;
      }
    | { readonly type: "vote-response" | "pre-vote-response"; readonly reject: boolean }
    | {
        readonly type: "append";
        readonly prevIndex: number;
        readonly prevTerm: number;
        readonly entries: readonly Entry[];
        readonly commit: number;
      }
    | {
        readonly type: "append-response";
        readonly index: number;
        readonly reject: boolean;
        readonly rejectHint: number;
        readonly rejectTerm: number;
      }
    | { readonly type: "heartbeat"; readonly commit: number; readonly context: number }
    | { readonly type: "heartbeat-response"; readonly context: number }
    | { readonly type: "snapshot"; readonly snapshot: SnapshotMark }
    | { readonly type: "read-index"; readonly context: number }
    | { readonly type: "read-index-response"; readonly context: number; readonly index: number }
    | { readonly type: "propose"; readonly entries: readonly ProposalData[] }
    | { readonly type: "timeout-now" }
  );

export type MessageOf<T extends Message["type"]> = Extract<Message, { type: T }>;

export interface ProposalData {
  readonly type: Entry["type"];
  readonly data: Uint8Array;
}

export type ProposeOutcome =
  | "accepted"
  | "dropped: no leader"
  | "dropped: transfer pending"
  | "dropped: conf change pending"
  /** The empty conf change that leaves a joint configuration, where there is none to leave. */
  | "dropped: not joint"
  | "dropped: too much uncommitted";

/**
 * Names one append; hand it back to `appended()` when its writes are durable. Storage writes in the order of the tasks, so
 * a token answers for every earlier one too.
 */
export interface AppendToken {
  readonly term: number;
  readonly lastIndex: number;
  readonly sequence: number;
}

export interface AppendTask {
  readonly token: AppendToken;
  readonly entries: readonly Entry[];
  readonly hardState: HardState | undefined;
  readonly snapshot: SnapshotMark | undefined;
  /** False when only `commit` moved: the write may ride along with a later one. */
  readonly mustSync: boolean;
  /**
   * Votes, requests for them, and acknowledgements that may leave only after the task is durable. Those addressed to the
   * member itself go back into `step()`, after `appended()`.
   */
  readonly afterDurable: readonly Message[];
}

/** Names a stretch of committed entries; hand it back to `applied()` when their effects are recorded. */
export interface ApplyToken {
  readonly lastIndex: number;
}

export interface ApplyTask {
  readonly token: ApplyToken;
  readonly entries: readonly Entry[];
}

/** A read may be answered once the state machine has applied `index`. */
export interface ReadState {
  readonly requestId: number;
  readonly index: number;
}

/** What the driver must do next; every part is optional. */
export interface Ready {
  readonly send: readonly Message[];
  readonly append: AppendTask | undefined;
  readonly apply: ApplyTask | undefined;
  readonly reads: readonly ReadState[];
  readonly softState: SoftState | undefined;
}

/** What came of asking the leader to hand its office over. */
export type TransferOutcome = "started" | "dropped: not leader" | "dropped: not a voter";

/** What a leader knows of one member's log. */
export interface MemberProgress {
  readonly match: number;
  readonly next: number;
  readonly state: "probe" | "replicate" | "snapshot";
  /** Heard from since the last quorum check. */
  readonly recentActive: boolean;
}

export interface RaftStatus {
  readonly id: bigint;
  readonly role: Role;
  readonly lead: bigint;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly firstIndex: number;
  readonly confState: ConfState;
  /** The member that leadership is being handed to, or `NO_MEMBER`. */
  readonly transferee: bigint;
}
