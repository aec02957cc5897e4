/**
 * The keys that a request touches, and what may become of them by it. The end of a lease is no call of a history: who looks at
 * a key whose lease has ended finds it gone, and who sees it there has looked before. So two reads of a key that had a
 * lease have an order, as a write and a read have.
 */
import type { KeyValue, Operation, PutRequest, Request } from "./history.js";
import { firstNotLess } from "./sorted.js";

/** The keys from `key` to `end`, without `end`. */
export interface Span {
  readonly key: string;
  readonly end: string;
  readonly writes: boolean;
  /** One of the keys had a lease at some time. */
  readonly mayEnd: boolean;
}

/** Sorts after every key that a history can hold: keys are ASCII. */
const PAST_ALL_KEYS = "\uffff";

/** `leased`: see `leasedKeys`. */
export function spansOf(request: Request, leased: readonly string[]): readonly Span[] {
  const span = (key: string, end: string, writes: boolean): Span => {
    const next = leased[firstNotLess(leased, key)];
    return { key, end, writes, mayEnd: next !== undefined && next < end };
  };
  if (request.kind === "txn") {
    const compared = request.compare.map(({ key }) => span(key, `${key}\0`, false));
    return [...compared, ...[...request.success, ...request.failure].flatMap((op) => spansOf(op, leased))];
  }
  const { kind, key } = request;
  const rangeEnd = kind === "put" ? undefined : request.rangeEnd;
  const end = rangeEnd === undefined ? `${key}\0` : rangeEnd === "\0" ? PAST_ALL_KEYS : rangeEnd;
  return [span(key, end, kind !== "range")];
}

/** Whether it may make a difference to a key of both, which of the two comes first. */
export function collide(a: Span, b: Span): boolean {
  const isChanged = a.writes || b.writes || (a.mayEnd && b.mayEnd);
  return isChanged && a.key < b.end && b.key < a.end && !isEmpty(a) && !isEmpty(b);
}

/** The keys that were put with a lease, or were there with one before the history, ascending. */
export function leasedKeys(operations: readonly Operation[], initial: readonly KeyValue[]): readonly string[] {
  const puts = operations.flatMap(({ request }) => putsOf(request)).filter(({ lease = 0n }) => lease !== 0n);
  const held = initial.filter(({ lease }) => lease !== 0n);
  return [...new Set([...puts, ...held].map(({ key }) => key))].sort();
}

function isEmpty({ key, end }: Span): boolean {
  return key >= end;
}

function putsOf(request: Request): readonly PutRequest[] {
  if (request.kind === "txn") return [...request.success, ...request.failure].flatMap(putsOf);
  return request.kind === "put" ? [request] : [];
}
