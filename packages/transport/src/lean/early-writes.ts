/**
 * When a turn's output is worth a write before the turn ends. A hundred calls that are made or answered in one turn would else all
 * travel together, and client and server wait for each other in turns; with the first of them on their way both have work.
 *
 * The first part is small, each that follows twice as large: what ends up large costs few more writes.
 */

/** Half of them showed no gain over it, and every write is a call of the system more. */
const FIRST_MESSAGES = 24;
/** Telling ten thousand watchers takes tens of milliseconds, in which those who are told first need not wait for the last. */
const BYTES = 64 * 1024;

export class EarlyWrites {
  #messages = 0;
  #bytes = 0;
  #messagesMax = FIRST_MESSAGES;

  /** A message more waits; true when what has gathered is to be written now. */
  message(bytes: number): boolean {
    this.#messages += 1;
    this.#bytes += bytes;
    if (this.#messages < this.#messagesMax && this.#bytes < BYTES) return false;
    this.#messagesMax *= 2;
    this.#messages = 0;
    this.#bytes = 0;
    return true;
  }

  /** All is written, and the turn has ended. */
  endTurn(): void {
    this.#messages = 0;
    this.#bytes = 0;
    this.#messagesMax = FIRST_MESSAGES;
  }
}
