/**
 * S1 (a term has one leader) and S2 (a member votes once a term, and what it has promised is on its disk before it says so).
 * Votes are read off the disks and off the messages that leave.
 */
import type { Message } from "../../../src/core/raft/types.js";
import { violated } from "../violation.js";
import type { Ballot, DurableLog } from "./durable-log.js";

export class Ballots {
  /** Term → who led it. */
  readonly #leaders: Map<number, string> = new Map();
  /** Member and term → whom it voted for. */
  readonly #votes: Map<string, bigint> = new Map();

  /** Returns whether the term is new. */
  leads(name: string, term: number): boolean {
    const known = this.#leaders.get(term);
    if (known !== undefined && known !== name) violated("S1", `${known} and ${name} lead term ${term}`);
    this.#leaders.set(term, name);
    return known === undefined;
  }

  /** The disk of a machine holds another term or vote than before. */
  written(name: string, before: Ballot, now: Ballot): void {
    if (now.term < before.term)
      violated("S2", `the term on ${name}'s disk goes back from ${before.term} to ${now.term}`);
    if (now.term === before.term && before.vote !== 0n && now.vote !== before.vote) {
      violated(
        "S2",
        `the vote on ${name}'s disk in term ${now.term} goes from ${hex(before.vote)} to ${hex(now.vote)}`,
      );
    }
  }

  /** A message leaves; `log` is what its sender's disk holds at that moment. */
  sent(name: string, message: Message, log: DurableLog): void {
    if (message.type === "vote-response" && !message.reject) this.#granted(name, message.from, message, log);
    else if (message.type === "vote") {
      this.#granted(name, message.from, { term: message.term, to: message.from }, log);
      const stands = log.ballot.term === message.term && !this.#isLost(name, message.term);
      if (stands && message.lastIndex > log.lastIndex) {
        violated("S2", `${name} asks for votes with entry ${message.lastIndex}; its disk ends with ${log.lastIndex}`);
      }
    }
  }

  /**
   * Another leads the term, which nobody can win any more. What it sent may have taken entries away that an earlier request
   * for votes names, and one write of the disk can let both take effect before the request leaves.
   */
  #isLost(name: string, term: number): boolean {
    return (this.#leaders.get(term) ?? name) !== name;
  }

  #granted(
    name: string,
    voter: bigint,
    { term, to }: { readonly term: number; readonly to: bigint },
    log: DurableLog,
  ): void {
    const { ballot } = log;
    if (ballot.term < term || (ballot.term === term && ballot.vote !== to)) {
      violated(
        "S2",
        `${name} votes for ${hex(to)} in term ${term}; its disk says ${hex(ballot.vote)} in term ${ballot.term}`,
      );
    }
    const key = `${voter} ${term}`;
    const before = this.#votes.get(key) ?? to;
    if (before !== to) violated("S2", `${name} votes for ${hex(before)} and for ${hex(to)} in term ${term}`);
    this.#votes.set(key, to);
  }
}

function hex(id: bigint): string {
  return id === 0n ? "nobody" : id.toString(16);
}
