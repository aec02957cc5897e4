/** What a `Raft` is built from: its identity, its timing in ticks, its limits, and what was recovered from disk. */
import { invariant } from "../invariant.js";
import type { ConfState, Entry, HardState } from "./types.js";

export interface RaftOptions {
  readonly id: bigint;
  /** Ticks without a leader before an election; each wait is drawn from `[electionTicks, 2 × electionTicks)`. */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  /** A whole number in `[0, boundExclusive)`; spreads the election timeouts. */
  readonly random: (boundExclusive: number) => number;
  /** Ask whether an election could be won before raising the term (thesis §9.6). Default true. */
  readonly preVote?: boolean;
  /** A follower passes proposals on to its leader; otherwise it drops them, as if there were none. Default true. */
  readonly forwardProposals?: boolean;
  /** A leader that hears from no majority for an election timeout steps down (thesis §6.2). Default true. */
  readonly checkQuorum?: boolean;
  /** Entry bytes in one append message. Default 1 MiB, etcd's figure. */
  readonly messageBytesMax?: number;
  /** Appends on their way to one member that streams. Default 512, etcd's figure. */
  readonly inflightMessagesMax?: number;
  /**
   * Entry bytes on their way to one member that streams; one message always fits. Default 64 MiB: what 10 Gbit/s carry in
   * 50 ms, so the network is the limit before this is.
   */
  readonly inflightBytesMax?: number;
  /** Entry bytes handed out to the state machine and not yet applied. Default 64 MiB. */
  readonly applyBytesMax?: number;
  /** Entries in one apply task. Default 4096. */
  readonly applyEntriesMax?: number;
  /** Entry bytes that a leader holds uncommitted before it drops proposals. Default 64 MiB. */
  readonly uncommittedBytesMax?: number;
  /** Undefined for a member that has never written one. */
  readonly hardState: HardState | undefined;
  /** The log below `base` is gone; `entries` start right above it. */
  readonly base: { readonly index: number; readonly term: number };
  readonly entries: readonly Entry[];
  /** What the state machine holds durably, and the configuration as of that index. */
  readonly applied: { readonly index: number; readonly confState: ConfState };
}

export type RaftConfig = Required<Omit<RaftOptions, "hardState" | "base" | "entries" | "applied">>;

const MEBIBYTE = 1024 * 1024;

type Limit =
  | "messageBytesMax"
  | "inflightMessagesMax"
  | "inflightBytesMax"
  | "applyBytesMax"
  | "applyEntriesMax"
  | "uncommittedBytesMax";

/** The limits that hold where nothing else is asked for. */
export const RAFT_LIMITS: Required<Pick<RaftOptions, Limit>> = {
  messageBytesMax: MEBIBYTE,
  inflightMessagesMax: 512,
  inflightBytesMax: 64 * MEBIBYTE,
  applyBytesMax: 64 * MEBIBYTE,
  applyEntriesMax: 4096,
  uncommittedBytesMax: 64 * MEBIBYTE,
};

export function raftConfig(options: RaftOptions): RaftConfig {
  const { id, electionTicks, heartbeatTicks, random } = options;
  invariant(id !== 0n, "member id 0 means nobody");
  invariant(heartbeatTicks >= 1, "a heartbeat takes at least one tick");
  invariant(electionTicks > heartbeatTicks, "an election timeout is longer than a heartbeat");
  return {
    id,
    electionTicks,
    heartbeatTicks,
    random,
    preVote: options.preVote ?? true,
    forwardProposals: options.forwardProposals ?? true,
    checkQuorum: options.checkQuorum ?? true,
    messageBytesMax: options.messageBytesMax ?? RAFT_LIMITS.messageBytesMax,
    inflightMessagesMax: options.inflightMessagesMax ?? RAFT_LIMITS.inflightMessagesMax,
    inflightBytesMax: options.inflightBytesMax ?? RAFT_LIMITS.inflightBytesMax,
    applyBytesMax: options.applyBytesMax ?? RAFT_LIMITS.applyBytesMax,
    applyEntriesMax: options.applyEntriesMax ?? RAFT_LIMITS.applyEntriesMax,
    uncommittedBytesMax: options.uncommittedBytesMax ?? RAFT_LIMITS.uncommittedBytesMax,
  };
}
