/**
 * A token bucket that keeps retries at a tenth of the traffic, so that a struggling cluster does not get its load
 * multiplied by its clients (gRFC A6, "Throttling Retry Attempts", has the same idea).
 */
const TOKENS_MAX = 10;
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
