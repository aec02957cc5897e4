/**
 * Elections (paper §5.2 and §5.4.1; thesis §9.6 for pre-votes): who may stand, who is asked, who gets this member's vote,
 * and what the answers add up to. Which role follows from that, `raft.ts` decides.
 */
import { acknowledgement, type RaftParts } from "./parts.js";
import { tallyVotes, type VoteResult } from "./quorum.js";
import { TERM_MAX } from "./standing.js";
import { type Message, type MessageOf, NO_MEMBER } from "./types.js";

export type VoteRequest = MessageOf<"vote" | "pre-vote">;
export type VoteResponse = MessageOf<"vote-response" | "pre-vote-response">;

export class Election {
  readonly #parts: RaftParts;
  /** Votes heard in the current (pre-)campaign. */
  #votes: Map<bigint, boolean> = new Map();
  /** The term in which this member led until it was removed; 0 when that never happened, or is forgotten by a restart. */
  #retiredTerm = 0;

  constructor(parts: RaftParts) {
    this.#parts = parts;
  }

  mayStand(): boolean {
    const { config, log, standing, conf } = this.#parts;
    if (standing.role === "leader" || standing.term >= TERM_MAX || !conf.isVoter(config.id)) return false;
    // What it would lead with is not on its disk yet.
    if (log.restoring) return false;
    // A committed but unapplied change may have taken this member's vote away, or added a voter that must be asked.
    return !log.someUnapplied((entry) => entry.type === "conf-change");
  }

  /** Asks whether an election could be won. Our own pre-vote promises nothing, so it needs no disk. */
  startPreVote(): VoteResult {
    const { config, outbox, standing } = this.#parts;
    outbox.withdrawVoteRequests();
    standing.becomePreCandidate();
    this.#votes = new Map([[config.id, true]]);
    this.#requestVotes("pre-vote", standing.term + 1, false);
    return this.#tally();
  }

  /** Paper §5.2. The own vote is a message like any other: it counts when it comes back from the disk. */
  start(transfer: boolean): void {
    const { config, outbox, standing } = this.#parts;
    outbox.withdrawVoteRequests();
    standing.becomeCandidate();
    this.#votes = new Map();
    const { id } = config;
    outbox.sendAfterDurable({ type: "vote-response", from: id, to: id, term: standing.term, reject: false });
    this.#requestVotes("vote", standing.term, transfer);
  }

  /** Thesis §4.2.3: whoever hears a leader does not help to depose it, except for a transfer that the leader wants. */
  ignores(message: VoteRequest): boolean {
    const { config, standing } = this.#parts;
    return config.checkQuorum && standing.hearsLeader && !message.transfer;
  }

  /**
   * Whoever is asked and may, votes: it may be a voter already without knowing it, and the others may need it. So the own
   * configuration is not looked at.
   */
  handleRequest(message: VoteRequest): void {
    const { config, outbox, standing } = this.#parts;
    const { type, from, term } = message;
    const free = standing.vote === from || (standing.vote === NO_MEMBER && standing.lead === NO_MEMBER);
    // A pre-vote for a later term does not depend on what was voted in this one.
    const mayVote = free || (type === "pre-vote" && term > standing.term);
    const grant = mayVote && this.#isUpToDate(message);
    if (grant && type === "vote") standing.voteFor(from);
    outbox.sendAfterDurable({
      type: type === "vote" ? "vote-response" : "pre-vote-response",
      from: config.id,
      to: from,
      // A granted pre-vote speaks for the asked-for term, a refusal tells ours.
      term: grant ? term : standing.term,
      reject: !grant,
    });
  }

  /** What is decided with this answer; nothing when it belongs to another campaign. */
  handleResponse(message: VoteResponse): VoteResult {
    const awaited = message.type === "vote-response" ? "candidate" : "pre-candidate";
    if (this.#parts.standing.role !== awaited) return "pending";
    // The first answer of a member counts; it cannot change its mind within a term.
    if (!this.#votes.has(message.from)) this.#votes.set(message.from, !message.reject);
    return this.#tally();
  }

  /** To a message of a term that is over. */
  answerLowerTerm({ type, from }: Message): void {
    const { config, outbox, standing } = this.#parts;
    if (isFromLeader(type)) {
      // Paper §5.1. A member that campaigned alone has raised its term; the leader learns of it by this answer, steps down
      // and the next election brings both together. etcd answers with quorum checks or pre-votes only, as a request for
      // votes would do the same; but one who has not heard of the voters of today asks those of yesterday.
      outbox.sendAfterDurable(acknowledgement(this.#parts, from, 0));
    } else if (type === "pre-vote") {
      const { term } = standing;
      outbox.sendAfterDurable({ type: "pre-vote-response", from: config.id, to: from, term, reject: true });
    }
  }

  /** The leader steps down because it is no voter any more. */
  retire(): void {
    this.#retiredTerm = this.#parts.standing.term;
  }

  inspect(): unknown {
    return { votes: this.#votes, retiredTerm: this.#retiredTerm };
  }

  #tally(): VoteResult {
    return tallyVotes(this.#parts.conf.active, this.#votes);
  }

  /**
   * Paper §5.4.1, with one exception. The leader that stepped down on its own removal has, above its commit index, entries
   * of its term only, and nobody can commit them by counting copies any more: the leader of that term would have to, and
   * it was this member. A later leader that holds them commits them with an entry of its own, and if this member is among
   * those who have that one, its log does not end in the old term any longer. So they may be lost, and the vote is not held
   * back for them: members that have not heard of the removal may need it.
   */
  #isUpToDate({ lastIndex, lastTerm }: VoteRequest): boolean {
    const { log } = this.#parts;
    const isRetired = log.lastTerm === this.#retiredTerm;
    return isRetired ? log.coversCommitted(lastIndex, lastTerm) : log.isUpToDate(lastIndex, lastTerm);
  }

  #requestVotes(type: "vote" | "pre-vote", term: number, transfer: boolean): void {
    const { config, log, outbox, conf } = this.#parts;
    const { id: from } = config;
    const { lastIndex, lastTerm } = log;
    for (const to of new Set([...conf.active.voters, ...conf.active.votersOutgoing])) {
      if (to === from) continue;
      // It names a log and a term that must both survive a restart: otherwise the answer to a candidate that lost its
      // newest entries in a crash could still elect it.
      outbox.sendAfterDurable({ type, from, to, term, lastIndex, lastTerm, transfer });
    }
  }
}

/** Messages that only the leader of their term sends. */
export function isFromLeader(type: Message["type"]): boolean {
  return type === "append" || type === "heartbeat" || type === "snapshot";
}
