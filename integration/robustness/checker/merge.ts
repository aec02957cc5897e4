/** From what several independent watches saw to one history: the events of every revision, about which all agree. */
import { eventsDifference } from "./difference.js";
import type { Feed, HistoryEvent } from "./history.js";
import { eventsWitness, type Violation } from "./violation.js";

/** The events of each revision; the index is the revision, 0 and 1 are empty. */
export type Timeline = readonly (readonly HistoryEvent[])[];

/**
 * A feed is believed as far as it reaches: one that begins late or ends early says nothing about the rest. Where several
 * reach, they must agree; each is compared until it disagrees for the first time.
 */
export function mergeFeeds(feeds: readonly Feed[]): { timeline: Timeline; violations: Violation[] } {
  const sources = feeds.map(({ source, from = 2, events }) => ({ source, from, events: byRevision(events) }));
  const length = Math.max(2, ...sources.map(({ events }) => events.length));
  const timeline: (readonly HistoryEvent[])[] = [[], []];
  const violations: Violation[] = [];
  const doubtful = new Set<Source>();
  for (let revision = 2; revision < length; revision++) {
    const reaching = sources.filter(({ from, events }) => from <= revision && revision < events.length);
    const [first, ...others] = reaching.filter((source) => !doubtful.has(source));
    const events = first?.events[revision] ?? [];
    timeline.push(events);
    for (const other of others) {
      const disagreement = disagreementAt(revision, first as Source, other);
      if (disagreement === undefined) continue;
      doubtful.add(other);
      violations.push(disagreement);
    }
    if (events.length > 0) continue;
    const message = `nothing is known to have happened at revision ${revision}, although later revisions exist`;
    violations.push({ rule: "missing-revision", message, witnesses: [eventsWitness(revision, [])] });
  }
  return { timeline, violations };
}

interface Source {
  readonly source: string;
  readonly from: number;
  readonly events: Timeline;
}

function disagreementAt(revision: number, one: Source, other: Source): Violation | undefined {
  const [events, others] = [one.events[revision] ?? [], other.events[revision] ?? []];
  const difference = eventsDifference(others, events);
  if (difference === undefined) return undefined;
  return {
    rule: "sources-disagree",
    message: `at revision ${revision} ${other.source} differs from ${one.source}: ${difference.words}`,
    witnesses: [
      ...[{ kind: "source" as const, source: one.source }, eventsWitness(revision, events)],
      ...[{ kind: "source" as const, source: other.source }, eventsWitness(revision, others)],
    ],
  };
}

function byRevision(events: readonly HistoryEvent[]): HistoryEvent[][] {
  const timeline: HistoryEvent[][] = [[], []];
  for (const event of events) {
    while (timeline.length <= event.kv.modRevision) timeline.push([]);
    timeline[event.kv.modRevision]?.push(event);
  }
  return timeline;
}
