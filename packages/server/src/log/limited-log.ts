/**
 * Warnings of what may come in floods, a few lines a second at most: a stall of the disk makes everything slow at once, whoever
 * knocks may knock a thousand times, and a log that floods makes it worse. The next line says how many were left out.
 */
import type { Clock, Logger } from "../env.js";

/** Lines in one window. */
const LINES_MAX = 10;
const WINDOW_MS = 1000;

export class LimitedLog {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, "nowMs">;
  #windowMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  constructor(logger: Logger, clock: Pick<Clock, "nowMs">) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** `fields` is asked for only if the line is written. */
  warn(message: string, fields: () => object): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#windowMs >= WINDOW_MS) {
      this.#windowMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= LINES_MAX) {
      this.#leftOut++;
      return;
    }
    this.#lines++;
    const leftOut = this.#leftOut === 0 ? {} : { leftOut: this.#leftOut };
    this.#leftOut = 0;
    this.#logger.warn({ ...fields(), ...leftOut }, message);
  }
}
