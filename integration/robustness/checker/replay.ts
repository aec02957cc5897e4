/**
 * Walks the history revision by revision with a model of the store: every event must follow from the state before it,
 * every revision must be what its writer asked for, every answer what the state at its place gives.
 */
import {
  type Difference,
  eventDifference,
  eventsDifference,
  pairsDifference,
  responseDifference,
} from "./difference.js";
import {
  type Acknowledged,
  type Dump,
  deletedPair,
  type HistoryEvent,
  isReadOnly,
  type Operation,
  valuesOf,
} from "./history.js";
import { KeySpace } from "./key-space.js";
import type { Timeline } from "./merge.js";
import { evaluate } from "./model.js";
import type { Placement } from "./placement.js";
import { eventsWitness, operationWitness, type Rule, type Violation, type Witness } from "./violation.js";

/** A revision without an acknowledged writer. */
export interface Orphan {
  readonly revision: number;
  /** Operations of unknown outcome whose effect would have been exactly this. */
  readonly candidates: readonly Operation[];
  /** The candidate whose value stands in the events: it and no other wrote them. */
  readonly certain: Operation | undefined;
  /** The events are the end of a lease: all of its keys go at once, without a KV operation. */
  readonly endsLease: boolean;
}

export interface ReplayInput {
  readonly timeline: Timeline;
  readonly operations: readonly Operation[];
  readonly placement: Placement;
  readonly dumps: readonly Dump[];
}

export interface ReplayResult {
  readonly orphans: readonly Orphan[];
  readonly violations: readonly Violation[];
}

export function replay(input: ReplayInput): ReplayResult {
  const run = new Replay(input);
  run.walk();
  return { orphans: run.orphans, violations: run.violations };
}

class Replay {
  readonly orphans: Orphan[] = [];
  readonly violations: Violation[] = [];
  readonly #space = new KeySpace();
  readonly #timeline: Timeline;
  readonly #placement: Placement;
  readonly #dumps: readonly Dump[];
  /** By the value they write: who may have written an event. */
  readonly #unknownByValue = new Map<string, Operation>();
  /** May have written revisions without any value. */
  readonly #unknownDeletes: Operation[] = [];

  constructor({ timeline, operations, placement, dumps }: ReplayInput) {
    this.#timeline = timeline;
    this.#placement = placement;
    this.#dumps = dumps;
    for (const operation of operations) {
      if (operation.outcome.status !== "unknown" || isReadOnly(operation.request)) continue;
      for (const value of valuesOf(operation.request)) this.#unknownByValue.set(value, operation);
      if (mayOnlyDelete(operation)) this.#unknownDeletes.push(operation);
    }
  }

