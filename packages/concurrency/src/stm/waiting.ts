/**
 * How long to wait after a conflict. At least one contender always gets through, since a conflict is somebody's commit; waiting
 * is for the others not to spend their attempts on the same few keys at the same moment.
 *
 * Full jitter under a ceiling that doubles (Brooker, "Exponential backoff and jitter", 2015). The unit is the time that the
 * commit took: contenders keep out of each other's way only when they spread over several of these, whatever the distance
 * to the cluster and its load.
 */
import type { ClientWorld } from "@kvorum/client";

/** Milliseconds, for a round trip that takes hardly any time. */
const BASE_MS = 1;
/** Doublings at most: the ceiling is then 64 round trips. */
const DOUBLINGS_MAX = 6;
const CAP_MS = 5_000;

/** Milliseconds to wait after the attempt of this number, counted from 1. */
export function conflictWaitMs({ random }: ClientWorld, attempt: number, roundTripMs: number): number {
  const unit = Math.max(BASE_MS, roundTripMs);
  return random() * Math.min(CAP_MS, unit * 2 ** Math.min(attempt, DOUBLINGS_MAX));
}
