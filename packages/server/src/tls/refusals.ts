/** The log of connections that TLS did not let in: a line each, but only so many a second, whoever knocks. */
import type { RefusedConnection } from "@kvorum/transport";
import type { Clock, Logger } from "../env.js";

const LINES_PER_SECOND = 10;
const WINDOW_MS = 1000;

export class RefusalLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #message: string;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #untold = 0;

  constructor(clock: Clock, logger: Logger, side: "client" | "peer") {
    this.#clock = clock;
    this.#logger = logger;
    this.#message = `rejected connection on ${side} endpoint`;
  }

  refused({ remoteAddress, serverName, reason, isHangUp }: RefusedConnection): void {
    if (isHangUp) {
      this.#logger.debug({ remoteAddress, serverName, reason }, this.#message);
      return;
    }
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= LINES_PER_SECOND) {
      this.#untold += 1;
      return;
    }
    this.#lines += 1;
    const untold = this.#untold > 0 ? { untold: this.#untold } : {};
    this.#untold = 0;
    this.#logger.warn({ remoteAddress, serverName, reason, ...untold }, this.#message);
  }
}
