/**
 * Raft (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"; Ongaro's thesis) as a state machine
 * without I/O: calls go in, `ready()` says what is to be done. Storage is asynchronous by construction. A vote, a request
 * for one, and an acknowledgement leave only in an append task's `afterDurable` list, the member's own included; so no
 * call order of the driver can make it count what its disk has not confirmed.
 *
 * Complete for a single voter. Votes, log replication, heartbeats and read confirmation between members are here too;
 * snapshot transfer, leadership transfer and joint configuration changes are not, and messages for them are dropped.
 *
 * Reading order: `types.ts`, `log.ts`, this file, `leader.ts`, `quorum.ts`, `read-index.ts`.
 */
import { invariant } from "../invariant.js";
import { changedConfState, type MemberChange } from "./conf-change.js";
import { type RaftConfig, type RaftOptions, raftConfig } from "./config.js";
import { Leadership } from "./leader.js";
import { entryBytes, RaftLog } from "./log.js";
import { Outbox } from "./outbox.js";
import { tallyVotes } from "./quorum.js";
import {
  type AppendTask,
  type AppendToken,
  type ApplyTask,
  type ApplyToken,
  type ConfState,
  type Entry,
  type HardState,
  type Message,
  NO_MEMBER,
  type ProposalData,
  type ProposeOutcome,
  type RaftStatus,
  type Ready,
  type Role,
  type SoftState,
} from "./types.js";

type MessageOf<T extends Message["type"]> = Extract<Message, { type: T }>;
type VoteRequest = MessageOf<"vote" | "pre-vote">;
type VoteResponse = MessageOf<"vote-response" | "pre-vote-response">;

export class Raft {
  readonly #config: RaftConfig;
  readonly #log: RaftLog;
  readonly #outbox: Outbox = new Outbox();
  #conf: ConfState;
  #term: number;
  #vote: bigint;
  #lead: bigint = NO_MEMBER;
  #role: Role = "follower";
  /** Present exactly while the role is `leader`. */
  #leadership: Leadership | undefined;
  /** Votes heard in the current (pre-)campaign. */
  #votes: Map<bigint, boolean> = new Map();
  /** Ticks since a valid leader was heard or a vote was given; for a leader, since the last quorum check. */
  #electionElapsed = 0;
  #electionTimeout = 0;
  /** The newest append task; its number is the token's. */
  #sequence = 0;
  #appendedSequence = 0;
  /** What the newest append task wrote, or what was recovered. */
  #handedHardState: HardState;
  #reportedSoftState: SoftState;
  /** Bytes handed to the state machine, by the task that carries them. */
  #applyTasks: { readonly lastIndex: number; readonly bytes: number }[] = [];

