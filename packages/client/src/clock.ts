/**
 * The seam to time. Durations are measured on the monotonic clock; the wall clock is read only to notice that the machine
 * was suspended. Tests drive a clock of their own.
 */
export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Wall-clock milliseconds. */
  wallMs(): number;
  /** Calls `action` once after `ms`; the answer cancels it. */
  after(ms: number, action: () => void): () => void;
  /** The same before something is tried again, for a clock that lets time pass for that. Default: `after`. */
  backOff?(ms: number, action: () => void): () => void;
}

/** What a client takes for time and chance. What is built on a client takes it from there, and follows it into a test's time. */
export interface ClientWorld {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Longest delay a Node timer takes; above it the timer would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, Math.min(Math.max(ms, 0), TIMER_MAX_MS));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`; rejects with the reason of the first signal that aborts. */
export function sleep(clock: Clock, ms: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const signal of signals) {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
    }
    const settle = (finish: () => void): void => {
      cancel();
      for (const [signal, listener] of listeners) signal.removeEventListener("abort", listener);
      finish();
    };
    const listeners: [AbortSignal, () => void][] = [];
    const elapsed = (): void => settle(resolve);
    const cancel = clock.backOff?.(ms, elapsed) ?? clock.after(ms, elapsed);
    for (const signal of signals) {
      if (signal === undefined) continue;
      const listener = (): void => settle(() => reject(signal.reason));
      signal.addEventListener("abort", listener, { once: true });
      listeners.push([signal, listener]);
    }
  });
}
