/**
 * Raft (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"; Ongaro's thesis) as a state machine
 * without I/O: calls go in, `ready()` says what is to be done. Storage is asynchronous by construction. A vote, a request
 * for one, and an acknowledgement leave only in an append task's `afterDurable` list, the member's own included; so no
 * call order of the driver can make it count what its disk has not confirmed.
 *
 * This file is the face: what may be called, and which role follows from what. The work of the roles is beside it.
 *
 * Reading order: `types.ts`, `log.ts`, this file, `election.ts`, `follower.ts`, `leader.ts` with `replication.ts` and
 * `progress.ts`, `quorum.ts`, `conf-change.ts`, `read-index.ts`, `storage-tasks.ts`.
 */
import { invariant } from "../invariant.js";
import type { JointChange, MemberChange } from "./conf-change.js";
import { type RaftOptions, raftConfig } from "./config.js";
import { Configuration } from "./configuration.js";
import { Election, isFromLeader, type VoteRequest, type VoteResponse } from "./election.js";
import { Follower } from "./follower.js";
import { plain } from "./inspect.js";
import { Leadership } from "./leader.js";
import { RaftLog } from "./log.js";
import { isWellFormed } from "./message-check.js";
import { Outbox } from "./outbox.js";
import type { RaftParts } from "./parts.js";
import type { VoteResult } from "./quorum.js";
import { Standing } from "./standing.js";
import { StorageTasks } from "./storage-tasks.js";
import {
  type AppendToken,
  type ApplyToken,
  type ConfState,
  type MemberProgress,
  type Message,
  type MessageOf,
  NO_MEMBER,
  type ProposalData,
  type ProposeOutcome,
  type RaftStatus,
  type Ready,
  type SoftState,
  type TransferOutcome,
} from "./types.js";

export class Raft {
  readonly #parts: RaftParts;
  readonly #election: Election;
  readonly #follower: Follower;
  readonly #tasks: StorageTasks;
  /** Present exactly while the role is `leader`. */
  #leadership: Leadership | undefined;
  #reportedSoftState: SoftState;

  constructor(options: RaftOptions) {
    const { applied, base, entries } = options;
    const hardState = options.hardState ?? { term: 0, vote: NO_MEMBER, commit: 0 };
    // Whatever has been applied was committed: the commit index on disk is only a hint and may lag behind.
    const committed = Math.max(hardState.commit, applied.index, base.index);
    const log = new RaftLog({ base, entries, committed, applied: applied.index });
    invariant(hardState.term >= log.lastTerm, "the term on disk lies below the log's last term");
    const config = raftConfig(options);
    const standing = new Standing(config, hardState);
    const conf = new Configuration(log, applied.confState);
    this.#parts = { config, log, outbox: new Outbox(), standing, conf };
    this.#election = new Election(this.#parts);
    this.#follower = new Follower(this.#parts);
    this.#tasks = new StorageTasks(this.#parts, { ...hardState, commit: committed });
    this.#reportedSoftState = standing.softState;
  }

  get status(): RaftStatus {
    const { config, log, standing, conf } = this.#parts;
    return {
      id: config.id,
      ...standing.softState,
      commitIndex: log.committed,
      appliedIndex: log.applied,
      lastIndex: log.lastIndex,
      firstIndex: log.firstIndex,
      confState: conf.active,
      transferee: this.#leadership?.transferee ?? NO_MEMBER,
    };
  }

  /** What is known of each member's log, the own one included. Undefined on a member that does not lead. */
  get progress(): ReadonlyMap<bigint, MemberProgress> | undefined {
    return this.#leadership?.progress;
  }

  /** One unit of time. */
  tick(): void {
    const { config, standing } = this.#parts;
    const leadership = this.#leadership;
    if (leadership === undefined) {
      if (standing.tickFollower()) this.campaign();
      return;
    }
    const isCheckDue = standing.tickLeader() && config.checkQuorum;
    if (isCheckDue && !leadership.takeQuorumActive()) this.#becomeFollower(standing.term, NO_MEMBER);
    else leadership.tick();
  }

