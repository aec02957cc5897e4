/**
 * Keeps the cursors of idle watches ahead of compaction. By itself a server says how far an idle watch has been served every
 * ten minutes, its default, and many clusters forget their history sooner; a watch that is resumed from before that ends. So
 * it is asked, as often as a silent stream is asked for a sign of life.
 */
import type { Clock } from "../clock.js";

export const FRESH_EVERY_MS = 15_000;

export class Freshness {
  readonly #clock: Clock;
  readonly #ask: () => void;
  #cancel: () => void;

  constructor(clock: Clock, ask: () => void) {
    this.#clock = clock;
    this.#ask = ask;
    this.#cancel = this.#arm();
  }

  stop(): void {
    this.#cancel();
  }

  #arm(): () => void {
    return this.#clock.after(FRESH_EVERY_MS, () => {
      this.#cancel = this.#arm();
      this.#ask();
    });
  }
}