  constructor(options: RaftOptions) {
    this.#config = raftConfig(options);
    const { applied, base, entries } = options;
    const hardState = options.hardState ?? { term: 0, vote: NO_MEMBER, commit: 0 };
    // Whatever has been applied was committed: the commit index on disk is only a hint and may lag behind.
    const committed = Math.max(hardState.commit, applied.index, base.index);
    this.#log = new RaftLog({ base, entries, committed, applied: applied.index });
    invariant(hardState.term >= this.#log.lastTerm, "the term on disk lies below the log's last term");
    this.#term = hardState.term;
    this.#vote = hardState.vote;
    this.#conf = applied.confState;
    this.#handedHardState = { ...hardState, commit: committed };
    this.#resetElectionTimer();
    this.#reportedSoftState = this.#softState;
  }

  get status(): RaftStatus {
    return {
      id: this.#config.id,
      role: this.#role,
      lead: this.#lead,
      term: this.#term,
      commitIndex: this.#log.committed,
      appliedIndex: this.#log.applied,
      lastIndex: this.#log.lastIndex,
      firstIndex: this.#log.firstIndex,
      confState: this.#conf,
      transferee: NO_MEMBER,
    };
  }

  /** One unit of time. */
  tick(): void {
    this.#electionElapsed++;
    if (this.#leadership !== undefined) {
      this.#tickLeader(this.#leadership);
      return;
    }
    if (this.#electionElapsed < this.#electionTimeout) return;
    this.#resetElectionTimer();
    this.campaign();
  }

  /** Starts an election now, if this member may stand; a driver calls it to spare a sole voter the timeout. */
  campaign(): void {
    if (this.#role === "leader" || !this.#isVoter()) return;
    // A committed but unapplied change may have taken this member's vote away, or added a voter that must be asked.
    if (this.#log.someUnapplied((entry) => entry.type === "conf-change")) return;
    if (this.#config.preVote) this.#becomePreCandidate();
    else this.#becomeCandidate();
  }

  /** Takes a message of another member, or one of our own out of an `afterDurable` list. Never throws for a stale one. */
  step(message: Message): void {
    if (message.to !== this.#config.id) return;
    if (message.term > this.#term && !this.#acceptHigherTerm(message)) return;
    if (message.term < this.#term) {
      this.#answerLowerTerm(message);
      return;
    }
    this.#stepCurrentTerm(message);
  }

  /** Appends on the leader; a follower that knows the leader sends them on, and the outcome there stays unknown here. */
  propose(entries: readonly ProposalData[]): ProposeOutcome {
    if (this.#leadership === undefined) {
      if (this.#lead === NO_MEMBER) return "dropped: no leader";
      this.#outbox.send({ type: "propose", from: this.#config.id, to: this.#lead, term: this.#term, entries });
      return "accepted";
    }
    return this.#proposeAsLeader(this.#leadership, entries);
  }

  /** One membership change; refused while an earlier one is not applied (thesis §4.1). */
  proposeConfChange(data: Uint8Array): ProposeOutcome {
    return this.propose([{ type: "conf-change", data }]);
  }

  /**
   * Asks for an index that a linearizable read must wait for; it comes out of `ready().reads` under `requestId`, or never:
   * the caller asks again under a new id. Use a fresh id for every call.
   */
  readIndex(requestId: number): void {
    if (this.#leadership !== undefined) {
      this.#leadership.read({ from: this.#config.id, requestId });
    } else if (this.#lead !== NO_MEMBER) {
      const { id } = this.#config;
      this.#outbox.send({ type: "read-index", from: id, to: this.#lead, term: this.#term, context: requestId });
    }
  }

  /** Messages to the member may have been lost. */
  reportUnreachable(id: bigint): void {
    this.#leadership?.unreachable(id);
  }

  /** To be called when the change's entry is applied; every member does so at the same index. */
  applyConfChange(change: MemberChange): ConfState {
    this.#conf = changedConfState(this.#conf, change);
    if (this.#leadership !== undefined) {
      if (this.#isVoter()) this.#leadership.reconfigure(this.#conf);
      // A leader that is no member any more hands over to an election instead of leading from outside.
      else this.#becomeFollower(this.#term, NO_MEMBER);
    }
    return this.#conf;
  }

  /** The task's writes are durable, and with it those of every earlier task. Its `afterDurable` messages come next. */
  appended(token: AppendToken): void {
    // A token counts once. Which entries it still speaks for after a truncation, the log knows by the sequence: index and
    // term alone would confuse a replaced entry with an equal one that came back later.
    if (token.sequence <= this.#appendedSequence) return;
    invariant(token.sequence <= this.#sequence, `append ${token.sequence} was never handed out`);
    this.#appendedSequence = token.sequence;
    this.#log.written(token.sequence);
  }

  /** The state machine has recorded everything up to the token's index. */
  applied(token: ApplyToken): void {
    this.#log.appliedTo(token.lastIndex);
    this.#applyTasks = this.#applyTasks.filter((task) => task.lastIndex > token.lastIndex);
  }

  /** Forgets entries up to `index`, which must be applied and durably held by the state machine. */
  compact(index: number): void {
    this.#log.compact(index);
  }

  hasReady(): boolean {
    return (
      this.#outbox.hasMessages() ||
      this.#hasAppend() ||
      this.#hasApply() ||
      this.#softStateChange() !== undefined ||
      this.#outbox.reads.length > 0
    );
  }

  /** Everything to be done now. Each piece is handed out once. */
  ready(): Ready {
    const softState = this.#softStateChange();
    if (softState !== undefined) this.#reportedSoftState = softState;
    return {
      softState,
      append: this.#takeAppend(),
      apply: this.#takeApply(),
      send: this.#outbox.takeSend(),
      reads: this.#outbox.takeReads(),
    };
  }

  #tickLeader(leadership: Leadership): void {
    if (this.#electionElapsed >= this.#config.electionTicks) {
      this.#electionElapsed = 0;
      if (this.#config.checkQuorum && !leadership.takeQuorumActive()) {
        this.#becomeFollower(this.#term, NO_MEMBER);
        return;
      }
    }
    leadership.tick();
  }

  /** Paper §5.1: a higher term makes a follower. False when the message is to be ignored instead. */
  #acceptHigherTerm(message: Message): boolean {
    const { type, term, from } = message;
    if (type === "vote" || type === "pre-vote") {
      // Thesis §4.2.3: whoever hears a leader does not help to depose it, except for a transfer that the leader wants.
      const hearsLeader = this.#lead !== NO_MEMBER && this.#electionElapsed < this.#config.electionTicks;
      if (this.#config.checkQuorum && hearsLeader && !message.transfer) return false;
    }
    // Pre-votes are about a term that nobody has entered yet (thesis §9.6).
    if (type === "pre-vote" || (type === "pre-vote-response" && !message.reject)) {
      this.#stepFutureTerm(message);
      return false;
    }
    this.#becomeFollower(term, isFromLeader(type) ? from : NO_MEMBER);
    return true;
  }

  #stepFutureTerm(message: VoteRequest | VoteResponse): void {
    if (message.type === "pre-vote") this.#handleVoteRequest(message);
    else if (message.type === "pre-vote-response" && message.term === this.#term + 1) this.#handleVoteResponse(message);
  }

  #answerLowerTerm(message: Message): void {
    const { type, from } = message;
    const common = { from: this.#config.id, to: from, term: this.#term };
    if (isFromLeader(type)) {
      // A member that campaigned alone has raised its term; the leader learns of it by this answer, steps down and the
      // next election brings both together. Without quorum checks and pre-votes a vote request would do the same.
      if (!this.#config.checkQuorum && !this.#config.preVote) return;
      this.#outbox.sendAfterDurable({ ...common, type: "append-response", index: 0, ...NOT_REJECTED });
    } else if (type === "pre-vote") {
      this.#outbox.sendAfterDurable({ ...common, type: "pre-vote-response", reject: true });
    }
  }

  #stepCurrentTerm(message: Message): void {
    const { type, from } = message;
    if (type === "vote" || type === "pre-vote") {
      this.#handleVoteRequest(message);
    } else if (type === "vote-response" || type === "pre-vote-response") {
      this.#handleVoteResponse(message);
    } else if (isFromLeader(type)) {
      invariant(this.#role !== "leader", `two leaders in term ${this.#term}: this member and ${from}`);
      if (this.#role !== "follower" || this.#lead !== from) this.#becomeFollower(this.#term, from);
      this.#electionElapsed = 0;
      if (type === "append") this.#handleAppend(message);
      if (type === "heartbeat") this.#handleHeartbeat(message);
    } else if (type === "read-index-response") {
      this.#outbox.read({ requestId: message.context, index: message.index });
    } else if (type === "propose") {
      this.propose(message.entries);
    } else if (this.#leadership !== undefined) {
      this.#stepLeader(this.#leadership, message);
    }
  }

  #stepLeader(leadership: Leadership, message: Message): void {
    switch (message.type) {
      case "append-response":
        leadership.handleAppendResponse(message);
        break;
      case "heartbeat-response":
        leadership.handleHeartbeatResponse(message);
        break;
      case "read-index":
        leadership.read({ from: message.from, requestId: message.context });
        break;
    }
  }

  #proposeAsLeader(leadership: Leadership, entries: readonly ProposalData[]): ProposeOutcome {
    if (!this.#isVoter()) return "dropped: no leader";
    if (entries.some((entry) => entry.type === "conf-change") && leadership.confChangePending()) {
      return "dropped: conf change pending";
    }
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    return leadership.append(entries, bytes) ? "accepted" : "dropped: too much uncommitted";
  }

  #handleVoteRequest(message: VoteRequest): void {
    const { type, from, term } = message;
    const free = this.#vote === from || (this.#vote === NO_MEMBER && this.#lead === NO_MEMBER);
    // A pre-vote for a later term does not depend on what was voted in this one.
    const mayVote = free || (type === "pre-vote" && term > this.#term);
    const grant = mayVote && this.#log.isUpToDate(message.lastIndex, message.lastTerm);
    if (grant && type === "vote") {
      this.#electionElapsed = 0;
      this.#vote = from;
    }
    this.#outbox.sendAfterDurable({
      type: type === "vote" ? "vote-response" : "pre-vote-response",
      from: this.#config.id,
      to: from,
      // A granted pre-vote speaks for the asked-for term, a refusal tells ours.
      term: grant ? term : this.#term,
      reject: !grant,
    });
  }

  #handleVoteResponse(message: VoteResponse): void {
    const awaited = message.type === "vote-response" ? "candidate" : "pre-candidate";
    if (this.#role !== awaited) return;
    // The first answer of a member counts; it cannot change its mind within a term.
    if (!this.#votes.has(message.from)) this.#votes.set(message.from, !message.reject);
    this.#countVotes();
  }

  #countVotes(): void {
    const result = tallyVotes(this.#conf, this.#votes);
    if (result === "lost") this.#becomeFollower(this.#term, NO_MEMBER);
    else if (result === "won" && this.#role === "pre-candidate") this.#becomeCandidate();
    else if (result === "won") this.#becomeLeader();
  }

  #handleAppend(message: MessageOf<"append">): void {
    const { prevIndex, prevTerm, entries, commit, from } = message;
    const common = { type: "append-response", from: this.#config.id, to: from, term: this.#term } as const;
    if (prevIndex < this.#log.committed) {
      // What is committed matches the leader's log for certain; entries before it may even be compacted away.
      this.#outbox.sendAfterDurable({ ...common, index: this.#log.committed, ...NOT_REJECTED });
      return;
    }
    const matched = this.#log.appendAfter(prevIndex, prevTerm, entries);
    if (matched !== undefined) {
      this.#log.commitTo(Math.min(commit, matched));
      this.#outbox.sendAfterDurable({ ...common, index: matched, ...NOT_REJECTED });
      return;
    }
    // The hint lets the leader skip a whole term in one step (paper §5.3, end).
    const rejectHint = this.#log.lastIndexWithin(prevIndex, prevTerm);
    const rejectTerm = this.#log.termAt(rejectHint) ?? 0;
    this.#outbox.sendAfterDurable({ ...common, index: prevIndex, reject: true, rejectHint, rejectTerm });
  }

  #handleHeartbeat(message: MessageOf<"heartbeat">): void {
    // The leader sends at most what it knows to match, so the index is in our log.
    this.#log.commitTo(Math.min(message.commit, this.#log.lastIndex));
    const { from, context } = message;
    this.#outbox.send({ type: "heartbeat-response", from: this.#config.id, to: from, term: this.#term, context });
  }

  #becomeFollower(term: number, lead: bigint): void {
    this.#enterTerm(term);
    this.#role = "follower";
    this.#lead = lead;
    this.#leadership = undefined;
    this.#resetElectionTimer();
  }

  #becomePreCandidate(): void {
    this.#role = "pre-candidate";
    this.#lead = NO_MEMBER;
    // Our own pre-vote promises nothing, so it needs no disk.
    this.#votes = new Map([[this.#config.id, true]]);
    this.#resetElectionTimer();
    this.#requestVotes("pre-vote", this.#term + 1);
    this.#countVotes();
  }

  /** Paper §5.2. The own vote is a message like any other: it counts when it comes back from the disk. */
  #becomeCandidate(): void {
    this.#enterTerm(this.#term + 1);
    this.#role = "candidate";
    this.#lead = NO_MEMBER;
    this.#vote = this.#config.id;
    this.#votes = new Map();
    this.#resetElectionTimer();
    const { id } = this.#config;
    this.#outbox.sendAfterDurable({ type: "vote-response", from: id, to: id, term: this.#term, reject: false });
    this.#requestVotes("vote", this.#term);
  }

  #becomeLeader(): void {
    this.#role = "leader";
    this.#lead = this.#config.id;
    this.#electionElapsed = 0;
    this.#leadership = new Leadership(this.#config, this.#log, this.#outbox, this.#conf, this.#term);
  }

  #requestVotes(type: "vote" | "pre-vote", term: number): void {
    const { id } = this.#config;
    for (const to of new Set([...this.#conf.voters, ...this.#conf.votersOutgoing])) {
      if (to === id) continue;
      const { lastIndex, lastTerm } = this.#log;
      // It names a log and a term that must both survive a restart: otherwise the answer to a candidate that lost its
      // newest entries in a crash could still elect it.
      this.#outbox.sendAfterDurable({ type, from: id, to, term, lastIndex, lastTerm, transfer: false });
    }
  }

  #enterTerm(term: number): void {
    if (term === this.#term) return;
    invariant(term > this.#term, `term goes back from ${this.#term} to ${term}`);
    this.#term = term;
    this.#vote = NO_MEMBER;
  }

  #resetElectionTimer(): void {
    const { electionTicks, random } = this.#config;
    this.#electionElapsed = 0;
    this.#electionTimeout = electionTicks + random(electionTicks);
  }

  #isVoter(): boolean {
    return this.#conf.voters.includes(this.#config.id);
  }

  get #softState(): SoftState {
    return { role: this.#role, lead: this.#lead, term: this.#term };
  }

  #softStateChange(): SoftState | undefined {
    const now = this.#softState;
    const { role, lead, term } = this.#reportedSoftState;
    return now.role === role && now.lead === lead && now.term === term ? undefined : now;
  }

  #hardStateChange(): HardState | undefined {
    const { term, vote, commit } = this.#handedHardState;
    const now: HardState = { term: this.#term, vote: this.#vote, commit: this.#log.committed };
    return now.term === term && now.vote === vote && now.commit === commit ? undefined : now;
  }

  #hasAppend(): boolean {
    return this.#log.hasUnwritten() || this.#outbox.hasAfterDurable() || this.#hardStateChange() !== undefined;
  }

  #takeAppend(): AppendTask | undefined {
    if (!this.#hasAppend()) return undefined;
    const sequence = ++this.#sequence;
    const hardState = this.#hardStateChange();
    const ballotMoved =
      hardState !== undefined &&
      (hardState.term !== this.#handedHardState.term || hardState.vote !== this.#handedHardState.vote);
    if (hardState !== undefined) this.#handedHardState = hardState;
    const entries: readonly Entry[] = this.#log.takeUnwritten(sequence);
    const lastIndex = this.#log.lastIndex;
    if (this.#leadership !== undefined && entries.length > 0) this.#acknowledgeOwn(lastIndex);
    return {
      token: { term: this.#term, lastIndex, sequence },
      entries,
      hardState,
      snapshot: undefined,
      mustSync: entries.length > 0 || ballotMoved,
      afterDurable: this.#outbox.takeAfterDurable(),
    };
  }

  /** Thesis §10.2.1: the leader's own copy counts like any other, once it is durable. */
  #acknowledgeOwn(index: number): void {
    const { id } = this.#config;
    this.#outbox.sendAfterDurable({
      type: "append-response",
      from: id,
      to: id,
      term: this.#term,
      index,
      ...NOT_REJECTED,
    });
  }

  #hasApply(): boolean {
    return this.#log.hasUnapplied() && this.#applyBytesOut() < this.#config.applyBytesMax;
  }

  #applyBytesOut(): number {
    return this.#applyTasks.reduce((sum, task) => sum + task.bytes, 0);
  }

  #takeApply(): ApplyTask | undefined {
    if (!this.#hasApply()) return undefined;
    const { applyBytesMax, applyEntriesMax } = this.#config;
    const entries = this.#log.takeUnapplied(applyBytesMax - this.#applyBytesOut(), applyEntriesMax);
    const { index: lastIndex } = entries.at(-1) as Entry;
    this.#applyTasks.push({ lastIndex, bytes: entries.reduce((sum, entry) => sum + entryBytes(entry), 0) });
    return { token: { lastIndex }, entries };
  }
}

const NOT_REJECTED = { reject: false, rejectHint: 0, rejectTerm: 0 } as const;

/** Messages that only the leader of their term sends. */
function isFromLeader(type: Message["type"]): boolean {
  return type === "append" || type === "heartbeat" || type === "snapshot";
}
