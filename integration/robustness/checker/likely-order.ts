/**
 * Where a call is likely to have its place. The search believes no revision, but it has to try one call before another, and the
 * revisions of the answers tell which: an order that is there is found without a wrong turn, mostly. A guess that is wrong
 * costs steps and never a verdict, since whatever was not tried first is tried later.
 */
import type { Call } from "./calls.js";
import { didWrite, isAcknowledged, valuesOf } from "./history.js";
import type { Labels } from "./labels.js";
import { readPosition, writePosition } from "./placement.js";

/** Infinite for a call of unknown outcome that nobody has seen to happen: to be tried last. */
export function likelyPosition({ operation, request, response }: Call, labels: Labels): number {
  if (isAcknowledged(operation) && response !== undefined) {
    const { revision } = operation.outcome;
    return didWrite(response) ? writePosition(revision) : readPosition(revision);
  }
  const seen = valuesOf(request).flatMap((value) => labels.modRevisionOf(value) ?? []);
  return seen.length === 0 ? Number.POSITIVE_INFINITY : writePosition(Math.min(...seen));
}
