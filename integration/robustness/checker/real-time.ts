/**
 * The last test: the order of revisions must be possible in real time. In a fixed order of positions, points in time can
 * be chosen within every operation's interval exactly when no operation ends before one of a strictly earlier position
 * begins. One pass over the positions with the latest invocation seen so far decides that; it is sound and complete.
 */
import { isReadOnly } from "./history.js";
import type { Place } from "./placement.js";
import { operationWitness, type Violation } from "./violation.js";

/** One violation for each operation that was invoked too late for its place. */
export function checkRealTime(places: readonly Place[]): Violation[] {
  const sorted = [...places].sort((a, b) => a.position - b.position);
  const violations = new Map<Place, Violation>();
  let latest: Place | undefined;
  for (let start = 0; start < sorted.length; ) {
    const position = sorted[start]?.position;
    let end = start;
    while (sorted[end]?.position === position) end++;
    const group = sorted.slice(start, end);
    for (const place of group) {
      if (latest === undefined || place.return >= latest.invoke || violations.has(latest)) continue;
      violations.set(latest, contradiction(latest, place));
    }
    for (const place of group) if (latest === undefined || place.invoke > latest.invoke) latest = place;
    start = end;
  }
  return [...violations.values()];
}

/** `earlier` stands before `later`, but was invoked only after `later` had returned. */
function contradiction(earlier: Place, later: Place): Violation {
  const words = isReadOnly(earlier.operation.request)
    ? "a stale answer: it comes from before an operation that had returned before this one was invoked"
    : isReadOnly(later.operation.request)
      ? "an answer from the future: it had returned before the write that it contains was invoked"
      : "two operations in the wrong order: the one that stands first was invoked after the other had returned";
  return {
    rule: "real-time",
    message: words,
    witnesses: [operationWitness(earlier.operation), operationWitness(later.operation)],
  };
}
