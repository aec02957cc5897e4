/**
 * Raft (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"; Ongaro's thesis) as a state machine
 * without I/O: calls go in, `ready()` says what is to be done. Storage is asynchronous by construction. A vote, a request
 * for one, and an acknowledgement leave only in an append task's `afterDurable` list, the member's own included; so no
 * call order of the driver can make it count what its disk has not confirmed.
 *
 * This file is the face: what may be called, and where each message goes. What the roles do stands beside it.
 *
 * Reading order: `types.ts`, `log.ts`, this file, `roles.ts`, `election.ts`, `follower.ts`, `leader.ts` with
 * `replication.ts` and `progress.ts`, `quorum.ts`, `conf-change.ts`, `read-index.ts`, `storage-tasks.ts`.
 */
import { invariant } from "../invariant.js";
import type { JointChange, MemberChange } from "./conf-change.js";
import { type RaftOptions, raftConfig } from "./config.js";
import { Configuration } from "./configuration.js";
import { isFromLeader, type VoteRequest, type VoteResponse } from "./election.js";
import { Follower } from "./follower.js";
import { plain } from "./inspect.js";
import { RaftLog } from "./log.js";
import { isWellFormed } from "./message-check.js";
import { Outbox } from "./outbox.js";
import type { RaftParts } from "./parts.js";
import { Roles } from "./roles.js";
import { Standing } from "./standing.js";
import { StorageTasks } from "./storage-tasks.js";
import {
  type AppendToken,
  type ApplyToken,
  type ConfState,
  type MemberProgress,
  type Message,
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
  readonly #roles: Roles;
  readonly #follower: Follower;
  readonly #tasks: StorageTasks;
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
    this.#roles = new Roles(this.#parts);
    this.#follower = new Follower(this.#parts);
    this.#tasks = new StorageTasks(this.#parts, { ...hardState, commit: committed });
    this.#reportedSoftState = standing.softState;
  }

  /** What `status` has as well, for those who ask with every answer. */
  get term(): number {
    return this.#parts.standing.term;
  }

  /** Entries that are committed and not applied. */
  get backlog(): number {
    const { log } = this.#parts;
    return log.committed - log.applied;
  }

  /** Without a vote, by the newest configuration that was applied. */
  get isLearner(): boolean {
    const { config, conf } = this.#parts;
    return conf.active.learners.includes(config.id);
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
      transferee: this.#roles.leadership?.transferee ?? NO_MEMBER,
    };
  }

  /** What is known of each member's log, the own one included. Undefined on a member that does not lead. */
  get progress(): ReadonlyMap<bigint, MemberProgress> | undefined {
    return this.#roles.leadership?.progress;
  }

  /** One unit of time. */
  tick(): void {
    this.#roles.tick();
  }

  /** Starts an election now, if this member may stand; a driver calls it to spare a sole voter the timeout. */
  campaign(): void {
    this.#roles.campaign();
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
    if (message.term < standing.term) this.#roles.election.answerLowerTerm(message);
    else this.#stepCurrentTerm(message);
  }

  /** Appends on the leader; a follower that knows the leader sends them on, and the outcome there stays unknown here. */
  propose(entries: readonly ProposalData[]): ProposeOutcome {
    const { config, outbox, standing } = this.#parts;
    const { leadership } = this.#roles;
    if (leadership !== undefined) return leadership.propose(entries);
    const { lead, term } = standing;
    if (lead === NO_MEMBER || !config.forwardProposals) return "dropped: no leader";
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
    const { leadership } = this.#roles;
    if (leadership !== undefined) leadership.read({ from, requestId });
    else if (to !== NO_MEMBER) outbox.send({ type: "read-index", from, to, term, context: requestId });
  }

  /**
   * Hands leadership to a voter (thesis §3.10): proposals are dropped until it has taken over, or for an election timeout.
   * `status.transferee` tells whether it is still going on. Naming this member itself ends a transfer that is pending.
   */
  transferLeadership(to: bigint): TransferOutcome {
    return this.#roles.leadership?.transferTo(to) ?? "dropped: not leader";
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
    this.#roles.leadership?.unreachable(id);
  }

  /** How the transfer of the snapshot ended that was handed out for the member. */
  reportSnapshot(id: bigint, result: "finished" | "failed"): void {
    this.#roles.leadership?.snapshotReported(id, result);
  }

  /**
   * To be called when the change's entry is applied; every member does so at the same index. A change that is not allowed
   * leaves the configuration as it is. Returns the configuration as of that entry.
   */
  applyConfChange(change: MemberChange | JointChange): ConfState {
    const { config, conf } = this.#parts;
    const after = conf.change(change);
    if (conf.isVoter(config.id)) this.#roles.leadership?.reconfigure();
    else this.#roles.retire();
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
    this.#roles.leadership?.leaveJointIfDue();
  }

  /** Forgets entries up to `index`, which must be applied and durably held by the state machine. */
  compact(index: number): void {
    this.#parts.log.compact(index);
  }

  hasReady(): boolean {
    const { outbox } = this.#parts;
    return (
      outbox.hasMessages() ||
      this.#roles.leadership?.hasNews === true ||
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
    this.#roles.leadership?.sendNews();
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
      election: this.#roles.election.inspect(),
      conf: conf.inspect(),
      log: log.inspect(newestSequence),
      tasks: this.#tasks.inspect(),
      outbox: outbox.inspect(),
      reportedSoftState: this.#reportedSoftState,
      leadership: this.#roles.leadership?.inspect(newestSequence),
    });
  }

  /** Paper §5.1: a higher term makes a follower. False when the message is dealt with, or to be ignored. */
  #acceptHigherTerm(message: Message): boolean {
    const { type, term, from } = message;
    const isRequest = type === "vote" || type === "pre-vote";
    if (isRequest && this.#roles.election.ignores(message)) return false;
    // Pre-votes are about a term that nobody has entered yet (thesis §9.6).
    if (type === "pre-vote" || (type === "pre-vote-response" && !message.reject)) {
      this.#stepFutureTerm(message);
      return false;
    }
    if (isFromLeader(type)) this.#roles.becomeFollower(term, from);
    else this.#roles.enterHigherTerm(term);
    return true;
  }

  #stepFutureTerm(message: VoteRequest | VoteResponse): void {
    if (message.type === "pre-vote") this.#roles.election.handleRequest(message);
    else if (message.type === "pre-vote-response" && message.term === this.#parts.standing.term + 1) {
      this.#roles.handleVoteResponse(message);
    }
  }

  #stepCurrentTerm(message: Message): void {
    const { leadership } = this.#roles;
    switch (message.type) {
      case "vote":
      case "pre-vote":
        this.#roles.election.handleRequest(message);
        break;
      case "vote-response":
      case "pre-vote-response":
        this.#roles.handleVoteResponse(message);
        break;
      case "append":
        this.#roles.heardLeader(message.from);
        this.#follower.handleAppend(message);
        break;
      case "heartbeat":
        this.#roles.heardLeader(message.from);
        this.#follower.handleHeartbeat(message);
        break;
      case "snapshot":
        this.#roles.heardLeader(message.from);
        if (this.#follower.handleSnapshot(message)) this.#tasks.restored();
        break;
      case "append-response":
        leadership?.handleAppendResponse(message);
        break;
      case "heartbeat-response":
        leadership?.handleHeartbeatResponse(message);
        break;
      case "read-index":
        leadership?.read({ from: message.from, requestId: message.context });
        break;
      case "read-index-response":
        this.#follower.handleReadIndexResponse(message);
        break;
      case "propose":
        this.propose(message.entries);
        break;
      case "timeout-now":
        this.#roles.takeOver(message.from);
        break;
    }
  }

  #softStateChange(): SoftState | undefined {
    const now = this.#parts.standing.softState;
    const { role, lead, term } = this.#reportedSoftState;
    return now.role === role && now.lead === lead && now.term === term ? undefined : now;
  }
}
