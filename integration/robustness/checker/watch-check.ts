/**
 * Judges what a watch delivered against the timeline on which all members agree. These are the guarantees of etcd's
 * watch: filtered, ordered, unique, atomic (a revision is never split over two responses), reliable (nothing left out
 * between the start and the last thing received), truthful about contents and previous pairs, progress notifications
 * that hold, and an end for a compaction only where one was in the way. A watch that was resumed is two sessions; the second starts at the revision it asked for.
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
  /** Events that were to be left out. Default false. */
  readonly noPut?: boolean;
  readonly noDelete?: boolean;
  /** The newest compaction that had been asked for by the end: previous pairs below it may be absent. */
  readonly compactedRevision?: number;
  /** Without the one that says that the watch was created. */
  readonly responses: readonly WatchResponse[];
  /** It ended because what it waited for was compacted, and so it was told. */
  readonly compactedAt?: number;
  /** It was left alone for long enough to have received everything up to here. */
  readonly dueRevision?: number;
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
    if (this.#violations.length === 0) this.#judgeEnd();
    return this.#violations;
  }

  /** What is due has come; a watch was given up for a compaction only where one was in its way. */
  #judgeEnd(): void {
    const { compactedAt, dueRevision = 0, compactedRevision = Number.POSITIVE_INFINITY } = this.#session;
    const missed = this.#expected();
    if (compactedAt !== undefined) {
      const last = Math.max(this.#session.startRevision, this.#last + 1, this.#progress + 1);
      if (compactedAt <= last)
        this.#report("watch-compacted", compactedAt, `all from ${last} on could still be watched`);
      if (compactedAt > compactedRevision) {
        this.#report("watch-compacted", compactedAt, `only ${compactedRevision} was compacted`);
      }
    } else if (missed !== undefined && missed.revision <= dueRevision) {
      this.#report("watch-reliable", missed.revision, `${missed.event.kv.key} never came`);
    }
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
    const misplaced = this.#misplaced(event, expected);
    if (misplaced !== undefined) this.#report(...misplaced);
    if (expected === undefined || misplaced !== undefined) return;
    const wrong = eventDifference("event", event, expected.event);
    if (wrong !== undefined) this.#report("watch-event", expected.revision, wrong.words);
    this.#judgePrevious(event, this.#previous[expected.revision]?.[expected.index]);
    this.#last = expected.revision;
    this.#next = { revision: expected.revision, index: expected.index + 1 };
  }

  /** Why this event must not come now: the rule, the revision to look at, and words. */
  #misplaced(event: WatchEvent, expected: Expected | undefined): [Rule, number, string] | undefined {
    const { type, kv } = event;
    const { key, modRevision } = kv;
    if (!matches(this.#session, event)) return ["watch-filter", modRevision, `${type} ${key} was not asked for`];
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
        if (!matches(this.#session, event)) continue;
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

function matches({ key, rangeEnd, noPut, noDelete }: WatchSession, { type, kv }: HistoryEvent): boolean {
  if (type === "put" ? noPut === true : noDelete === true) return false;
  if (rangeEnd === undefined) return kv.key === key;
  return kv.key >= key && (rangeEnd === "\0" || kv.key < rangeEnd);
}
