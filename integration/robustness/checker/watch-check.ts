/**
 * Judges what a watch delivered against the timeline on which all members agree. These are the guarantees of etcd's
 * watch: filtered, ordered, unique, atomic (a revision is never split over two responses), reliable (nothing left out
 * between the start and the last thing received), truthful about contents and previous pairs, and progress notifications
 * that hold. A watch that was resumed is two sessions; the second starts at the revision it asked for.
 */
import { eventDifference, pairDifference } from "./difference.js";
import type { HistoryEvent, KeyValue } from "./history.js";
import type { Timeline } from "./merge.js";
import { eventsWitness, type Rule, type Violation } from "./violation.js";

export interface WatchEvent extends HistoryEvent {
  readonly prevKv?: KeyValue;
}

export interface WatchResponse {
  /** The header's; a response without events is a progress notification up to here. */
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/** One watch on one stream, from its creation to its end, without fragments. */
export interface WatchSession {
  readonly source: string;
  readonly key: string;
  readonly rangeEnd?: string;
  readonly startRevision: number;
  readonly prevKv: boolean;
  /** The newest compaction that had been asked for by the end: previous pairs below it may be absent. */
  readonly compactedRevision?: number;
  /** Without the one that says that the watch was created. */
  readonly responses: readonly WatchResponse[];
}

export function checkWatches(sessions: readonly WatchSession[], timeline: Timeline): Violation[] {
  const previous = previousPairs(timeline);
  return sessions.flatMap((session) => new SessionCheck(session, timeline, previous).run());
}

/** The pair before each event of the timeline, at the same places. */
function previousPairs(timeline: Timeline): (KeyValue | undefined)[][] {
  const pairs = new Map<string, KeyValue>();
  return timeline.map((events) => {
    const before = events.map(({ kv }) => pairs.get(kv.key));
    for (const { type, kv } of events) {
      if (type === "put") pairs.set(kv.key, kv);
      else pairs.delete(kv.key);
    }
    return before;
  });
}

/** An event of the timeline and its place there. */
interface Expected {
  readonly revision: number;
  readonly index: number;
  readonly event: HistoryEvent;
}

class SessionCheck {
  readonly #session: WatchSession;
  readonly #timeline: Timeline;
  readonly #previous: readonly (readonly (KeyValue | undefined)[])[];
  readonly #violations: Violation[] = [];
  /** Everything that matches and is older has been delivered. */
  #next: { revision: number; index: number };
  #progress = 0;
  #last = 0;

  constructor(session: WatchSession, timeline: Timeline, previous: readonly (readonly (KeyValue | undefined)[])[]) {
    this.#session = session;
    this.#timeline = timeline;
    this.#previous = previous;
    this.#next = { revision: session.startRevision, index: 0 };
  }

  /** Stops at the first violation of a session: what follows it would be its echo. */
  run(): Violation[] {
    for (const response of this.#session.responses) {
      if (this.#violations.length > 0) break;
      if (response.events.length === 0) this.#takeProgress(response.revision);
      else this.#takeEvents(response.events);
    }
    return this.#violations;
  }

  #takeProgress(revision: number): void {
    if (revision < this.#progress)
      this.#report("watch-progress", revision, `progress went back from ${this.#progress}`);
    this.#progress = revision;
    const missed = this.#expected();
    if (missed !== undefined && missed.revision <= revision) {
      this.#report("watch-progress", missed.revision, `progress came at ${revision}, before this event`);
    }
  }

  #takeEvents(events: readonly WatchEvent[]): void {
    if (events[0]?.kv.modRevision === this.#last) {
      this.#report("watch-atomic", this.#last, "a response goes on with the revision of the one before");
    }
    const seen = new Set<string>();
    for (const event of events) {
      const name = `${event.kv.modRevision} ${event.kv.key}`;
      if (seen.has(name)) this.#report("watch-unique", event.kv.modRevision, `${event.kv.key} comes twice`);
      seen.add(name);
      this.#takeEvent(event);
      if (this.#violations.length > 0) return;
    }
    const rest = this.#expected();
    if (rest?.revision === this.#last) {
      this.#report("watch-atomic", this.#last, "a response ends in the middle of the revision");
    }
  }

  #takeEvent(event: WatchEvent): void {
    const expected = this.#expected();
    const misplaced = this.#misplaced(event.kv, expected);
    if (misplaced !== undefined) this.#report(...misplaced);
    if (expected === undefined || misplaced !== undefined) return;
    const wrong = eventDifference("event", event, expected.event);
    if (wrong !== undefined) this.#report("watch-event", expected.revision, wrong.words);
    this.#judgePrevious(event, this.#previous[expected.revision]?.[expected.index]);
    this.#last = expected.revision;
    this.#next = { revision: expected.revision, index: expected.index + 1 };
  }

  /** Why this event must not come now: the rule, the revision to look at, and words. */
  #misplaced({ key, modRevision }: KeyValue, expected: Expected | undefined): [Rule, number, string] | undefined {
    if (!matches(this.#session, key)) return ["watch-filter", modRevision, `${key} was not asked for`];
    if (modRevision < this.#session.startRevision || modRevision < this.#last) {
      return ["watch-order", modRevision, `the event came after revision ${this.#last}`];
    }
    if (modRevision <= this.#progress) {
      return ["watch-progress", modRevision, `the event came after progress at ${this.#progress}`];
    }
    if (expected === undefined) return ["watch-reliable", modRevision, `${key}: no source has this event`];
    if (expected.revision < modRevision || expected.event.kv.key !== key) {
      return ["watch-reliable", expected.revision, `${expected.event.kv.key} was left out`];
    }
    return undefined;
  }

  #judgePrevious(event: WatchEvent, before: KeyValue | undefined): void {
    const { prevKv, compactedRevision = 0 } = this.#session;
    if (event.prevKv === undefined && event.kv.modRevision - 1 < compactedRevision) return;
    const wrong = pairDifference("prevKv", event.prevKv, prevKv ? before : undefined);
    if (wrong !== undefined) this.#report("watch-previous", event.kv.modRevision, wrong.words);
  }

  /** The first event of the timeline that matches and has not been delivered. */
  #expected(): Expected | undefined {
    let { revision, index } = this.#next;
    for (; revision < this.#timeline.length; revision++, index = 0) {
      const events = this.#timeline[revision] ?? [];
      for (; index < events.length; index++) {
        const event = events[index] as HistoryEvent;
        if (!matches(this.#session, event.kv.key)) continue;
        this.#next = { revision, index };
        return { revision, index, event };
      }
    }
    this.#next = { revision, index };
    return undefined;
  }

  #report(rule: Rule, revision: number, words: string): void {
    if (this.#violations.length > 0) return;
    this.#violations.push({
      rule,
      message: `${this.#session.source} from ${this.#session.startRevision}, at revision ${revision}: ${words}`,
      witnesses: [
        { kind: "source", source: this.#session.source },
        eventsWitness(revision, this.#timeline[revision] ?? []),
      ],
    });
  }
}

function matches({ key, rangeEnd }: WatchSession, candidate: string): boolean {
  if (rangeEnd === undefined) return candidate === key;
  return candidate >= key && (rangeEnd === "\0" || candidate < rangeEnd);
}
