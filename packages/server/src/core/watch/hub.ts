/**
 * Watches: one ordered feed of changes, handed to every watcher in order, each change once, none left out. A watcher is
 * *synced* and gets changes as they are applied, *unsynced* and reads them from history, or a *victim* whose stream has no
 * room; it moves between these groups and is always in exactly one (etcd's structure; the rules come from its issues
 * 15220, 15271, 17529, 20221). A slow client thus delays neither writes nor other clients, and costs bounded memory.
 *
 * The hub does nothing on its own: applying calls `notify`, timers call `catchUp`, `retryVictims` and `progressTick`.
 *
 * Read next: `watcher.ts` (one watcher), `stream.ts` (what waits for one client), `watcher-index.ts` (who wants what).
 */
import { invariant } from "../invariant.js";
import type { WatchHistory } from "../mvcc/history.js";
import type { Event } from "../mvcc/key-value.js";
import { WATCH_BOUNDS, type WatchBounds } from "./bounds.js";
import { Stream, type StreamHub } from "./stream.js";
import type { WatchEvent, WatchService, WatchStream } from "./types.js";
import type { EventBatch, Watcher, WatcherGroup, WatcherOwner } from "./watcher.js";
import { bytesOf, WatcherIndex } from "./watcher-index.js";

/** A new watcher no further behind than this is served at once instead of in the next pass. */
const CATCH_UP_AT_ONCE_REVISIONS = 100n;
/** Revisions in the first slice that is read; later ones follow the size of what they hold. */
const SLICE_REVISIONS_FIRST = 64;

/** Bounds that are not given are those of `WATCH_BOUNDS`. */
export interface WatchHubOptions extends Partial<WatchBounds> {
  /** Encoded size from which a response is cut for a watcher that allows it. Default 2 MiB (1.5 MiB + 512 KiB). */
  readonly fragmentBytes?: number;
}

/** Sizes for metrics. */
export interface WatchCounts {
  readonly streams: number;
  /** Living watchers, in whatever group. */
  readonly watchers: number;
  /** Unsynced watchers and victims. */
  readonly slowWatchers: number;
  /** Responses that wait to be pulled. */
  readonly pendingResponses: number;
  /** Events in them. */
  readonly pendingEvents: number;
}

export class WatchHub implements WatchService, StreamHub {
  readonly fragmentBytes: number;
  #history: WatchHistory;
  /** Revision of the last change handed to the synced watchers. */
  #notifiedRevision: bigint;
  readonly #bounds: WatchBounds;
  readonly #streams = new Set<Stream>();
  /** Of the synced watchers. */
  readonly #index = new WatcherIndex();
  /** In the order in which they will be served. */
  readonly #unsynced = new Set<Watcher>();
  readonly #inGroup: Record<WatcherGroup, number> = { synced: 0, unsynced: 0, victim: 0, ended: 0 };
  /** What was asked for with previous pairs last: many watchers may want the same one after the other. */
  #previous: (Pick<WatchHistory, "compactRevision"> & Record<"of" | "having", readonly WatchEvent[]>) | undefined;
  /** Revisions to read in the next slice: few where values are large. */
  #sliceRevisions: number;

  constructor(history: WatchHistory, options: WatchHubOptions = {}) {
    this.#history = history;
    this.#notifiedRevision = history.currentRevision;
    this.fragmentBytes = options.fragmentBytes ?? 1.5 * 1024 * 1024 + 512 * 1024;
    this.#bounds = { ...WATCH_BOUNDS, ...options };
    this.#sliceRevisions = Math.min(SLICE_REVISIONS_FIRST, this.#bounds.catchUpRevisionsMax);
  }

  get currentRevision(): bigint {
    return this.#history.currentRevision;
  }

  /** Costs as much as there are streams, not watchers. */
  get counts(): WatchCounts {
    const { synced, unsynced, victim } = this.#inGroup;
    let [pendingResponses, pendingEvents] = [0, 0];
    for (const stream of this.#streams) {
      pendingResponses += stream.waiting;
      pendingEvents += stream.waitingEvents;
    }
    const slowWatchers = unsynced + victim;
    return {
      streams: this.#streams.size,
      watchers: synced + slowWatchers,
      slowWatchers,
      pendingResponses,
      pendingEvents,
    };
  }

