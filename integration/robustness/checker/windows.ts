/**
 * A history as a row of calls and returns, cut into windows that are short enough to search.
 *
 * A window may be cut anywhere, because what is handed on to the next one is everything that can be: each set of pending calls
 * that may have taken effect already, with the states that are possible then. Why that is exact: take an order that explains
 * the whole history, and of it the shortest beginning that holds all calls that have returned before the cut. Every call of that
 * beginning was invoked before the cut, since it stands before one that had returned by then; so the search of the window
 * comes to it, and the rest of the order is one that the next window can find. The other way round, what a window finds on top of
 * what it was handed is an order of both. A quiet moment needs no special treatment: there only calls of unknown outcome
 * are pending. Cuts are made where few calls are, to have little to hand on.
 */
import type { Call } from "./calls.js";

/** A call of unknown outcome has no return. */
export interface CallEvent {
  readonly kind: "call" | "return";
  readonly call: Call;
  readonly atMs: number;
}

export interface Window {
  readonly events: readonly CallEvent[];
}

/** More calls in one window make a search long; the bound of the specification. */
export const WINDOW_CALLS_MAX = 2_000;

/** In the order of time. A call that is invoked when another returns overlaps it, so calls go first. */
export function eventsOf(calls: readonly Call[]): readonly CallEvent[] {
  const invocations = calls.map((call): CallEvent => ({ kind: "call", call, atMs: call.operation.invoke }));
  const returns = calls
    .filter(({ response }) => response !== undefined)
    .map((call): CallEvent => ({ kind: "return", call, atMs: call.operation.return }));
  return [...invocations, ...returns].sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b));
}

/** Windows of at most so many invocations, one after the other; together they hold every event. */
export function windowsOf(calls: readonly Call[], callsMax: number = WINDOW_CALLS_MAX): readonly Window[] {
  const events = eventsOf(calls);
  const windows: Window[] = [];
  for (let start = 0; start < events.length; ) {
    const end = cutAfter(events, start, callsMax);
    windows.push({ events: events.slice(start, end) });
    start = end;
  }
  return windows;
}

/** Where the window that begins at `start` ends: in its last quarter, where the fewest calls are in flight. */
function cutAfter(events: readonly CallEvent[], start: number, callsMax: number): number {
  let invoked = 0;
  let inFlight = 0;
  let best = { at: events.length, inFlight: Number.POSITIVE_INFINITY };
  for (let at = start; at < events.length; at++) {
    const { kind, call } = events[at] as CallEvent;
    if (kind === "call" && invoked === callsMax) return best.at;
    if (kind === "call") invoked += 1;
    if (call.response !== undefined) inFlight += kind === "call" ? 1 : -1;
    if (invoked >= callsMax * 0.75 && inFlight <= best.inFlight) best = { at: at + 1, inFlight };
  }
  return events.length;
}

function rank({ kind }: CallEvent): number {
  return kind === "call" ? 0 : 1;
}
