/**
 * What an entry of the log asks the state machine to do, and what it answers. `io/wire/command.ts` encodes it.
 *
 * A command must have the same effect on every member: no clock, random source or local setting may change it.
 */
import type { AuthChange, Authenticate, AuthenticateResult } from "../auth/command.js";
import type {
  DeleteRangeOperation,
  DeleteRangeResult,
  PutOperation,
  PutResult,
  TxnOperation,
  TxnResult,
} from "../mvcc/operations.js";

export type AlarmType = "none" | "no-space" | "corrupt";

export interface Alarm {
  readonly memberId: bigint;
  readonly alarm: AlarmType;
}

export interface Member {
  readonly id: bigint;
  /** Empty until the member has started and published it. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export type Command =
  | PutOperation
  | DeleteRangeOperation
  | TxnOperation
  | AuthChange
  | Authenticate
  | { readonly kind: "compaction"; readonly revision: bigint; readonly physical: boolean }
  | { readonly kind: "lease-grant"; readonly id: bigint; readonly ttlSeconds: number }
  /** `leaderTerm` 0: a client asked. Otherwise the term of the leader that saw it expire; refused in another term. */
  | { readonly kind: "lease-revoke"; readonly id: bigint; readonly leaderTerm: number }
  /** `leaderTerm`: of the leader that saw this of the leases; refused in another term. 0: a version that did not tell. */
  | {
      readonly kind: "lease-checkpoint";
      readonly leaderTerm: number;
      readonly checkpoints: readonly { readonly id: bigint; readonly remainingTtlSeconds: number }[];
    }
  | {
      readonly kind: "member-attributes";
      readonly memberId: bigint;
      readonly name: string;
      readonly clientUrls: readonly string[];
    }
  | {
      readonly kind: "alarm";
      readonly action: "get" | "activate" | "deactivate";
      readonly memberId: bigint;
      readonly alarm: AlarmType;
    }
  | { readonly kind: "cluster-version"; readonly version: string }
  /** Undefined calls a downgrade off. */
  | { readonly kind: "downgrade"; readonly target: string | undefined };

/** A membership change, applied when its entry commits. */
export interface ConfChange {
  readonly type: "add-voter" | "add-learner" | "remove" | "update";
  readonly member: Member;
}

export type CommandResult =
  | PutResult
  | DeleteRangeResult
  | TxnResult
  | { readonly kind: "compaction"; readonly revision: bigint }
  | { readonly kind: "lease-grant"; readonly id: bigint; readonly ttlSeconds: number; readonly revision: bigint }
  | { readonly kind: "lease-revoke"; readonly revision: bigint }
  | { readonly kind: "alarm"; readonly alarms: readonly Alarm[]; readonly revision: bigint }
  | AuthenticateResult
  | { readonly kind: "done"; readonly revision: bigint };
