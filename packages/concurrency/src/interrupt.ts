/**
 * Ends of waiting. A wait ends when its caller aborts, when its time is up or when its session is lost; what was listened
 * to is let go with the wait, because sessions outlive thousands of waits. Time and chance are the client's, so that in a
 * test cluster they are the test's.
 */
import { type ClientWorld, isEtcdError, TimeoutError } from "@kvorum/client";

/** Ceiling of the pause between two attempts at something that is to be done eventually. */
const PAUSE_CAP_MS = 1_000;
const PAUSE_BASE_MS = 25;

/** One signal for several ends. Dispose it when the wait is over. */
export class Interrupt implements Disposable {
  readonly #abort = new AbortController();
  readonly #release: (() => void)[] = [];

  /** `timeoutMs` of the whole wait; its end is a `TimeoutError` that names `what`. */
  constructor(world: ClientWorld, what: string, signals: readonly (AbortSignal | undefined)[], timeoutMs?: number) {
    for (const signal of signals) {
      if (signal !== undefined) this.#follow(signal);
    }
    if (timeoutMs === undefined) return;
    this.#release.push(world.clock.after(timeoutMs, () => this.#abort.abort(timeoutError(what, timeoutMs))));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  [Symbol.dispose](): void {
    for (const release of this.#release.splice(0)) release();
  }

  #follow(signal: AbortSignal): void {
    if (signal.aborted) {
      this.#abort.abort(signal.reason);
      return;
    }
    const listener = (): void => this.#abort.abort(signal.reason);
    signal.addEventListener("abort", listener, { once: true });
    this.#release.push(() => signal.removeEventListener("abort", listener));
  }
}

/** Settles as the promise does, or rejects with the signal's reason if that comes first; the work itself goes on. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Resolves after `ms`; rejects with the signal's reason. */
export function pause({ clock }: ClientWorld, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal.reason);
    };
    const elapsed = (): void => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    };
    const cancel = clock.backOff?.(ms, elapsed) ?? clock.after(ms, elapsed);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * Repeats what may be repeated until the cluster has answered: a write whose outcome is unknown, a read that nobody
 * answered. For operations that do the same however often they are done. Rejects with any other error, and with the
 * signal's reason.
 */
export async function persist<T>(world: ClientWorld, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!isTransient(error)) throw error;
      const ceiling = Math.min(PAUSE_CAP_MS, PAUSE_BASE_MS * 2 ** failures);
      await pause(world, ceiling * (0.5 + world.random() / 2), signal);
    }
  }
}

/** May the same request succeed a moment later, with nothing changed but the state of the network and the cluster? */
export function isTransient(error: unknown): boolean {
  if (!isEtcdError(error) || error.reason === "closed") return false;
  return error.outcome === "unknown" || error.code === "UNAVAILABLE" || error.code === "DEADLINE_EXCEEDED";
}

function timeoutError(what: string, timeoutMs: number): TimeoutError {
  return new TimeoutError(`${what} took longer than ${timeoutMs} ms`, {
    code: "DEADLINE_EXCEEDED",
    reason: "timeout",
    outcome: "not-applied",
  });
}
