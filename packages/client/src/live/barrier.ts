/**
 * Brings a cache up to a revision when the watch alone does not say that it is there, because nothing changes.
 *
 * The range is asked for its newest revision and its count: a map that agrees with both is what the range is, and where it
 * does not, the events that make up the difference are on their way (`KeyMap.equals`). That works without a watch and with
 * every server. Where a range is long and the server can be believed (`watch/progress.ts`), it is asked for its progress first.
 */
import { Maintenance } from "@kvorum/proto";
import { sleep } from "../clock.js";
import { abortable } from "../net/abortable.js";
import { progressIsExact } from "../watch/progress.js";
import type { Feed } from "./feed.js";
import type { KeyMap, RangeFacts } from "./key-map.js";
import { isPassing } from "./limits.js";
import { readFacts, readRevision, type Source } from "./reading.js";
import { SharedRead } from "./shared-read.js";
import type { Waiters } from "./waiters.js";

/** Events come by themselves, mostly: so long is waited for a write of one's own before anything is asked. */
const PATIENCE_MS = 50;
/** A range of so many keys is compared, which costs the server its whole length; about a longer one progress is asked. */
const COMPARED_MAX = 1_000;
/** For the answer to a progress request. A server that is not through with one of the stream's watches gives none. */
const ANSWER_MS = 250;
/** For the events that are missing, before the range is asked again. */
const EVENTS_MS = 1_000;
/** Between questions while a revision lies in the future. */
const FUTURE_MS = 250;

export interface BarrierInit<V> {
  readonly source: Source<V>;
  readonly map: KeyMap<V>;
  readonly feed: Feed;
  readonly waiters: Waiters;
  /** Aborts when the cache ends. */
  readonly life: AbortSignal;
  /** Is the feed known to be up to date with the revision at which its watch was created? */
  readonly proven: () => boolean;
}

export class Barrier<V> {
  readonly #init: BarrierInit<V>;
  readonly #facts: SharedRead<RangeFacts>;
  readonly #revisions: SharedRead<bigint>;
  /** What is known of the member that serves the feed, for as long as it does: it may come back as another version. */
  #exact: { readonly creations: number; readonly exact: boolean } | undefined;

  constructor(init: BarrierInit<V>) {
    const { source, life: signal } = init;
    this.#init = init;
    this.#facts = new SharedRead(() => readFacts(source, { signal }));
    this.#revisions = new SharedRead(() => readRevision(source, { signal }));
  }

  /**
   * Resolves when the map has every change up to `revision`, however long servers are away. Errors: `EtcdError` where reading
   * again is no use; the signal's reason.
   */
  async reach(revision: bigint, signal: AbortSignal): Promise<void> {
    const { map, feed } = this.#init;
    const reached = (): boolean => map.revision >= revision;
    for (let retry = 0; !reached(); ) {
      try {
        if (await this.#askProgress(reached, signal)) return;
        const seen = await this.#compare(signal);
        retry = 0;
        if (seen < revision && !reached()) await sleep(feed.hub.clock, FUTURE_MS, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isPassing(error)) throw error;
        await feed.hub.pause(retry, signal);
        retry += 1;
      }
    }
  }

  /** Returns the revision of the store, which the map has reached unless its events are late. */
  async #compare(signal: AbortSignal): Promise<bigint> {
    const { map, waiters } = this.#init;
    const facts = await abortable(this.#facts.fresh(), signal);
    // In one step, because what is equal now may differ after the next event.
    const caughtUp = (): boolean => {
      if (map.equals(facts)) map.advance(facts.revision);
      return map.revision >= facts.revision;
    };
    if (await waiters.until(caughtUp, EVENTS_MS, signal)) waiters.wake();
    return facts.revision;
  }

  /** As `reach`, for a revision that is likely to come by itself. */
  async expect(revision: bigint, signal: AbortSignal): Promise<void> {
    const { map, waiters } = this.#init;
    await waiters.until(() => map.revision >= revision, PATIENCE_MS, signal);
    await this.reach(revision, signal);
  }

  /** Resolves when the map has everything that was acknowledged to anybody before the call. Errors: as `reach`. */
  async sync(signal: AbortSignal): Promise<void> {
    // The comparison alone will do in most cases: one read.
    const revision = this.#asksProgress
      ? await abortable(this.#revisions.fresh(), signal)
      : await this.#compare(signal);
    await this.reach(revision, signal);
  }

  get #asksProgress(): boolean {
    // An answer that was under way when the watch was created does not speak for it; until it is proven none is taken.
    return this.#init.map.size > COMPARED_MAX && this.#init.proven();
  }

  async #askProgress(reached: () => boolean, signal: AbortSignal): Promise<boolean> {
    const { feed, waiters } = this.#init;
    if (!this.#asksProgress || !(await this.#answersExactly(signal)) || !this.#asksProgress) return false;
    const remove = feed.askProgress();
    try {
      return await waiters.until(reached, ANSWER_MS, signal);
    } finally {
      remove();
    }
  }

  async #answersExactly(signal: AbortSignal): Promise<boolean> {
    const { feed, source } = this.#init;
    const { endpoint, creations } = feed;
    if (endpoint === undefined) return false;
    if (this.#exact?.creations !== creations) {
      const status = await source.caller.unary(Maintenance.method.status, {}, "read", { signal, endpoint });
      this.#exact = { creations, exact: progressIsExact(status.version) };
    }
    return this.#exact.exact;
  }
}