  walk(): void {
    for (const [revision, events] of this.#timeline.entries()) {
      if (events.length > 0) this.#judgeWriters(revision, events);
      else for (const writer of this.#placement.writers[revision] ?? []) this.#lost(writer);
      for (const event of events) {
        this.#judgeEvent(revision, event);
        this.#space.apply(event);
      }
      for (const observer of this.#placement.observers[revision] ?? []) this.#judgeAnswer(observer, revision + 1);
      for (const dump of this.#dumps) if (dump.revision === revision) this.#judgeDump(dump);
    }
    for (const dump of this.#dumps.filter(({ revision }) => revision >= this.#timeline.length)) {
      const message = `${dump.source} is at revision ${dump.revision}, but the history ends at ${this.#timeline.length - 1}`;
      this.violations.push({ rule: "sources-disagree", message, witnesses: [{ kind: "source", source: dump.source }] });
    }
  }

  #judgeWriters(revision: number, events: readonly HistoryEvent[]): void {
    const [writer, second] = this.#placement.writers[revision] ?? [];
    if (writer === undefined) {
      this.orphans.push(this.#orphan(revision, events));
      return;
    }
    if (second !== undefined) {
      const witnesses = [operationWitness(writer), operationWitness(second), eventsWitness(revision, events)];
      this.#report("two-writers", `two writes were acknowledged at revision ${revision}`, witnesses);
    }
    for (const one of this.#placement.writers[revision] ?? []) {
      const difference = this.#judgeAnswer(one, revision);
      if (difference !== undefined) {
        const witnesses = [operationWitness(one), eventsWitness(revision, events)];
        this.#report(
          "content",
          `revision ${revision} is not what its writer asked for: ${difference.words}`,
          witnesses,
        );
      }
    }
  }

  /** Evaluates the call as the write of `revision` and reports a wrong answer; returns how the events differ. */
  #judgeAnswer(operation: Acknowledged, revision: number): Difference | undefined {
    const effect = evaluate(this.#space, operation.request, revision);
    const difference = responseDifference(operation.outcome.response, effect.response);
    if (difference !== undefined) {
      const written = difference.expected?.modRevision;
      const witnesses: Witness[] = [operationWitness(operation)];
      if (written !== undefined) witnesses.push(eventsWitness(written, this.#timeline[written] ?? []));
      const position = revision > operation.outcome.revision ? "at" : "before";
      this.#report(
        "response",
        `the answer does not follow from the state ${position} revision ${operation.outcome.revision}: ${difference.words}`,
        witnesses,
      );
      return undefined;
    }
    return eventsDifference(this.#timeline[revision] ?? [], effect.events);
  }

  #judgeEvent(revision: number, event: HistoryEvent): void {
    const before = this.#space.get(event.kv.key);
    const expected: HistoryEvent =
      event.type === "delete"
        ? { type: "delete", kv: deletedPair(event.kv.key, revision) }
        : {
            type: "put",
            kv: {
              ...event.kv,
              createRevision: before?.createRevision ?? revision,
              modRevision: revision,
              version: (before?.version ?? 0) + 1,
            },
          };
    const twice = before?.modRevision === revision;
    const words =
      event.type === "delete" && before === undefined
        ? `${event.kv.key} is deleted, but was not there`
        : twice
          ? `${event.kv.key} changes twice`
          : eventDifference("event", event, expected)?.words;
    if (words === undefined) return;
    const witnesses = [eventsWitness(revision, this.#timeline[revision] ?? [])];
    if (before !== undefined && !twice) {
      witnesses.push(eventsWitness(before.modRevision, this.#timeline[before.modRevision] ?? []));
    }
    this.#report("event", `at revision ${revision} ${words}`, witnesses);
  }

  #judgeDump(dump: Dump): void {
    const difference = pairsDifference("kvs", dump.kvs, this.#space.range("\0", "\0"));
    if (difference === undefined) return;
    const message = `what ${dump.source} holds at revision ${dump.revision} is not what the history gives: ${difference.words}`;
    this.#report("sources-disagree", message, [{ kind: "source", source: dump.source }]);
  }

  #orphan(revision: number, events: readonly HistoryEvent[]): Orphan {
    const named = events.flatMap(({ type, kv }) => (type === "put" ? [this.#unknownByValue.get(kv.value)] : []));
    const certain = named.find((operation) => operation !== undefined);
    if (certain !== undefined) {
      const { events: wanted } = evaluate(this.#space, certain.request, revision);
      const difference = eventsDifference(events, wanted);
      if (difference !== undefined) {
        const message = `revision ${revision} holds a value of a write of unknown outcome, but is not what it asked for: ${difference.words}`;
        this.#report("content", message, [operationWitness(certain), eventsWitness(revision, events)]);
      }
      return { revision, candidates: [certain], certain, endsLease: false };
    }
    const deletesOnly = events.every(({ type }) => type === "delete");
    const candidates = this.#unknownDeletes.filter(
      ({ request }) =>
        deletesOnly && eventsDifference(events, evaluate(this.#space, request, revision).events) === undefined,
    );
    return { revision, candidates, certain, endsLease: deletesOnly && this.#isEndOfLease(events) };
  }

  #isEndOfLease(events: readonly HistoryEvent[]): boolean {
    const lease = this.#space.get(events[0]?.kv.key ?? "")?.lease ?? 0n;
    const keys = this.#space.keysOf(lease);
    return lease !== 0n && keys.size === events.length && events.every(({ kv }) => keys.has(kv.key));
  }

  #lost(writer: Acknowledged): void {
    const message = `a write was acknowledged at revision ${writer.outcome.revision}, at which nothing happened`;
    this.#report("lost-write", message, [operationWitness(writer)]);
  }

  #report(rule: Rule, message: string, witnesses: readonly Witness[]): void {
    this.violations.push({ rule, message, witnesses });
  }
}

/** Whether one of the branches deletes: then it may have written a revision in which no value names it. */
function mayOnlyDelete({ request }: Operation): boolean {
  const ops = request.kind === "txn" ? [...request.success, ...request.failure] : [request];
  return ops.some(({ kind }) => kind === "delete");
}
