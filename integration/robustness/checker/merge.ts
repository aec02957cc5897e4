/** From what several independent watches saw to one history: the events of every revision, about which all agree. */
import { eventsDifference } from "./difference.js";
import type { Feed, HistoryEvent } from "./history.js";
import { eventsWitness, type Violation } from "./violation.js";

/** The events of each revision; the index is the revision, 0 and 1 are empty. */
export type Timeline = readonly (readonly HistoryEvent[])[];

/** A feed is believed as far as it reaches: one that ends early says nothing about what comes after its end. */
export function mergeFeeds(feeds: readonly Feed[]): { timeline: Timeline; violations: Violation[] } {
  const sources = feeds.map(({ source, events }) => ({ source, timeline: byRevision(events) }));
  const [longest] = [...sources].sort((a, b) => b.timeline.length - a.timeline.length);
  if (longest === undefined) return { timeline: [[], []], violations: [] };
  const violations: Violation[] = [];
  for (const other of sources.filter((source) => source !== longest)) {
    const violation = firstDisagreement(longest, other);
    if (violation !== undefined) violations.push(violation);
  }
  for (let revision = 2; revision < longest.timeline.length; revision++) {
    if (longest.timeline[revision]?.length === 0) {
      const message = `nothing happened at revision ${revision}, although later revisions exist`;
      violations.push({ rule: "missing-revision", message, witnesses: [eventsWitness(revision, [])] });
    }
  }
  return { timeline: longest.timeline, violations };
}

interface Source {
  readonly source: string;
  readonly timeline: Timeline;
}

function firstDisagreement(one: Source, other: Source): Violation | undefined {
  for (let revision = 2; revision < other.timeline.length; revision++) {
    const [events, others] = [one.timeline[revision] ?? [], other.timeline[revision] ?? []];
    const difference = eventsDifference(others, events);
    if (difference === undefined) continue;
    return {
      rule: "sources-disagree",
      message: `at revision ${revision} ${other.source} differs from ${one.source}: ${difference.words}`,
      witnesses: [
        ...[{ kind: "source" as const, source: one.source }, eventsWitness(revision, events)],
        ...[{ kind: "source" as const, source: other.source }, eventsWitness(revision, others)],
      ],
    };
  }
  return undefined;
}

function byRevision(events: readonly HistoryEvent[]): HistoryEvent[][] {
  const timeline: HistoryEvent[][] = [[], []];
  for (const event of events) {
    while (timeline.length <= event.kv.modRevision) timeline.push([]);
    timeline[event.kv.modRevision]?.push(event);
  }
  return timeline;
}