  openStream(onOutput: () => void): WatchStream {
    const stream = new Stream(this, onOutput, this.#bounds);
    this.#streams.add(stream);
    return stream;
  }

  /** Hands the changes of one main revision to the synced watchers. Called once a write, in order, when it is visible. */
  notify(revision: bigint, events: readonly Event[]): void {
    invariant(revision > this.#notifiedRevision, `revision ${revision} is notified after ${this.#notifiedRevision}`);
    this.#notifiedRevision = revision;
    const next = revision + 1n;
    for (const { watchers, batch } of this.#index.match(events, revision)) {
      for (const watcher of watchers) this.#hand(watcher, batch, next);
    }
  }

  /** Serves some unsynced watchers a slice of history. True when there is more to do. */
  catchUp(): boolean {
    const selected: Watcher[] = [];
    for (const watcher of this.#unsynced) {
      if (watcher.owner.full) this.#move(watcher, "victim");
      else selected.push(watcher);
      if (selected.length === this.#bounds.catchUpWatchersMax) break;
    }
    this.#serve(selected);
    return this.#unsynced.size > 0;
  }

  /** Serves victims whose stream has room again; those of a stream that was emptied are served when it is pulled. */
  retryVictims(): void {
    for (const stream of this.#streams) if (stream.victims.size > 0 && stream.roomy) this.refill(stream);
  }

  /** Time to send progress notifications to watchers that asked for them. */
  progressTick(): void {
    for (const stream of this.#streams) stream.progressTick();
  }

  /**
   * Another history takes the place of the old one: a snapshot was installed. Every watcher goes on from its own next
   * revision, through history, so that none sees anything twice and a compaction that passed one is noticed.
   */
  reset(history: WatchHistory): void {
    const handedOver = this.#notifiedRevision;
    this.#history = history;
    this.#notifiedRevision = history.currentRevision;
    for (const stream of this.#streams) {
      for (const watcher of stream.watchers) {
        if (watcher.group !== "synced") continue;
        if (watcher.nextRevision <= handedOver) watcher.nextRevision = handedOver + 1n;
        this.#move(watcher, "unsynced");
      }
    }
  }

  start(watcher: Watcher): void {
    const behind = this.currentRevision + 1n - watcher.nextRevision;
    if (behind <= 0n) {
      this.#enter(watcher, "synced");
      return;
    }
    this.#enter(watcher, "unsynced");
    if (behind <= CATCH_UP_AT_ONCE_REVISIONS) this.#serve([watcher]);
    else this.#endIfCompacted(watcher);
  }

  stop(watcher: Watcher): void {
    this.#move(watcher, "ended");
  }

  refill(owner: WatcherOwner): void {
    const selected: Watcher[] = [];
    for (const watcher of owner.victims) {
      selected.push(watcher);
      if (selected.length === this.#bounds.responsesMax) break;
    }
    this.#serve(selected);
  }

  closed(stream: Stream): void {
    this.#streams.delete(stream);
  }

  withPrevious(events: readonly WatchEvent[]): readonly WatchEvent[] {
    const { compactRevision } = this.#history;
    if (this.#previous?.of !== events || this.#previous.compactRevision !== compactRevision) {
      const having = events.map((event) => ({ ...event, prevKv: this.#previousOf(event) }));
      this.#previous = { of: events, compactRevision, having };
    }
    return this.#previous.having;
  }

  #previousOf({ type, kv }: WatchEvent): WatchEvent["prevKv"] {
    if (type === "put" && kv.createRevision === kv.modRevision) return undefined;
    return this.#history.previous(kv.key, kv.modRevision);
  }

  /** To a synced watcher: the changes of the revision before `next`. */
  #hand(watcher: Watcher, batch: EventBatch, next: bigint): void {
    if (watcher.owner.pushEvents(watcher, batch)) {
      watcher.nextRevision = next;
      return;
    }
    // Everything before was handed over, so this revision is where history has to go on.
    watcher.nextRevision = next - 1n;
    this.#move(watcher, "victim");
  }

  /**
   * Reads one slice of history, from where the first of the watchers stands, for all of them that stand inside it. The
   * first always gets ahead, and whoever was served goes to the back of the row: nobody starves.
   */
  #serve(selected: readonly Watcher[]): void {
    const living = selected.filter((watcher) => !this.#endIfCompacted(watcher));
    const current = this.currentRevision;
    const from = living[0]?.nextRevision;
    if (from === undefined) return;
    if (from > current) {
      for (const watcher of living) if (watcher.nextRevision > current) this.#move(watcher, "synced");
      return;
    }
    const slice = this.#history.events(from, current, this.#sliceRevisions);
    invariant(slice.nextRevision > from, `history does not get ahead of revision ${from}`);
    this.#aimSlice(bytesOf(slice.events));
    const inside = living.filter(({ nextRevision }) => nextRevision >= from && nextRevision < slice.nextRevision);
    const index = new WatcherIndex();
    for (const watcher of inside) index.add(watcher);
    const batches = new Map<Watcher, EventBatch>();
    for (const { watchers, batch } of index.match(slice.events, current)) {
      for (const watcher of watchers) batches.set(watcher, batch);
    }
    for (const watcher of inside) this.#deliver(watcher, batches.get(watcher), slice.nextRevision);
  }

  #deliver(watcher: Watcher, batch: EventBatch | undefined, nextRevision: bigint): void {
    if (batch !== undefined && !watcher.owner.pushEvents(watcher, batch)) {
      this.#move(watcher, "victim");
      return;
    }
    watcher.nextRevision = nextRevision;
    this.#move(watcher, nextRevision > this.currentRevision ? "synced" : "unsynced");
  }

  /** Ends a watcher that has not received what a compaction removed: it must not skip it in silence. */
  #endIfCompacted(watcher: Watcher): boolean {
    const { compactRevision } = this.#history;
    if (watcher.nextRevision >= compactRevision) return false;
    this.#move(watcher, "ended");
    watcher.owner.pushCompacted(watcher, compactRevision);
    return true;
  }

  #aimSlice(bytes: number): void {
    const { catchUpBytesAim, catchUpRevisionsMax } = this.#bounds;
    if (bytes > catchUpBytesAim) this.#sliceRevisions = Math.max(1, this.#sliceRevisions >> 1);
    else if (bytes * 4 < catchUpBytesAim) {
      this.#sliceRevisions = Math.min(catchUpRevisionsMax, this.#sliceRevisions * 2);
    }
  }

  #move(watcher: Watcher, group: WatcherGroup): void {
    this.#leave(watcher);
    this.#enter(watcher, group);
  }

  #enter(watcher: Watcher, group: WatcherGroup): void {
    watcher.group = group;
    this.#inGroup[group]++;
    if (group === "synced") this.#index.add(watcher);
    else if (group === "unsynced") this.#unsynced.add(watcher);
    else if (group === "victim") watcher.owner.victims.add(watcher);
  }

  #leave(watcher: Watcher): void {
    this.#inGroup[watcher.group]--;
    if (watcher.group === "synced") this.#index.delete(watcher);
    else if (watcher.group === "unsynced") this.#unsynced.delete(watcher);
    else if (watcher.group === "victim") watcher.owner.victims.delete(watcher);
  }
}
