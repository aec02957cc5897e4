/**
 * How often a client may ping, as servers of grpc-go enforce it; `../ping-policy.ts` has the same rule for an engine that does
 * not keep it itself. While a stream is open a ping may come at the interval, otherwise every two hours; what we have sent of
 * an answer since the last ping forgives everything, because clients measure the bandwidth with pings of their own.
 */

const IDLE_INTERVAL_MS = 2 * 3_600 * 1_000;

export class PingFloor {
  readonly #intervalMs: number;
  readonly #strikesMax: number;
  #lastMs: number = Number.NEGATIVE_INFINITY;
  #strikes = 0;

  constructor(intervalMs: number, strikesMax: number) {
    this.#intervalMs = intervalMs;
    this.#strikesMax = strikesMax;
  }

  /** Counts a ping; false when the client is to be sent away. */
  allows(nowMs: number, streamsOpen: boolean, forgiven: boolean): boolean {
    const sinceMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (this.#intervalMs === 0) return true;
    if (forgiven) this.#strikes = 0;
    else if (sinceMs < (streamsOpen ? this.#intervalMs : IDLE_INTERVAL_MS)) this.#strikes++;
    return this.#strikes <= this.#strikesMax;
  }
}
