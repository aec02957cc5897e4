/**
 * How long a lease can still be relied on. Pure arithmetic over two clocks; everything errs towards "expired earlier".
 *
 * The server counts the time to live from when it handles a keepalive, which is after we sent it. So counting from the send
 * is safe, on the assumption that the rates of the two machines' clocks differ by less than the margin.
 */

/** One moment on both clocks. */
export interface Instant {
  /** Monotonic. On Linux it stands still while the machine is suspended. */
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export type LeaseLife = "active" | "suspect" | "lost";

/** The wall clock must run ahead by more than this to be taken for a suspend and not for an adjustment. */
export const SUSPEND_MS = 1_000;
const MARGIN_MIN_MS = 250;
const MARGIN_OF_TTL = 0.05;
/** Share of the time to live without an acknowledgement, after which a lease is suspect. */
const SUSPECT_OF_TTL = 2 / 3;

export class LeaseDeadline {
  #ttlMs: number;
  /** When the request was sent that was acknowledged last. */
  #sentAt: Instant;

  constructor(ttlSeconds: number, sentAt: Instant) {
    this.#ttlMs = ttlSeconds * 1_000;
    this.#sentAt = sentAt;
  }

  /** Milliseconds to the deadline; 0 or less when it is past. */
  remainingMs(now: Instant): number {
    const marginMs = Math.max(MARGIN_MIN_MS, this.#ttlMs * MARGIN_OF_TTL);
    return this.#ttlMs - marginMs - this.#elapsed(now).ms;
  }

  life(now: Instant): LeaseLife {
    if (this.remainingMs(now) <= 0) return "lost";
    const elapsed = this.#elapsed(now);
    return elapsed.suspended || elapsed.ms >= this.#ttlMs * SUSPECT_OF_TTL ? "suspect" : "active";
  }

  /** A keepalive that was sent at `sentAt` was answered with this time to live. Answers may come out of order. */
  acknowledge(ttlSeconds: number, sentAt: Instant): void {
    if (sentAt.monotonicMs < this.#sentAt.monotonicMs) return;
    this.#ttlMs = ttlSeconds * 1_000;
    this.#sentAt = sentAt;
  }

  /** Monotonic time at which the next keepalive is due; `random` in [0, 1) spreads it by 10 % to both sides. */
  nextSendMs(random: number): number {
    return this.#sentAt.monotonicMs + (this.#ttlMs / 3) * (0.9 + 0.2 * random);
  }

  /** Milliseconds to wait for an answer before asking another member as well. */
  get patienceMs(): number {
    return Math.min(this.#ttlMs / 6, 2_000);
  }

  #elapsed(now: Instant): { readonly ms: number; readonly suspended: boolean } {
    const monotonicMs = now.monotonicMs - this.#sentAt.monotonicMs;
    const aheadMs = ranAheadMs(this.#sentAt, now);
    const suspended = aheadMs > SUSPEND_MS;
    return { ms: suspended ? monotonicMs + aheadMs : monotonicMs, suspended };
  }
}

/** By how much more the wall clock moved on than the monotonic one. */
export function ranAheadMs(from: Instant, to: Instant): number {
  return to.wallMs - from.wallMs - (to.monotonicMs - from.monotonicMs);
}
