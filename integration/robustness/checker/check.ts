/**
 * The revision-order checker: is a history of etcd operations linearizable? Every answer of etcd's KV service carries the
 * revision at which it was given, so the order of effects is not searched for but read off, and the verdict is exact for
 * acknowledged operations: there is no timeout and no "don't know". O(n log n).
 *
 * 1. The feeds are merged into one timeline about which all sources agree (`merge.ts`).
 * 2. Acknowledged operations take their places by header revision (`placement.ts`).
 * 3. A model replays the timeline and compares every event, every field of every answer and every dump (`replay.ts`).
 * 4. Revisions that nobody claims are given to operations of unknown outcome (`attribution.ts`) or to the end of a lease.
 * 5. The order of places must be possible in real time (`real-time.ts`).
 *
 * Not judged: the headers of lease and maintenance answers, which etcd does not take in the transaction of their effect.
 */
import { assignWriters } from "./attribution.js";
import { type History, type HistoryEvent, type Operation, valuesOf } from "./history.js";
import { mergeFeeds, type Timeline } from "./merge.js";
import { type Place, placeAcknowledged, writePosition } from "./placement.js";
import { checkRealTime } from "./real-time.js";
import { type Orphan, replay } from "./replay.js";
import { eventsWitness, operationWitness, type Violation } from "./violation.js";

export interface Verdict {
  /** Empty exactly when the history is linearizable. */
  readonly violations: readonly Violation[];
  readonly timeline: Timeline;
  readonly figures: {
    readonly operations: number;
    readonly acknowledged: number;
    readonly unknown: number;
    /** Writes of unknown outcome that the history shows to have happened. */
    readonly unknownApplied: number;
    readonly revisions: number;
  };
}

export function checkHistory({ operations, feeds, dumps }: History): Verdict {
  const { timeline, violations: merging } = mergeFeeds(feeds);
  const placement = placeAcknowledged(operations, timeline.length - 1);
  const replayed = replay({ timeline, operations, placement, dumps });
  const attributed = attribute(replayed.orphans, placement.places, timeline, operations);
  const violations = [
    ...checkAssumptions(operations),
    ...merging,
    ...placement.violations,
    ...replayed.violations,
    ...attributed.violations,
    ...checkRealTime([...placement.places, ...attributed.places]),
  ];
  const acknowledged = operations.filter(({ outcome }) => outcome.status === "acknowledged").length;
  const unknown = operations.filter(({ outcome }) => outcome.status === "unknown").length;
  const figures = { operations: operations.length, acknowledged, unknown, unknownApplied: attributed.places.length };
  return { violations, timeline, figures: { ...figures, revisions: timeline.length - 2 } };
}

/** One call of a client at a time, none that ends before it begins, no value with two writers. */
function checkAssumptions(operations: readonly Operation[]): Violation[] {
  const violations: Violation[] = [];
  const report = (message: string, ...witnesses: Operation[]): void => {
    violations.push({ rule: "assumption", message, witnesses: witnesses.map(operationWitness) });
  };
  const lastOf = new Map<number, Operation>();
  const writerOf = new Map<string, Operation>();
  for (const operation of [...operations].sort((a, b) => a.invoke - b.invoke)) {
    if (operation.return < operation.invoke) report("an operation returns before it is invoked", operation);
    const before = lastOf.get(operation.client);
    if (before !== undefined && before.return > operation.invoke) {
      report(`client ${operation.client} has two operations at once`, before, operation);
    }
    lastOf.set(operation.client, operation);
    for (const value of valuesOf(operation.request)) {
      const other = writerOf.get(value);
      if (other !== undefined && other !== operation)
        report(`two operations write the value ${value}`, other, operation);
      writerOf.set(value, operation);
    }
  }
  return violations;
}

interface Attributed {
  readonly places: readonly Place[];
  readonly violations: readonly Violation[];
}

function attribute(
  orphans: readonly Orphan[],
  places: readonly Place[],
  timeline: Timeline,
  operations: readonly Operation[],
): Attributed {
  const certain = orphans.flatMap(({ revision, certain: operation }) =>
    operation === undefined ? [] : [{ revision, operation }],
  );
  const writers = new Map<number, Operation>();
  const taken = new Set<Operation>();
  for (const { revision, operation } of certain) {
    if (!taken.has(operation)) writers.set(revision, operation);
    taken.add(operation);
  }
  const deadline = deadlines(places, timeline.length);
  const open = orphans.filter((orphan) => orphan.certain === undefined && !orphan.endsLease);
  const matched = assignWriters(
    open.map(({ revision, candidates }) => ({
      revision,
      candidates: candidates.filter((one) => !taken.has(one) && one.invoke <= (deadline[revision] ?? 0)),
    })),
  );
  for (const [revision, operation] of matched) writers.set(revision, operation);
  const unexplained = orphans.filter(({ revision, endsLease }) => !endsLease && !writers.has(revision));
  const namesOf = valueIndex(unexplained.length === 0 ? [] : operations);
  return {
    places: [...writers].map(([revision, operation]) => ({
      ...{ position: writePosition(revision), operation },
      ...{ invoke: operation.invoke, return: Number.POSITIVE_INFINITY },
    })),
    violations: unexplained.map((orphan) => unexplainedEvents(orphan, timeline[orphan.revision] ?? [], namesOf)),
  };
}

/** For each revision the latest moment at which its writer may have been invoked: the first return after it. */
function deadlines(places: readonly Place[], length: number): readonly number[] {
  const deadline = new Array<number>(length).fill(Number.POSITIVE_INFINITY);
  for (const place of places) {
    // A read at a revision (an odd position) comes after the write of that same revision.
    const revision = place.position % 2 === 1 ? (place.position - 1) / 2 : place.position / 2 - 1;
    deadline[revision] = Math.min(deadline[revision] ?? 0, place.return);
  }
  for (let revision = length - 2; revision >= 0; revision--) {
    deadline[revision] = Math.min(deadline[revision] ?? 0, deadline[revision + 1] ?? 0);
  }
  return deadline;
}

function valueIndex(operations: readonly Operation[]): ReadonlyMap<string, Operation> {
  return new Map(operations.flatMap((operation) => valuesOf(operation.request).map((value) => [value, operation])));
}

function unexplainedEvents(
  { revision, certain, candidates }: Orphan,
  events: readonly HistoryEvent[],
  writerOf: ReadonlyMap<string, Operation>,
): Violation {
  const named = events.flatMap(({ kv }) => (kv.value === "" ? [] : [writerOf.get(kv.value)])).find(Boolean);
  const suspects = [...new Set([certain, named, ...candidates].filter((operation) => operation !== undefined))];
  const why =
    certain !== undefined
      ? "its writer stands at an earlier revision already"
      : named !== undefined
        ? `the operation that writes its value ended as ${named.outcome.status} elsewhere`
        : "no operation asked for it";
  return {
    rule: "unexplained-events",
    message: `nobody can have written revision ${revision}: ${why}`,
    witnesses: [eventsWitness(revision, events), ...suspects.map(operationWitness)],
  };
}
