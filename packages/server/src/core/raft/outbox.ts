/** What Raft wants done and has not handed out yet: messages for now, messages for after the disk, finished reads. */
import type { Message, ReadState } from "./types.js";

export class Outbox {
  #send: Message[] = [];
  #afterDurable: Message[] = [];
  /** Goes with the task of a snapshot, which is ahead of everything in `#afterDurable`. */
  #afterSnapshot: Message[] = [];
  #reads: ReadState[] = [];

  get reads(): readonly ReadState[] {
    return this.#reads;
  }

  /** For messages that promise nothing about this member's disk. */
  send(message: Message): void {
    this.#send.push(message);
  }

  /** For votes, requests for them, and acknowledgements. */
  sendAfterDurable(message: Message): void {
    this.#afterDurable.push(message);
  }

  /**
   * A campaign is over: requests that have not been handed out name a log that may be another one when they leave, and
   * votes given to them would be wasted.
   */
  withdrawVoteRequests(): void {
    this.#afterDurable = this.#afterDurable.filter(({ type }) => type !== "vote" && type !== "pre-vote");
  }

  /** What has been queued so far leaves with the snapshot's task; what follows may answer for entries of a later one. */
  sealForSnapshot(): void {
    this.#afterSnapshot.push(...this.#afterDurable.splice(0));
  }

  read(state: ReadState): void {
    this.#reads.push(state);
  }

  hasMessages(): boolean {
    return this.#send.length > 0;
  }

  hasAfterDurable(): boolean {
    return this.#afterDurable.length > 0 || this.#afterSnapshot.length > 0;
  }

  takeSend(): readonly Message[] {
    return this.#send.splice(0);
  }

  takeAfterDurable(): readonly Message[] {
    return this.#afterDurable.splice(0);
  }

  takeAfterSnapshot(): readonly Message[] {
    return this.#afterSnapshot.splice(0);
  }

  takeReads(): readonly ReadState[] {
    return this.#reads.splice(0);
  }

  inspect(): unknown {
    return {
      send: this.#send,
      afterDurable: this.#afterDurable,
      afterSnapshot: this.#afterSnapshot,
      reads: this.#reads,
    };
  }
}
