/**
 * Which of the endpoints that may be asked is asked. "Two choices": of two random ones the less busy, which is nearly as good
 * as knowing all and does not make every client run to the same member (M. Mitzenmacher, "The Power of Two Choices in
 * Randomized Load Balancing", 2001).
 */
import type { EndpointState } from "./endpoint-health.js";

/**
 * - `two-choices`, the default: of two random members the one with fewer calls in flight, then the faster one, then the one
 *   that was asked longest ago.
 * - `round-robin`: one after the other. `pick-first`: the first that works, for streams as well.
 */
export type BalancerPolicy = "two-choices" | "round-robin" | "pick-first";

/** An endpoint, as a picker sees it. */
export interface Candidate {
  readonly address: string;
  readonly state: EndpointState;
  /** Unary calls without an answer yet, and streams that are open. */
  readonly inFlight: number;
  readonly streams: number;
  /** Moving average of the time to an answer, in milliseconds; 0 when nothing was measured. */
  latencyMs(nowMs: number): number;
  /** The newest revision seen in an answer; 0n for none. */
  readonly revision: bigint;
}

/** A choice of the user's own. */
export interface Picker {
  /**
   * Chooses one of the candidates (at least two), those to be avoided left out already. `nowMs` is monotonic. Anything else
   * than one of them is a `TypeError` of the call; what it throws rejects the call.
   */
  pick<C extends Candidate>(candidates: readonly C[], kind: "unary" | "stream", nowMs: number): C;
}

/** Latencies that differ by less than this factor count as equal: a preference must not come from noise. */
const LATENCY_FACTOR = 2;

/** The better of two for a unary call. */
export function better<C extends Candidate & { readonly picked: number }>(a: C, b: C, nowMs: number): C {
  if (a.inFlight !== b.inFlight) return a.inFlight < b.inFlight ? a : b;
  // A millisecond on top: below that, members differ by chance.
  const aMs = a.latencyMs(nowMs) + 1;
  const bMs = b.latencyMs(nowMs) + 1;
  if (aMs * LATENCY_FACTOR < bMs) return a;
  if (bMs * LATENCY_FACTOR < aMs) return b;
  return a.picked <= b.picked ? a : b;
}
