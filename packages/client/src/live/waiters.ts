/** Waiting for a condition on state that changes here: whoever changes it calls `wake`. */
import { type Clock, sleep } from "../clock.js";

export class Waiters {
  readonly #clock: Clock;
  readonly #looks = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves with true when the condition holds, with false after `ms`; rejects with the reason of the first signal that aborts. */
  async until(
    condition: () => boolean,
    ms: number,
    ...signals: readonly (AbortSignal | undefined)[]
  ): Promise<boolean> {
    if (condition()) return true;
    const met = new AbortController();
    const look = (): void => {
      if (condition()) met.abort();
    };
    this.#looks.add(look);
    try {
      await sleep(this.#clock, ms, met.signal, ...signals);
      return condition();
    } catch (error) {
      if (met.signal.aborted) return true;
      throw error;
    } finally {
      this.#looks.delete(look);
    }
  }
}
