/** Who this member is at the moment: its term, its vote, the leader it knows, its role, and how long it has waited. */
import { invariant } from "../invariant.js";
import type { RaftConfig } from "./config.js";
import { type HardState, NO_MEMBER, type Role, type SoftState } from "./types.js";

/** The last term there can be. A member that reached it stands in no election any more. */
export const TERM_MAX: number = Number.MAX_SAFE_INTEGER;

export class Standing {
  readonly #config: RaftConfig;
  #term: number;
  #vote: bigint;
  #lead: bigint = NO_MEMBER;
  #role: Role = "follower";
  /** Ticks since a valid leader was heard or a vote was given; for a leader, since the last quorum check. */
  #elapsedTicks = 0;
  #timeoutTicks = 0;

  constructor(config: RaftConfig, { term, vote }: Pick<HardState, "term" | "vote">) {
    this.#config = config;
    this.#term = term;
    this.#vote = vote;
    this.#restartTimer();
  }

  get term(): number {
    return this.#term;
  }

  get vote(): bigint {
    return this.#vote;
  }

  get lead(): bigint {
    return this.#lead;
  }

  get role(): Role {
    return this.#role;
  }

  get softState(): SoftState {
    return { role: this.#role, lead: this.#lead, term: this.#term };
  }

  /** Thesis §4.2.3: a leader was heard within the shortest election timeout. */
  get hearsLeader(): boolean {
    return this.#lead !== NO_MEMBER && this.#elapsedTicks < this.#config.electionTicks;
  }

  /**
   * True when the wait drawn for this round is over. A campaign starts the next one; for whoever may not stand, a learner
   * for instance, it stays over, so that a leader that is gone is not protected anew again and again.
   */
  tickFollower(): boolean {
    this.#elapsedTicks = Math.min(this.#elapsedTicks + 1, this.#timeoutTicks);
    return this.#elapsedTicks === this.#timeoutTicks;
  }

  /** True once an election timeout, when a leader has to ask itself whether it still has a majority. */
  tickLeader(): boolean {
    this.#elapsedTicks++;
    if (this.#elapsedTicks < this.#config.electionTicks) return false;
    this.#elapsedTicks = 0;
    return true;
  }

  heardLeader(): void {
    this.#elapsedTicks = 0;
  }

  voteFor(id: bigint): void {
    this.#vote = id;
    this.#elapsedTicks = 0;
  }

  forgetLeader(): void {
    this.#lead = NO_MEMBER;
  }

  becomeFollower(term: number, lead: bigint): void {
    this.#enterTerm(term);
    this.#become("follower", lead);
    this.#restartTimer();
  }

  /**
   * A follower of nobody, because somebody has a higher term. That alone is no reason to wait anew (paper §5.2 names only a
   * leader that is heard and a vote that is given): a candidate that cannot win must not keep the one that can from standing.
   */
  enterHigherTerm(term: number): void {
    if (this.#role === "leader") this.#restartTimer();
    this.#enterTerm(term);
    this.#become("follower", NO_MEMBER);
  }

  becomePreCandidate(): void {
    this.#become("pre-candidate", NO_MEMBER);
    this.#restartTimer();
  }

  becomeCandidate(): void {
    this.#enterTerm(this.#term + 1);
    this.#become("candidate", NO_MEMBER);
    this.#vote = this.#config.id;
    this.#restartTimer();
  }

  becomeLeader(): void {
    this.#become("leader", this.#config.id);
    this.#elapsedTicks = 0;
  }

  inspect(): unknown {
    const timer = { elapsedTicks: this.#elapsedTicks, timeoutTicks: this.#timeoutTicks };
    return { ...this.softState, vote: this.#vote, ...timer };
  }

  #become(role: Role, lead: bigint): void {
    this.#role = role;
    this.#lead = lead;
  }

  #enterTerm(term: number): void {
    if (term === this.#term) return;
    invariant(term > this.#term && term <= TERM_MAX, `term moves from ${this.#term} to ${term}`);
    this.#term = term;
    this.#vote = NO_MEMBER;
  }

  #restartTimer(): void {
    const { electionTicks, random } = this.#config;
    this.#elapsedTicks = 0;
    this.#timeoutTicks = electionTicks + random(electionTicks);
  }
}
