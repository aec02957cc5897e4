/**
 * How long to wait before asking again: exponential, with full jitter ("Exponential Backoff And Jitter", AWS Architecture
 * Blog, 2015), so that clients that lost the same server do not return in step.
 */
export interface Backoff {
  /** Ceiling of the first wait, in milliseconds. */
  readonly baseMs: number;
  /** Ceiling of every wait. */
  readonly capMs: number;
}

/** Of unary calls and of streams that resume. */
export const DEFAULT_BACKOFF: Backoff = { baseMs: 50, capMs: 2_000 };

/** Milliseconds to wait before retry number `retry` (0 is the first); `random` is in [0, 1). */
export function backoffMs(backoff: Backoff, retry: number, random: number): number {
  const ceiling = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(retry, 30));
  return ceiling * random;
}
