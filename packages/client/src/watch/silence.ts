/**
 * Notices a stream that is open and dead. After 15 s without a word the server is asked for a sign of life; when two such
 * questions go unanswered the stream is given up.
 */
import type { Clock } from "../clock.js";

export const SILENCE_MS = 15_000;
const UNANSWERED_MAX = 2;

export interface SilenceActions {
  ask(): void;
  giveUp(): void;
}

export class Silence {
  readonly #clock: Clock;
  readonly #actions: SilenceActions;
  #heardAtMs: number;
  #unanswered = 0;
  #cancel: () => void;

  constructor(clock: Clock, actions: SilenceActions) {
    this.#clock = clock;
    this.#actions = actions;
    this.#heardAtMs = clock.nowMs();
    this.#cancel = this.#arm(SILENCE_MS);
  }

  heard(): void {
    this.#heardAtMs = this.#clock.nowMs();
    this.#unanswered = 0;
  }

  stop(): void {
    this.#cancel();
  }

  #arm(ms: number): () => void {
    return this.#clock.after(ms, () => this.#check());
  }

  #check(): void {
    // Each unanswered question moves the next check on by the same time.
    const dueMs = this.#heardAtMs + SILENCE_MS * (this.#unanswered + 1);
    const waitMs = dueMs - this.#clock.nowMs();
    if (waitMs > 0) {
      this.#cancel = this.#arm(waitMs);
    } else if (this.#unanswered >= UNANSWERED_MAX) {
      this.#actions.giveUp();
    } else {
      this.#unanswered += 1;
      this.#actions.ask();
      this.#cancel = this.#arm(SILENCE_MS);
    }
  }
}
