/**
 * One of the two clusters of a migration, and patience with it: a call that finds nobody is made again until it has been in vain
 * for too long. Everything a migration writes says what a key is to be, so it may be sent twice.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type CallOptions, type Client, isEtcdError, TimeoutError, UnavailableError } from "@kvorum/client";

/** Milliseconds before a call is made again: at first, and at most. */
const PAUSE_MS = 250;
const PAUSE_MS_MAX = 5_000;

export interface SideOptions {
  readonly client: Client;
  /** Milliseconds for one call. */
  readonly callMs: number;
  /** Milliseconds for which nobody may answer before the migration gives up. */
  readonly patienceMs: number;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Told of each call that has to be made again. */
  readonly onRetry: (error: unknown) => void;
}

export class Side {
  readonly client: Client;
  readonly #options: SideOptions;

  constructor(options: SideOptions) {
    this.client = options.client;
    this.#options = options;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** Errors: what the call rejects with once patience has ended, and what no repetition mends; the signal's reason. */
  async patiently<T>(call: (client: Client, options: CallOptions) => Promise<T>): Promise<T> {
    const { client, callMs, patienceMs, signal, onRetry } = this.#options;
    const began = performance.now();
    for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2)) {
      try {
        return await call(client, { signal, timeout: callMs });
      } catch (error) {
        signal.throwIfAborted();
        if (!passes(error) || performance.now() - began > patienceMs) throw error;
        onRetry(error);
        await sleep(pauseMs, undefined, { signal });
      }
    }
  }
}

/** Whether the same call may succeed later: nobody answered, or there was no leader or too much to do. */
function passes(error: unknown): boolean {
  if (error instanceof TimeoutError || error instanceof UnavailableError) return true;
  return isEtcdError(error) && error.code === "UNAVAILABLE";
}
