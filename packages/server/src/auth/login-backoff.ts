/**
 * Slows down whoever guesses passwords: after a few failures in a row for one user from one address, attempts are refused
 * for a while that doubles with each further failure. A correct password clears it. The pause is short and bound to the
 * address, so that nobody can lock a user out from elsewhere.
 */
import type { Clock } from "../env.js";
import { tooManyLogins } from "./too-many-logins.js";

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
  /** Pairs beyond their free failures whose password is being checked; no more than there are checks at once. */
  readonly #checking = new Set<string>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** Pairs that are remembered, for tests. */
  get size(): number {
    return this.#pairs.size;
  }

  /**
   * Whether the password fits, as `check` finds out. After the free failures attempts are made one by one, for many at once
   * would all come before the pause.
   *
   * Errors: `tooManyLogins` for one that must wait, without a look at the password; those of `check`.
   */
  async attempt(user: string, address: string, check: () => Promise<boolean>): Promise<boolean> {
    const key = keyOf(user, address);
    const isWatched = this.#isWatched(key);
    if (isWatched && (this.#checking.has(key) || this.#isPaused(key))) throw tooManyLogins();
    if (isWatched) this.#checking.add(key);
    try {
      const fits = await check();
      if (fits) this.#pairs.delete(key);
      else this.#failed(key);
      return fits;
    } finally {
      if (isWatched) this.#checking.delete(key);
    }
  }

  #isWatched(key: string): boolean {
    return (this.#pairs.get(key)?.count ?? 0) >= FREE_FAILURES;
  }

  #isPaused(key: string): boolean {
    const failures = this.#pairs.get(key);
    if (failures === undefined) return false;
    const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** (failures.count - FREE_FAILURES));
    return this.#clock.nowMs() < failures.lastMs + pauseMs;
  }

  #failed(key: string): void {
    const nowMs = this.#clock.nowMs();
    const before = this.#pairs.get(key);
    const count = before === undefined || nowMs - before.lastMs > FORGET_MS ? 0 : before.count;
    this.#pairs.delete(key);
    this.#pairs.set(key, { count: count + 1, lastMs: nowMs });
    const [oldest] = this.#pairs.keys();
    if (this.#pairs.size > PAIRS_MAX && oldest !== undefined) this.#pairs.delete(oldest);
  }
}

/** Bounded in length, whatever a caller sends as a name. */
function keyOf(user: string, address: string): string {
  return `${address}\0${user.slice(0, 256)}`;
}
