/** The one connection that a client of a recorded run has, and what its errors say. */
import { type Channel, RpcError, StatusCode } from "@kvorum/transport";
import type { Environment } from "../environment.js";

export interface ConnectionOptions {
  readonly environment: Environment;
  /** The member to ask; consulted for each new connection, since members come and go. */
  readonly endpoint: () => string;
}

export class Connection {
  readonly #options: ConnectionOptions;
  #channel: Channel | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Opened when it is first asked for, and again after it was closed. */
  get channel(): Channel {
    this.#channel ??= this.#options.environment.connect(this.#options.endpoint());
    return this.#channel;
  }

  async close(): Promise<void> {
    const channel = this.#channel;
    this.#channel = undefined;
    await channel?.close();
  }
}

/** With these the server says that it did nothing. */
const REFUSALS: ReadonlySet<number> = new Set([
  StatusCode.INVALID_ARGUMENT,
  StatusCode.FAILED_PRECONDITION,
  StatusCode.OUT_OF_RANGE,
  StatusCode.NOT_FOUND,
]);

/** Whether the server has said no, as against: nothing that could be relied on. Errors: whatever is no `RpcError`. */
export function isAnswer(error: unknown): boolean {
  if (!(error instanceof RpcError)) throw error;
  return REFUSALS.has(error.code);
}

/** Whether the call has certainly had no effect: the server said so, or was never asked. Errors: as for `isAnswer`. */
export function isRefusal(error: unknown): boolean {
  return isAnswer(error) || !(error as RpcError).maybeSent;
}
