/**
 * A token bucket that keeps retries at a tenth of the traffic, so that a struggling cluster does not get its load
 * multiplied by its clients (gRFC A6, "Throttling Retry Attempts", has the same idea).
 */

/** Retries at once, saved up in quiet times. Enough for the calls in flight of a busy client to live through an election. */
const TOKENS_MAX = 100;
const TOKENS_PER_CALL = 0.1;

export class RetryBudget {
  #tokens = TOKENS_MAX;

  /** Called once for each new call. */
  earn(): void {
    this.#tokens = Math.min(TOKENS_MAX, this.#tokens + TOKENS_PER_CALL);
  }

  /** May one more retry be sent? */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
