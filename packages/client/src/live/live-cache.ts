/**
 * How a cache is kept true. `key-map.ts` is the state, `feed.ts` the watch, `reading.ts` what is read, `barrier.ts` how it
 * catches up when nothing is said; this file joins them. Every change of the state is one step, without a wait in it.
 */
import { setMaxListeners } from "node:events";
import { Event_EventType, type Event as WireEvent } from "@kvorum/proto";
import { type Key, type KeyRange, toBytes } from "../keys.js";
import { type KeyValue, toKeyValue } from "../kv/results.js";
import type { StoreContext } from "../kv/store.js";
import { DEFAULT_TIMEOUT_MS } from "../net/caller.js";
import { type BigIntLike, type CallOptions, checkCallOptions, type ScanOptions, toBigInt } from "../options.js";
import type { BufferEntry } from "../watch/buffer.js";
import { Barrier } from "./barrier.js";
import type { KeyCache } from "./cache.js";
import { type Change, changeBetween } from "./change.js";
import { Feed } from "./feed.js";
import { type Batch, KeyMap, type Write } from "./key-map.js";
import { isPassing, limited } from "./limits.js";
import type { CacheOptions, ChangesOptions } from "./options.js";
import { PendingChanges } from "./pending-changes.js";
import { readRange, type Source, toWrite } from "./reading.js";
import { Taps } from "./taps.js";
import { Waiters } from "./waiters.js";

export interface LiveCacheInit<V> {
  readonly context: Pick<StoreContext, "caller" | "watches">;
  readonly source: Source<V>;
  readonly scanning: ScanOptions;
  readonly options: CacheOptions<V, string>;
  readonly snapshot: Batch<V>;
}

export class LiveCache<V, I extends string> implements KeyCache<V, I> {
  readonly #init: LiveCacheInit<V>;
  readonly #map: KeyMap<V>;
  readonly #feed: Feed;
  readonly #barrier: Barrier<V>;
  readonly #waiters: Waiters;
  readonly #taps = new Taps<Change<V>, PendingChanges<V>>();
  readonly #life = new AbortController();
  readonly #running: Promise<void>;
  readonly #forgetSignal: () => void;
  /** Of which creation of the watch it is known that the map caught up with it. */
  #provenCreation = 0;
  #proving: Promise<void> | undefined;

  constructor(init: LiveCacheInit<V>) {
    const { context, source, options, snapshot } = init;
    this.#init = init;
    setMaxListeners(0, this.#life.signal);
    this.#map = new KeyMap(options.indexes);
    this.#map.reset(snapshot);
    this.#waiters = new Waiters(context.watches.clock);
    const wire = source.view.keyspace.range(source.range);
    this.#feed = new Feed(context.watches, wire, snapshot.revision + 1n, {
      turned: () => this.#turned(),
      progressed: (revision) => this.#advance(revision),
    });
    const shared = { source, map: this.#map, feed: this.#feed, waiters: this.#waiters };
    this.#barrier = new Barrier({ ...shared, life: this.#life.signal, proven: () => this.#proven });
    const { signal } = options;
    this.#forgetSignal = signal ? context.watches.aborts.add(signal, () => this.#end(signal.reason)) : () => undefined;
    this.#running = this.#run();
  }

  get size(): number {
    return this.#map.size;
  }

  get revision(): bigint {
    return this.#map.revision;
  }

