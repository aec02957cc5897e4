/**
 * Who leads, and what follows from it here: the leader's lessor is the one that runs leases down, waiting requests go to a
 * new leader, and office is handed over on request or before this member stops. Also knows why a request may have got no
 * answer, which depends on how the last change of leader and the request overlap.
 */
import { ServerError } from "../core/errors.js";
import type { Lessor } from "../core/lease/lessor.js";
import type { Raft } from "../core/raft/raft.js";
import { NO_MEMBER, type SoftState, type TransferOutcome } from "../core/raft/types.js";
import type { Clock, Failpoints, Logger, Random } from "../env.js";
import type { PeerNetwork } from "../peer-network.js";
import type { TimeoutReason } from "./propose.js";
import { sleep } from "./sleep.js";

/** Members that lose their leader at one moment stand for election at different ones, so many heartbeats apart at most. */
const STAND_SPREAD_HEARTBEATS = 4;
/** Milliseconds between looks at whether a transfer has come through. */
const TRANSFER_POLL_MS = 10;

export interface LeadershipOptions {
  readonly raft: Raft;
  readonly peers: PeerNetwork;
  readonly clock: Clock;
  readonly random: Random;
  readonly failpoints: Failpoints;
  readonly logger: Logger;
  readonly memberId: bigint;
  readonly heartbeatMs: number;
  readonly preVote: boolean;
  readonly electionMs: number;
  readonly requestTimeoutMs: number;
  readonly lessor: () => Lessor;
  /** The leader that was known is none any more. */
  readonly onLeaderLost: () => void;
  /** A leader is known. */
  readonly onLeaderKnown: () => void;
  /** Raft has something to do. */
  readonly wake: () => void;
  /** A broken invariant: the member must stop. */
  readonly onError: (error: unknown) => void;
}

export class Leadership {
  readonly #options: LeadershipOptions;
  #lead: bigint = NO_MEMBER;
  #electedMs = Number.NEGATIVE_INFINITY;
  #changes = 0;

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  /** Leaders seen since the start. */
  get changes(): number {
    return this.#changes;
  }

