/**
 * Slows down whoever guesses passwords: after a few failures in a row for one user from one address, attempts are refused
 * for a while that doubles with each further failure. A correct password clears it. The pause is short and bound to the
 * address, so that nobody can lock a user out from elsewhere.
 */
import type { Clock } from "../env.js";

/** Failures in a row that cost nothing: people mistype. */
const FREE_FAILURES = 5;
const PAUSE_MS = 100;
const PAUSE_MS_MAX = 5000;
/** A row of failures is forgotten after so long without another. */
const FORGET_MS = 60_000;
/** Pairs of user and address that are remembered; the one that failed longest ago makes way. */
const PAIRS_MAX = 10_000;

interface Failures {
  count: number;
  lastMs: number;
}

export class LoginBackoff {
  readonly #clock: Pick<Clock, "nowMs">;
  /** In the order of the last failure. */
  readonly #pairs = new Map<string, Failures>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** Pairs that are remembered, for tests. */
  get size(): number {
    return this.#pairs.size;
  }

  /** Whether this attempt must wait; it is then refused without a look at the password. */
  isPaused(user: string, address: string): boolean {
    const failures = this.#pairs.get(keyOf(user, address));
    if (failures === undefined || failures.count < FREE_FAILURES) return false;
    const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** (failures.count - FREE_FAILURES));
    return this.#clock.nowMs() < failures.lastMs + pauseMs;
  }

  failed(user: string, address: string): void {
    const nowMs = this.#clock.nowMs();
    const key = keyOf(user, address);
    const before = this.#pairs.get(key);
    const count = before === undefined || nowMs - before.lastMs > FORGET_MS ? 0 : before.count;
    this.#pairs.delete(key);
    this.#pairs.set(key, { count: count + 1, lastMs: nowMs });
    const [oldest] = this.#pairs.keys();
    if (this.#pairs.size > PAIRS_MAX && oldest !== undefined) this.#pairs.delete(oldest);
  }

  succeeded(user: string, address: string): void {
    this.#pairs.delete(keyOf(user, address));
  }
}

/** Bounded in length, whatever a caller sends as a name. */
function keyOf(user: string, address: string): string {
  return `${address}\0${user.slice(0, 256)}`;
}
