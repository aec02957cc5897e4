/** Which role follows from what: time that passes, votes that come in, leaders that are heard (paper figure 4). */
import { invariant } from "../invariant.js";
import { Election, type VoteResponse } from "./election.js";
import { Leadership } from "./leader.js";
import type { RaftParts } from "./parts.js";
import type { VoteResult } from "./quorum.js";
import { NO_MEMBER } from "./types.js";

export class Roles {
  readonly election: Election;
  readonly #parts: RaftParts;
  #leadership: Leadership | undefined;

  constructor(parts: RaftParts) {
    this.#parts = parts;
    this.election = new Election(parts);
  }

  /** Present exactly while the role is `leader`. */
  get leadership(): Leadership | undefined {
    return this.#leadership;
  }

  tick(): void {
    const { config, standing } = this.#parts;
    const leadership = this.#leadership;
    if (leadership === undefined) {
      if (standing.tickFollower()) this.campaign();
      return;
    }
    const isCheckDue = standing.tickLeader() && config.checkQuorum;
    if (isCheckDue && !leadership.takeQuorumActive()) this.stepDown();
    else leadership.tick();
  }

  campaign(): void {
    if (!this.election.mayStand()) return;
    if (this.#parts.config.preVote) this.#follow(this.election.startPreVote());
    else this.election.start(false);
  }

  handleVoteResponse(message: VoteResponse): void {
    this.#follow(this.election.handleResponse(message));
  }

  /** The leader wants this member to lead: it need not ask whether an election could be won. */
  takeOver(from: bigint): void {
    const { role, lead } = this.#parts.standing;
    const isFromOther = lead !== NO_MEMBER && lead !== from;
    if (role === "follower" && !isFromOther && this.election.mayStand()) this.election.start(true);
  }

  /** A message that only the leader of the current term sends. */
  heardLeader(from: bigint): void {
    const { standing } = this.#parts;
    const { term, role, lead } = standing;
    const isOther = lead !== NO_MEMBER && lead !== from;
    invariant(!isOther, `two leaders in term ${term}: ${lead} and ${from}`);
    if (role !== "follower" || lead !== from) this.becomeFollower(term, from);
    standing.heardLeader();
  }

  becomeFollower(term: number, lead: bigint): void {
    this.#parts.outbox.withdrawVoteRequests();
    this.#parts.standing.becomeFollower(term, lead);
    this.#leadership = undefined;
  }

  /** Somebody who does not lead has a higher term. */
  enterHigherTerm(term: number): void {
    this.#parts.outbox.withdrawVoteRequests();
    this.#parts.standing.enterHigherTerm(term);
    this.#leadership = undefined;
  }

  /** A leader that is no voter any more leaves the choice of another to an election, instead of leading from outside. */
  retire(): void {
    if (this.#leadership !== undefined) this.election.retire();
    this.stepDown();
  }

  /** Ends a leadership without a new term; whoever is elected next makes one. */
  stepDown(): void {
    if (this.#leadership !== undefined) this.becomeFollower(this.#parts.standing.term, NO_MEMBER);
  }

  /** What the votes heard so far lead to. */
  #follow(result: VoteResult): void {
    const { standing } = this.#parts;
    if (result === "lost") this.becomeFollower(standing.term, NO_MEMBER);
    else if (result === "won" && standing.role === "pre-candidate") this.election.start(false);
    else if (result === "won") this.#becomeLeader();
  }

  #becomeLeader(): void {
    this.#parts.standing.becomeLeader();
    this.#leadership = new Leadership(this.#parts);
  }
}
