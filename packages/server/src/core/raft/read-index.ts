/**
 * Linearizable reads without log entries (thesis §6.4): note the commit index, let a majority confirm that this member
 * still leads, then answer. Confirmation is by round: each heartbeat broadcast carries the newest round, and an answer to
 * round `n` confirms every read that was asked for in a round up to `n`. Nothing is matched by request id, which a retry
 * could repeat.
 */

/** Reads that wait on one leader; more are forgotten, and asked again by their members. */
const READS_MAX = 10_000;

/** A read that waits. `from` is the member that asked, this one included. */
export interface PendingRead {
  readonly from: bigint;
  readonly requestId: number;
}

interface RoundRead extends PendingRead {
  readonly round: number;
  readonly index: number;
}

export class ReadIndexQueue {
  /** Reads asked for before the leader committed an entry of its own term: it does not know the commit index yet. */
  #early: PendingRead[] = [];
  #rounds: RoundRead[] = [];
  #round = 0;

  /** The newest round with a read in it; what a heartbeat carries. */
  get round(): number {
    return this.#round;
  }

  addEarly(read: PendingRead): void {
    if (this.#early.length < READS_MAX) this.#early.push(read);
  }

  takeEarly(): readonly PendingRead[] {
    return this.#early.splice(0);
  }

  /** Opens a new round for the read, which is to be answered with `index`. */
  add(read: PendingRead, index: number): void {
    if (this.#rounds.length >= READS_MAX) return;
    this.#round++;
    this.#rounds.push({ ...read, index, round: this.#round });
  }

  /** The reads of every round up to `round`, which a majority has answered for. */
  takeConfirmed(round: number): readonly (PendingRead & { readonly index: number })[] {
    const end = this.#rounds.findIndex((read) => read.round > round);
    return this.#rounds.splice(0, end === -1 ? this.#rounds.length : end);
  }

  inspect(): unknown {
    return { early: this.#early, rounds: this.#rounds, round: this.#round };
  }
}
