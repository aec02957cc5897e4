/**
 * A watch as its consumer sees it: typed events, or batches of one revision each, out of what the subscription holds. Read
 * `subscription.ts` for what happens before that, then `cursor.ts` and `watch-hub.ts`.
 */
import type { Event as WireEvent } from "@kvorum/proto";
import type { Selector } from "../keys.js";
import type { View } from "../kv/results.js";
import type { StoreContext } from "../kv/store.js";
import { warnIfDropped } from "../observe/leaks.js";
import type { CallOptions } from "../options.js";
import { EventReader } from "./event-reader.js";
import type { WatchBatch, WatchEvent, WatchOptions } from "./options.js";
import { fullyReported } from "./progress.js";
import { Resync } from "./resync.js";
import { Subscription } from "./subscription.js";

/**
 * The changes of a key or a range: each once, in revision order, across any number of reconnects. Iterate it once, either
 * as events or as `batches()`. Leaving the loop, `close()`, and aborting the `signal` cancel it on the server.
 *
 * Errors of the iteration, once: `CompactedError`, `PermissionDeniedError`, `DecodeError`, `ClientClosedError`.
 */
export interface Watch<V> extends AsyncIterable<WatchEvent<V>>, AsyncDisposable {
  /** Resolves when the server has the watch, with the revision after which every change is reported. */
  readonly ready: Promise<bigint>;
  /** Every change up to this revision has been yielded. 0 before the first. */
  readonly revision: bigint;
  /** Events that are received and not yet taken. */
  readonly lag: number;
  /**
   * The same changes, grouped by revision: what one txn did comes in one piece, and so does a resync. Whoever applies them
   * one after the other has, after each, the range as it was at its revision.
   */
  batches(): AsyncIterable<WatchBatch<V>>;
  /**
   * Resolves with a revision up to which every change has been yielded or waits in this watch's buffer, and which is no
   * older than what the watch's member had when it was asked.
   *
   * Errors: `TimeoutError`; `signal.reason`; `not-supported` on servers whose answer cannot be relied on (before 3.4.25 and
   * 3.5.8), unless nothing at all has been written since the last change that was reported.
   */
  progress(options?: CallOptions): Promise<bigint>;
  close(): Promise<void>;
}

export function openWatch<V>(
  context: StoreContext,
  view: View<V>,
  selector: Selector,
  options?: WatchOptions,
): Watch<V> {
  return new StoreWatch(context, view, selector, options);
}

/** Events of one revision; `last` unless more of the same revision follow. */
interface Part<V> extends WatchBatch<V> {
  readonly last: boolean;
}

class StoreWatch<V> implements Watch<V> {
  readonly #context: StoreContext;
  readonly #subscription: Subscription;
  readonly #reader: EventReader<V>;
  readonly #only: WatchOptions["only"];
  readonly #resync: Resync<V> | undefined = undefined;
  #revision = 0n;
  #iterated = false;

  constructor(context: StoreContext, view: View<V>, selector: Selector, options: WatchOptions = {}) {
    const range = view.keyspace.range(selector);
    this.#context = context;
    const { interceptor } = context.caller;
    this.#subscription = new Subscription(context.watches, range, options, interceptor, view.keyspace.prefix);
    const { observer } = context.watches;
    if (observer !== undefined) warnIfDropped(this, observer, range, this.#subscription);
    this.#reader = new EventReader(view, options.onDecodeError);
    this.#only = options.only;
    if (options.onCompacted === "resync") {
      const { caller } = context;
      const [reader, subscription] = [this.#reader, this.#subscription];
      this.#resync = new Resync({ caller, keyspace: view.keyspace, range, only: options.only, reader, subscription });
    }
  }

  get ready(): Promise<bigint> {
    return this.#subscription.ready;
  }

  get revision(): bigint {
    return this.#revision;
  }

  get lag(): number {
    return this.#subscription.lag;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<V>, void, undefined> {
    for await (const part of this.#parts()) {
      yield* part.events;
      if (part.last) this.#revision = part.revision;
    }
  }

  async *batches(): AsyncGenerator<WatchBatch<V>, void, undefined> {
    let events: WatchEvent<V>[] = [];
    for await (const part of this.#parts()) {
      events = events.length === 0 ? part.events : events.concat(part.events);
      if (!part.last) continue;
      const { revision } = part;
      if (events.length > 0) yield { revision, events };
      this.#revision = revision;
      events = [];
    }
  }

  progress(options: CallOptions = {}): Promise<bigint> {
    return fullyReported(this.#context, this.#subscription, options);
  }

  async close(): Promise<void> {
    this.#subscription.finish(new Error("the watch was closed"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#parts(): AsyncGenerator<Part<V>, void, undefined> {
    if (this.#iterated) throw new TypeError("a watch can be iterated once");
    this.#iterated = true;
    try {
      for (;;) {
        const entry = await this.#subscription.take();
        if (entry === undefined) return;
        if (entry.kind === "progress") {
          this.#revision = entry.revision;
        } else if (entry.kind === "compacted") {
          yield* this.#makeUp(entry.compactRevision);
        } else {
          const events = await this.#decode(entry.events);
          if (this.#subscription.closed) return;
          yield { revision: entry.revision, events, last: true };
        }
      }
    } finally {
      await this.close();
    }
  }

  async *#makeUp(compactRevision: bigint): AsyncGenerator<Part<V>, void, undefined> {
    const resync = this.#resync?.run(compactRevision);
    if (resync === undefined) return;
    try {
      let made = await resync.next();
      for (; !made.done; made = await resync.next()) yield { revision: 0n, events: made.value, last: false };
      yield { revision: made.value, events: [], last: true };
      this.#subscription.resume(made.value);
    } catch (error) {
      if (!this.#subscription.closed) throw error;
    }
  }

  async #decode(wires: readonly WireEvent[]): Promise<WatchEvent<V>[]> {
    const events: WatchEvent<V>[] = [];
    for (const wire of wires) {
      const event = await this.#reader.event(wire);
      this.#resync?.saw(wire);
      if (event !== undefined && (this.#only === undefined || event.type === this.#only)) events.push(event);
    }
    return events;
  }
}
