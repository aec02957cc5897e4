/** How often something may happen: so many times at once, and so many a second in the long run. */
export class Rate {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #lastMs: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / 1_000;
    this.#burst = burst;
    this.#left = burst;
    this.#lastMs = undefined;
  }

  /** Counts one; false when it was one too many. */
  allows(nowMs: number): boolean {
    const sinceMs = nowMs - (this.#lastMs ?? nowMs);
    this.#lastMs = nowMs;
    this.#left = Math.min(this.#burst, this.#left + sinceMs * this.#perMs);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
