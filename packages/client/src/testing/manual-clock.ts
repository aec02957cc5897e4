/** A clock that stands still until a test moves it. Timers fire in order, at their own time. */
import type { Clock } from "../clock.js";

export class ManualClock implements Clock {
  #nowMs = 1_000;
  #wallOffsetMs = 1_700_000_000_000;
  #timers: { readonly atMs: number; readonly action: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves time on, firing what becomes due and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#timers.reduce<{ atMs: number; action: () => void } | undefined>(
        (first, timer) => (first === undefined || timer.atMs < first.atMs ? timer : first),
        undefined,
      );
      if (next === undefined || next.atMs > endMs) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.action();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** Time passes and no timer runs: a blocked event loop. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Wall time passes and the monotonic clock does not: a suspended machine. */
  suspend(ms: number): void {
    this.#wallOffsetMs += ms;
  }
}

/** Lets everything run that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