  /** Starts an election now, if this member may stand; a driver calls it to spare a sole voter the timeout. */
  campaign(): void {
    if (!this.#election.mayStand()) return;
    if (this.#parts.config.preVote) this.#follow(this.#election.startPreVote());
    else this.#election.start(false);
  }

  /**
   * Takes a message of another member, or one of our own out of an `afterDurable` list. Stale and malformed ones are
   * dropped. Throws only when the cluster's promises are broken: two leaders in one term, two values of a committed entry,
   * acknowledged entries that are lost here.
   */
  step(message: Message): void {
    const { config, standing } = this.#parts;
    if (!isWellFormed(message, config.id)) return;
    if (message.term > standing.term && !this.#acceptHigherTerm(message)) return;
    // A proposal of an earlier term is among what is dropped: it may be a late copy of one that was carried out.
    if (message.term < standing.term) this.#election.answerLowerTerm(message);
    else this.#stepCurrentTerm(message);
  }

  /** Appends on the leader; a follower that knows the leader sends them on, and the outcome there stays unknown here. */
  propose(entries: readonly ProposalData[]): ProposeOutcome {
    const { config, outbox, standing } = this.#parts;
    if (this.#leadership !== undefined) return this.#leadership.propose(entries);
    const { lead, term } = standing;
    if (lead === NO_MEMBER) return "dropped: no leader";
    outbox.send({ type: "propose", from: config.id, to: lead, term, entries });
    return "accepted";
  }

  /**
   * One membership change; refused while an earlier one is not applied (thesis §4.1). Empty data leaves a joint
   * configuration.
   */
  proposeConfChange(data: Uint8Array): ProposeOutcome {
    return this.propose([{ type: "conf-change", data }]);
  }

  /**
   * Asks for an index that a linearizable read must wait for; it comes out of `ready().reads` under `requestId`, or never:
   * the caller asks again under a new id. Use a fresh id for every call.
   */
  readIndex(requestId: number): void {
    const { config, outbox, standing } = this.#parts;
    const { id: from } = config;
    const { lead: to, term } = standing;
    if (this.#leadership !== undefined) this.#leadership.read({ from, requestId });
    else if (to !== NO_MEMBER) outbox.send({ type: "read-index", from, to, term, context: requestId });
  }

  /**
   * Hands leadership to a voter (thesis §3.10): proposals are dropped until it has taken over, or for an election timeout.
   * `status.transferee` tells whether it is still going on. Naming this member itself ends a transfer that is pending.
   */
  transferLeadership(to: bigint): TransferOutcome {
    return this.#leadership?.transferTo(to) ?? "dropped: not leader";
  }

  /**
   * A follower forgets its leader, without a new term, and helps the next candidate at once; for a driver that knows that
   * the leader is gone. The leader, if it is not, makes itself known again.
   */
  forgetLeader(): void {
    if (this.#parts.standing.role === "follower") this.#parts.standing.forgetLeader();
  }

  /** Messages to the member may have been lost. */
  reportUnreachable(id: bigint): void {
    this.#leadership?.unreachable(id);
  }

  /** How the transfer of the snapshot ended that was handed out for the member. */
  reportSnapshot(id: bigint, result: "finished" | "failed"): void {
    this.#leadership?.snapshotReported(id, result);
  }

  /**
   * To be called when the change's entry is applied; every member does so at the same index. A change that is not allowed
   * leaves the configuration as it is. Returns the configuration as of that entry.
   */
  applyConfChange(change: MemberChange | JointChange): ConfState {
    const { config, conf, standing } = this.#parts;
    const after = conf.change(change);
    // A leader that is no member any more hands over to an election instead of leading from outside.
    if (conf.isVoter(config.id)) this.#leadership?.reconfigure();
    else if (this.#leadership !== undefined) this.#becomeFollower(standing.term, NO_MEMBER);
    return after;
  }

  /** The task's writes are durable, and with it those of every earlier task. Its `afterDurable` messages come next. */
  appended(token: AppendToken): void {
    const { log, conf } = this.#parts;
    const { applied } = log;
    this.#tasks.appended(token);
    if (log.applied > applied) conf.noteApplied(true);
  }

  /** The state machine has recorded everything up to the token's index. Of no account below an accepted snapshot. */
  applied(token: ApplyToken): void {
    this.#tasks.applied(token);
    this.#parts.conf.noteApplied(false);
    this.#leadership?.leaveJointIfDue();
  }

  /** Forgets entries up to `index`, which must be applied and durably held by the state machine. */
  compact(index: number): void {
    this.#parts.log.compact(index);
  }

  hasReady(): boolean {
    const { outbox } = this.#parts;
    return (
      outbox.hasMessages() ||
      this.#tasks.hasAppend() ||
      this.#tasks.hasApply() ||
      this.#softStateChange() !== undefined ||
      outbox.reads.length > 0
    );
  }

  /** Everything to be done now. Each piece is handed out once. */
  ready(): Ready {
    const softState = this.#softStateChange();
    if (softState !== undefined) this.#reportedSoftState = softState;
    return {
      softState,
      append: this.#tasks.takeAppend(),
      apply: this.#tasks.takeApply(),
      send: this.#parts.outbox.takeSend(),
      reads: this.#parts.outbox.takeReads(),
    };
  }

  /** A plain copy of everything that decides what this member does next: equal copies mean equal futures. */
  inspect(): unknown {
    const { log, outbox, standing, conf } = this.#parts;
    const { newestSequence } = this.#tasks;
    return plain({
      standing: standing.inspect(),
      votes: this.#election.inspect(),
      conf: conf.inspect(),
      log: log.inspect(newestSequence),
      tasks: this.#tasks.inspect(),
      outbox: outbox.inspect(),
      reportedSoftState: this.#reportedSoftState,
      leadership: this.#leadership?.inspect(newestSequence),
    });
  }

  /** Paper §5.1: a higher term makes a follower. False when the message is dealt with, or to be ignored. */
  #acceptHigherTerm(message: Message): boolean {
    const { type, term, from } = message;
    const isRequest = type === "vote" || type === "pre-vote";
    if (isRequest && this.#election.ignores(message)) return false;
    // Pre-votes are about a term that nobody has entered yet (thesis §9.6).
    if (type === "pre-vote" || (type === "pre-vote-response" && !message.reject)) {
      this.#stepFutureTerm(message);
      return false;
    }
    this.#becomeFollower(term, isFromLeader(type) ? from : NO_MEMBER);
    return true;
  }

  #stepFutureTerm(message: VoteRequest | VoteResponse): void {
    if (message.type === "pre-vote") this.#election.handleRequest(message);
    else if (message.type === "pre-vote-response" && message.term === this.#parts.standing.term + 1) {
      this.#follow(this.#election.handleResponse(message));
    }
  }

  #stepCurrentTerm(message: Message): void {
    switch (message.type) {
      case "vote":
      case "pre-vote":
        this.#election.handleRequest(message);
        break;
      case "vote-response":
      case "pre-vote-response":
        this.#follow(this.#election.handleResponse(message));
        break;
      case "append":
      case "heartbeat":
      case "snapshot":
        this.#stepFollower(message);
        break;
      case "append-response":
        this.#leadership?.handleAppendResponse(message);
        break;
      case "heartbeat-response":
        this.#leadership?.handleHeartbeatResponse(message);
        break;
      case "read-index":
        this.#leadership?.read({ from: message.from, requestId: message.context });
        break;
      case "read-index-response":
        this.#parts.outbox.read({ requestId: message.context, index: message.index });
        break;
      case "propose":
        this.propose(message.entries);
        break;
      case "timeout-now":
        this.#takeOver(message.from);
        break;
    }
  }

  #stepFollower(message: MessageOf<"append" | "heartbeat" | "snapshot">): void {
    const { standing } = this.#parts;
    const { from } = message;
    const { term, role, lead } = standing;
    const isOtherLeader = lead !== NO_MEMBER && lead !== from;
    invariant(!isOtherLeader, `two leaders in term ${term}: ${lead} and ${from}`);
    if (role !== "follower" || lead !== from) this.#becomeFollower(term, from);
    standing.heardLeader();
    if (message.type === "append") this.#follower.handleAppend(message);
    else if (message.type === "heartbeat") this.#follower.handleHeartbeat(message);
    else if (this.#follower.handleSnapshot(message)) this.#tasks.restored();
  }

  /** The leader wants this member to lead: it need not ask whether an election could be won. */
  #takeOver(from: bigint): void {
    const { role, lead } = this.#parts.standing;
    const isFromOther = lead !== NO_MEMBER && lead !== from;
    if (role === "follower" && !isFromOther && this.#election.mayStand()) this.#election.start(true);
  }

  /** What the votes heard so far lead to. */
  #follow(result: VoteResult): void {
    const { standing } = this.#parts;
    if (result === "lost") this.#becomeFollower(standing.term, NO_MEMBER);
    else if (result === "won" && standing.role === "pre-candidate") this.#election.start(false);
    else if (result === "won") this.#becomeLeader();
  }

  #becomeFollower(term: number, lead: bigint): void {
    this.#parts.standing.becomeFollower(term, lead);
    this.#leadership = undefined;
  }

  #becomeLeader(): void {
    this.#parts.standing.becomeLeader();
    this.#leadership = new Leadership(this.#parts);
  }

  #softStateChange(): SoftState | undefined {
    const now = this.#parts.standing.softState;
    const { role, lead, term } = this.#reportedSoftState;
    return now.role === role && now.lead === lead && now.term === term ? undefined : now;
  }
}
