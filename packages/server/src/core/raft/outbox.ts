/** What Raft wants done and has not handed out yet: messages for now, messages for after the disk, finished reads. */
import type { Message, ReadState } from "./types.js";

export class Outbox {
  #send: Message[] = [];
  #afterDurable: Message[] = [];
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

  read(state: ReadState): void {
    this.#reads.push(state);
  }

  hasMessages(): boolean {
    return this.#send.length > 0;
  }

  hasAfterDurable(): boolean {
    return this.#afterDurable.length > 0;
  }

  takeSend(): readonly Message[] {
    return this.#send.splice(0);
  }

  takeAfterDurable(): readonly Message[] {
    return this.#afterDurable.splice(0);
  }

  takeReads(): readonly ReadState[] {
    return this.#reads.splice(0);
  }
}