  changed({ role, lead, term }: SoftState): void {
    const { clock, logger, electionMs, onLeaderLost, onLeaderKnown } = this.#options;
    const lessor = this.#options.lessor();
    if (role === "leader" && !lessor.primary) lessor.promote(clock.nowMs(), electionMs);
    if (role !== "leader" && lessor.primary) lessor.demote();
    if (lead === this.#lead) return;
    const before = this.#lead;
    this.#lead = lead;
    if (before !== NO_MEMBER) onLeaderLost();
    if (lead === NO_MEMBER) {
      logger.warn({ lost: before.toString(16), term }, "no leader is known");
      return;
    }
    this.#electedMs = clock.nowMs();
    this.#changes++;
    logger.info({ leader: lead.toString(16), term }, "leader elected");
    onLeaderKnown();
  }

  /**
   * In a cluster that was just founded nobody has led, and one member need not wait for a timeout: the first voter stands
   * for election as soon as it reaches a majority. A member that is wrong about this loses the pre-vote and disturbs nobody.
   */
  tick(): void {
    const { raft, memberId, wake } = this.#options;
    const { term, role, lead, lastIndex, appliedIndex, confState } = raft.status;
    if (term > 1 || role !== "follower" || lead !== NO_MEMBER || confState.voters[0] !== memberId) return;
    const onlyFounded = lastIndex === confState.voters.length && appliedIndex === lastIndex;
    if (!onlyFounded || !this.#majorityReachableSince(this.#options.clock.nowMs())) return;
    raft.campaign();
    wake();
  }

  /**
   * The connection to a member broke. If that was the leader, its process has most often ended, and nobody need wait for
   * an election timeout to find out: whoever still hears it refuses the pre-vote, and its next heartbeat makes it known
   * again. Not without pre-votes, where a false alarm would depose a leader.
   */
  unreachable(id: bigint): void {
    const { raft, peers, clock, heartbeatMs, preVote } = this.#options;
    if (id !== raft.status.lead || raft.status.role !== "follower" || !preVote) return;
    // Messages may also be lost on a connection that stands, or the one that broke first is another than the one that
    // tells; then a heartbeat later all of a process that has ended are known to be gone.
    if (peers.connectedSince(id) === undefined) this.#leaderGone(id);
    else clock.setTimer(heartbeatMs, () => this.#leaderGone(id));
  }

  /** etcd's reading of a request that began at `startMs` and was not answered in time. */
  timeoutReason(startMs: number): TimeoutReason {
    const { raft, memberId, electionMs } = this.#options;
    if (startMs > this.#electedMs - 2 * electionMs && startMs < this.#electedMs) return "timeoutDueToLeaderFail";
    const { lead } = raft.status;
    if (lead === NO_MEMBER) return "timeout";
    const reachable = lead === memberId ? this.#majorityReachableSince(startMs) : this.#connectedSince(lead, startMs);
    return reachable ? "timeout" : "timeoutDueToConnectionLost";
  }

  /**
   * Makes a voter the leader; resolves when it is known to lead. Errors: `notLeader`, `badLeaderTransferee`,
   * `leaderTransferTimeout` (it may still happen); `stopped` where asking Raft failed, which stops the member.
   */
  async moveTo(target: bigint): Promise<void> {
    const { raft, clock, logger, requestTimeoutMs, wake } = this.#options;
    const { role, lead } = raft.status;
    if (role !== "leader") throw new ServerError("notLeader");
    const outcome = this.#transferTo(target);
    if (outcome === undefined) throw new ServerError("stopped");
    if (outcome === "dropped: not leader") throw new ServerError("notLeader");
    if (outcome === "dropped: not a voter") throw new ServerError("badLeaderTransferee");
    wake();
    logger.info({ from: lead.toString(16), to: target.toString(16) }, "leadership is handed over");
    const deadlineMs = clock.nowMs() + requestTimeoutMs;
    while (raft.status.lead !== target) {
      if (clock.nowMs() >= deadlineMs) throw new ServerError("leaderTransferTimeout");
      await sleep(clock, TRANSFER_POLL_MS);
    }
  }

  /**
   * Before a leader stops: the longest-connected voter takes over, so that nobody waits for an election timeout. Undefined
   * when there is nothing or nobody to hand over.
   */
  handOver(): Promise<void> | undefined {
    const { raft, wake } = this.#options;
    if (raft.status.role !== "leader") return undefined;
    const target = this.#longestConnectedVoter();
    if (target === undefined || this.#transferTo(target) !== "started") return undefined;
    wake();
    return this.#handedOver();
  }

  /** Undefined when it failed. */
  #transferTo(target: bigint): TransferOutcome | undefined {
    const { raft, failpoints, onError } = this.#options;
    try {
      failpoints.hit("leadership-before-hand-over");
      return raft.transferLeadership(target);
    } catch (error) {
      onError(error);
      return undefined;
    }
  }

  #leaderGone(id: bigint): void {
    const { raft, peers, clock, random, heartbeatMs, logger, wake } = this.#options;
    const { lead, role } = raft.status;
    if (lead !== id || role !== "follower" || peers.connectedSince(id) !== undefined) return;
    logger.info({ leader: id.toString(16) }, "the connection to the leader broke");
    raft.forgetLeader();
    clock.setTimer(random.int(STAND_SPREAD_HEARTBEATS * heartbeatMs), () => {
      if (raft.status.lead !== NO_MEMBER || raft.status.role !== "follower") return;
      raft.campaign();
      wake();
    });
    wake();
  }

  async #handedOver(): Promise<void> {
    const { raft, clock, electionMs } = this.#options;
    const deadlineMs = clock.nowMs() + electionMs;
    while (raft.status.role === "leader" && clock.nowMs() < deadlineMs) await sleep(clock, TRANSFER_POLL_MS);
  }

  #longestConnectedVoter(): bigint | undefined {
    const { raft, peers, memberId } = this.#options;
    const [longest] = raft.status.confState.voters
      .filter((id) => id !== memberId)
      .flatMap((id) => ({ id, sinceMs: peers.connectedSince(id) ?? Number.POSITIVE_INFINITY }))
      .filter(({ sinceMs }) => sinceMs !== Number.POSITIVE_INFINITY)
      .sort((a, b) => a.sinceMs - b.sinceMs);
    return longest?.id;
  }

  #majorityReachableSince(startMs: number): boolean {
    const { raft, memberId } = this.#options;
    const { voters } = raft.status.confState;
    const reachable = voters.filter((id) => id === memberId || this.#connectedSince(id, startMs));
    return reachable.length > voters.length / 2;
  }

  #connectedSince(id: bigint, startMs: number): boolean {
    const sinceMs = this.#options.peers.connectedSince(id);
    return sinceMs !== undefined && sinceMs <= startMs;
  }
}