  get stale(): boolean {
    return !this.#proven || this.#feed.lag > 0;
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  get(key: Key): KeyValue<V> | undefined {
    return this.#map.get(toBytes(key));
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  [Symbol.iterator](): Iterator<KeyValue<V>> {
    return this.#map.pairs()[Symbol.iterator]();
  }

  range(range: KeyRange): readonly KeyValue<V>[] {
    return this.#map.range(range);
  }

  lookup(index: I, term: string): readonly KeyValue<V>[] {
    return this.#map.lookup(index, term);
  }

  changes(options: ChangesOptions = {}): AsyncIterableIterator<Change<V>, undefined, undefined> {
    const present = options.initial ? this.#map.pairs() : [];
    const first = present
      .map((kv) => changeBetween(undefined, kv, kv.modRevision))
      .filter((change) => change !== undefined);
    return this.#taps.open(new PendingChanges(first), options.signal);
  }

  async waitFor(revision: BigIntLike, options: Pick<CallOptions, "signal" | "timeout"> = {}): Promise<void> {
    const target = toBigInt(revision, "revision");
    await this.#limited(options, (signal) => this.#barrier.expect(target, signal));
  }

  sync(options: Pick<CallOptions, "signal" | "timeout"> = {}): Promise<void> {
    return this.#limited(options, (signal) => this.#barrier.sync(signal));
  }

  async close(): Promise<void> {
    this.#end(new Error("the cache was closed"));
    await this.#running;
    await this.#proving;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves when the server has the watch, or after `ms`. Rejects with what ended the cache meanwhile. */
  async watched(ms: number): Promise<void> {
    await this.#waiters.until(() => this.#feed.createdAt !== undefined, ms, this.#life.signal);
  }

  get #proven(): boolean {
    return this.#feed.createdAt !== undefined && this.#provenCreation === this.#feed.creations;
  }

  async #limited(
    options: Pick<CallOptions, "signal" | "timeout">,
    action: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    checkCallOptions(options);
    const ms = options.timeout ?? DEFAULT_TIMEOUT_MS;
    const signals = [options.signal, this.#life.signal];
    return limited(this.#init.context.watches.clock, ms, "the cache did not catch up in time", signals, action);
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const entry = await this.#feed.take();
        if (entry === undefined) return;
        await this.#accept(entry);
        this.#waiters.wake();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #accept(entry: BufferEntry): Promise<void> {
    switch (entry.kind) {
      case "progress":
        this.#map.advance(entry.revision);
        return;
      case "compacted":
        await this.#readAgain();
        return;
      case "events": {
        const writes: Write<V>[] = [];
        for (const event of entry.events) writes.push(await this.#write(event));
        if (!this.#life.signal.aborted) this.#publish(this.#map.apply({ revision: entry.revision, writes }));
      }
    }
  }

  async #write(event: WireEvent): Promise<Write<V>> {
    const { view } = this.#init.source;
    if (event.kv === undefined) throw new TypeError("an event without a pair");
    if (event.type === Event_EventType.DELETE) return { type: "delete", keyBytes: view.keyspace.strip(event.kv.key) };
    return toWrite(await toKeyValue(view, event.kv), this.#init.options.onDecodeError);
  }

  /** The history is gone: what differs from the range as it is now is what has changed. */
  async #readAgain(): Promise<void> {
    const { context, source, scanning, options } = this.#init;
    const { signal } = this.#life;
    for (let retry = 0; ; retry += 1) {
      try {
        const snapshot = await readRange(source, { ...scanning, signal }, options.onDecodeError);
        // A comparison may have found meanwhile that the map is what the range is at a revision above the snapshot's.
        if (snapshot.revision > this.#map.revision) this.#publish(this.#map.reset(snapshot));
        this.#feed.resume(this.#map.revision);
        return;
      } catch (error) {
        if (!isPassing(error)) throw error;
        await context.watches.pause(retry, signal);
      }
    }
  }

  /** The watch was created, or is gone. */
  #turned(): void {
    const { createdAt, creations } = this.#feed;
    if (createdAt !== undefined && createdAt <= this.#map.revision) this.#provenCreation = creations;
    else if (createdAt !== undefined) this.#proving ??= this.#prove();
    this.#waiters.wake();
  }

  async #prove(): Promise<void> {
    try {
      for (;;) {
        const { createdAt, creations } = this.#feed;
        if (createdAt === undefined || this.#proven) return;
        await this.#barrier.reach(createdAt, this.#life.signal);
        if (creations === this.#feed.creations) this.#provenCreation = creations;
      }
    } catch (error) {
      // What a read may not do, the watch may not do either, unless the cache is over anyway.
      this.#fail(error);
    } finally {
      this.#proving = undefined;
    }
  }

  #publish(changes: readonly Change<V>[]): void {
    if (changes.length > 0) this.#taps.each((pending) => pending.push(changes));
  }

  #advance(revision: bigint): void {
    this.#map.advance(revision);
    this.#waiters.wake();
  }

  #fail(error: unknown): void {
    if (this.#life.signal.aborted) return;
    this.#taps.fail(error);
    this.#end(error);
  }

  #end(reason: unknown): void {
    if (this.#life.signal.aborted) return;
    this.#forgetSignal();
    this.#life.abort(reason);
    this.#taps.end();
    this.#feed.finish(reason);
  }
}
