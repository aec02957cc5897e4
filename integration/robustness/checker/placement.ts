/**
 * The place that each acknowledged operation claims by its header revision. A write stands at its revision; everything
 * else stands between its header revision and the next, because etcd takes the header of a KV answer inside the same
 * read transaction. The place of a serializable read says nothing about time.
 */
import { type Acknowledged, didWrite, isAcknowledged, type Operation } from "./history.js";
import { operationWitness, type Violation } from "./violation.js";

export interface Placement {
  /** Acknowledged writes by revision; more than one at a place is a violation. */
  readonly writers: readonly (readonly Acknowledged[])[];
  /** Calls that wrote nothing, by the revision whose state they saw. */
  readonly observers: readonly (readonly Acknowledged[])[];
  readonly places: Place[];
  readonly violations: Violation[];
}

/** A position in the total order of revisions, and the time within which the operation took effect. */
export interface Place {
  readonly position: number;
  readonly operation: Operation;
  readonly invoke: number;
  /** Infinity where the outcome was unknown. */
  readonly return: number;
}

export function writePosition(revision: number): number {
  return 2 * revision;
}

/** After the write of the revision, before the next. */
export function readPosition(revision: number): number {
  return 2 * revision + 1;
}

export function placeAcknowledged(operations: readonly Operation[], lastRevision: number): Placement {
  const writers: Acknowledged[][] = Array.from({ length: lastRevision + 1 }, () => []);
  const observers: Acknowledged[][] = Array.from({ length: lastRevision + 1 }, () => []);
  const places: Place[] = [];
  const violations: Violation[] = [];
  for (const operation of operations.filter(isAcknowledged)) {
    const { revision, response } = operation.outcome;
    const wrote = didWrite(response);
    const list = (wrote ? writers[revision] : observers[seenRevision(operation)]) ?? undefined;
    if (list === undefined || revision > lastRevision) {
      violations.push(beyondHistory(operation, wrote, lastRevision));
      continue;
    }
    list.push(operation);
    if (operation.request.kind === "range" && operation.request.serializable === true) continue;
    const position = wrote ? writePosition(revision) : readPosition(revision);
    places.push({ position, operation, invoke: operation.invoke, return: operation.return });
  }
  return { writers, observers, places, violations };
}

/** The revision that a call without effect looked at. */
function seenRevision({ request, outcome }: Acknowledged): number {
  return request.kind === "range" ? (request.revision ?? outcome.revision) : outcome.revision;
}

function beyondHistory(operation: Acknowledged, wrote: boolean, lastRevision: number): Violation {
  const { revision } = operation.outcome;
  return {
    rule: wrote ? "lost-write" : "beyond-history",
    message: wrote
      ? `a write was acknowledged at revision ${revision}, but the history ends at ${lastRevision}`
      : `an answer came from revision ${revision}, but the history ends at ${lastRevision}`,
    witnesses: [operationWitness(operation)],
  };
}
