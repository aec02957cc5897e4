/** The log of connections that TLS did not let in: a line each, up to the limit of what whoever knocks may write. */
import type { RefusedConnection } from "@kvorum/transport";
import type { Clock, Logger } from "../env.js";
import { LimitedLog } from "../log/limited-log.js";

export class RefusalLog {
  readonly #logger: Logger;
  readonly #limited: LimitedLog;
  readonly #message: string;

  constructor(clock: Clock, logger: Logger, side: "client" | "peer") {
    this.#logger = logger;
    this.#limited = new LimitedLog(logger, clock);
    this.#message = `rejected connection on ${side} endpoint`;
  }

  refused({ remoteAddress, serverName, reason, isHangUp }: RefusedConnection): void {
    const fields = { remoteAddress, serverName, reason };
    if (isHangUp) this.#logger.debug(fields, this.#message);
    else this.#limited.warn(this.#message, () => fields);
  }
}
