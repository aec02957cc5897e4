/**
 * Which answer makes a history impossible? The search looks ahead, to values that are still to be shown, so it may give up at a
 * call that is long before the one to blame. The one to blame is the first answer with which the history up to there has no
 * order any more: of that beginning every answer that came later is taken as unknown. Beginnings get worse as they get longer,
 * so it is found by halving.
 */
import { type Call, callsOf, conflict } from "./calls.js";
import type { Operation } from "./history.js";
import { Labels } from "./labels.js";
import { operationWitness, type Violation } from "./violation.js";
import { checkPart, type Limits, type PartInput, type Stuck } from "./wgl-part.js";
import { eventsOf } from "./windows.js";

export interface StuckInput {
  readonly calls: readonly Call[];
  readonly limits: Limits;
  /** Where the search of the whole gave up. */
  readonly found: Stuck;
}

export interface StuckReport {
  readonly violation: Violation;
  /** The longest order of the calls up to the one that has no place. */
  readonly prefix: readonly Operation[];
}

export function findStuck({ calls, limits, found }: StuckInput): StuckReport {
  const returns = eventsOf(calls).flatMap(({ kind, call }) => (kind === "return" ? [call] : []));
  // With the answers up to `good` there is an order, or nobody knows; with those up to `bad` there is none.
  let good = returns.indexOf(found.call) - 1;
  let bad = returns.length - 1;
  let order: Order = { calls: found.prefix, holds: () => found.holds };
  const probe = (last: number): void => {
    const result = checkPart(beginning(calls, returns, last, limits));
    if (result.kind === "stuck") bad = last;
    else good = last;
    if (result.kind === "linearizable") order = { calls: result.order, holds: result.holds };
  };
  if (good >= 0) probe(good);
  // What is to blame is near, mostly: first steps that double, then halves.
  for (let stride = 1; bad === returns.length - 1 && good + stride < bad; stride *= 2) probe(good + stride);
  while (bad - good > 1) probe((good + bad) >> 1);
  return report(returns[bad] as Call, order);
}

interface Order {
  readonly calls: readonly Call[];
  readonly holds: (call: Call) => string;
}

/** The history as it was known after the last return that counts. */
function beginning(calls: readonly Call[], returns: readonly Call[], last: number, limits: Limits): PartInput {
  const untilMs = returns[last]?.operation.return ?? 0;
  const returned = new Set(returns.slice(0, last + 1));
  const operations = calls
    .filter(({ operation }) => operation.invoke <= untilMs)
    .map(
      (call): Operation =>
        returned.has(call) ? call.operation : { ...call.operation, outcome: { status: "unknown" } },
    );
  const labels = new Labels(operations, limits.initial);
  return { ...limits, calls: callsOf(operations, limits.initial), labels, windowCallsMax: Number.POSITIVE_INFINITY };
}

/** So many of the calls before it are named with a call that has no place. */
const BEFORE_SHOWN_MAX = 3;

function report(call: Call, { calls, holds }: Order): StuckReport {
  const before = calls.filter((other) => conflict(call, other) && other.operation !== call.operation);
  return {
    violation: {
      rule: "not-linearizable",
      message: `no order explains this answer: the longest that can be has ${calls.length} calls and leaves ${holds(call)}`,
      witnesses: [call, ...before.slice(-BEFORE_SHOWN_MAX)].map(({ operation }) => operationWitness(operation)),
    },
    prefix: calls.map(({ operation }) => operation),
  };
}
