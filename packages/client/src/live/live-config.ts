/**
 * How a configuration stays current. Watches say only *that* something changed; then all keys are read in one txn, so that
 * the value is of one revision wherever the keys lie, and a gap in the history needs nothing but the next read.
 * `config-reader.ts` makes a value of the bytes, `last-good.ts` keeps the last good ones.
 */
import { setMaxListeners } from "node:events";
import { KV } from "@kvorum/proto";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { DecodeError, type EtcdError, isEtcdError } from "../errors.js";
import { toHeader } from "../kv/results.js";
import type { StoreContext } from "../kv/store.js";
import type { CallOptions } from "../options.js";
import type { LiveValue } from "./config.js";
import type { Checked, ConfigField, ConfigReader } from "./config-reader.js";
import { Feed } from "./feed.js";
import type { LastGood, Reading } from "./last-good.js";
import { isPassing } from "./limits.js";
import type { ChangesOptions, ConfigOptions, ConfigSource } from "./options.js";
import { PendingValue } from "./pending-value.js";
import { sameData } from "./same-data.js";
import { Taps } from "./taps.js";
import { Waiters } from "./waiters.js";

export interface LiveConfigInit<S extends StandardSchemaV1> {
  readonly context: Pick<StoreContext, "caller" | "watches">;
  readonly fields: readonly ConfigField[];
  readonly reader: ConfigReader<S>;
  readonly file: LastGood<S> | undefined;
  readonly options: ConfigOptions<StandardSchemaV1.InferOutput<S>>;
}

/** A good value and where it is from. */
interface Good<T> extends Checked<T> {
  readonly source: ConfigSource;
  readonly revision: bigint;
}

/** What a default was made of. */
const NO_INPUT = Symbol("default");

export class LiveConfig<S extends StandardSchemaV1, T extends StandardSchemaV1.InferOutput<S>> implements LiveValue<T> {
  readonly #init: LiveConfigInit<S>;
  readonly #waiters: Waiters;
  readonly #taps = new Taps<T, PendingValue<T>>();
  readonly #life = new AbortController();
  readonly #feeds: Feed[] = [];
  /** Feeds whose history is gone, which go on behind the next read. */
  readonly #gaps = new Set<Feed>();
  #forgetSignal: () => void = () => undefined;
  #loops: Promise<void>[] = [];
  #good: Good<T> | undefined;
  #error: DecodeError | EtcdError | undefined;
  /** The revision of the last read, and the newest that is known to have changed something. */
  #read = 0n;
  #wanted = 0n;

  constructor(init: LiveConfigInit<S>) {
    this.#init = init;
    this.#waiters = new Waiters(init.context.watches.clock);
    setMaxListeners(0, this.#life.signal);
  }

  /** Resolves when there is a value. Called once, before anything else. */
  async start(): Promise<void> {
    const { signal, timeout } = this.#init.options;
    try {
      const reading = await this.#readNow({ ...(signal && { signal }), ...(timeout !== undefined && { timeout }) });
      await this.#accept(reading);
      signal?.throwIfAborted();
      this.#watch(reading.revision);
    } catch (error) {
      const fromFile = this.#good === undefined && isPassing(error) && (await this.#takeFile());
      if (!fromFile || signal?.aborted) {
        this.#end(error);
        signal?.throwIfAborted();
        throw error;
      }
    }
    if (signal !== undefined) {
      this.#forgetSignal = this.#init.context.watches.aborts.add(signal, () => this.#end(signal.reason));
    }
    this.#loops.push(this.#run());
  }

  get current(): T {
    return this.#known.output;
  }

  get revision(): bigint {
    return this.#known.revision;
  }

  get source(): ConfigSource {
    return this.#known.source;
  }

  get stale(): boolean {
    return this.#wanted > this.#read || !this.#watching || this.#feeds.some((feed) => feed.createdAt === undefined);
  }

  get error(): DecodeError | EtcdError | undefined {
    return this.#error;
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  changes(options: ChangesOptions = {}): AsyncIterableIterator<T, undefined, undefined> {
    return this.#taps.open(new PendingValue(this.current, options.initial ?? false), options.signal);
  }

  async close(): Promise<void> {
    this.#end(new Error("the live value was closed"));
    await Promise.all(this.#loops);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #known(): Good<T> {
    if (this.#good === undefined) throw new TypeError("the live value has not started");
    return this.#good;
  }

  get #watching(): boolean {
    return this.#feeds.length > 0;
  }

  #watch(revision: bigint): void {
    const { context, fields } = this.#init;
    for (const { wireKey } of fields) {
      const range = { key: wireKey, rangeEnd: new Uint8Array(0) };
      const feed: Feed = new Feed(context.watches, range, revision + 1n, {
        // What was written while there was no watch is read, without waiting for its events.
        turned: () => this.#want(feed.createdAt ?? 0n),
        progressed: () => undefined,
      });
      this.#feeds.push(feed);
      this.#loops.push(this.#pump(feed));
    }
  }

  async #pump(feed: Feed): Promise<void> {
    try {
      for (;;) {
        const entry = await feed.take();
        if (entry === undefined) return;
        if (entry.kind === "compacted") this.#gaps.add(feed);
        this.#want(entry.kind === "events" ? entry.revision : 0n);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #want(revision: bigint): void {
    if (revision > this.#wanted) this.#wanted = revision;
    this.#waiters.wake();
  }

  async #run(): Promise<void> {
    const { signal } = this.#life;
    const due = (): boolean => this.#wanted > this.#read || this.#gaps.size > 0 || !this.#watching;
    try {
      for (;;) {
        await this.#waiters.until(due, Number.POSITIVE_INFINITY, signal);
        await this.#quiet();
        const reading = await this.#readUntilRead();
        await this.#accept(reading);
        if (signal.aborted) return;
        if (!this.#watching) this.#watch(reading.revision);
        for (const feed of this.#gaps) feed.resume(reading.revision);
        this.#gaps.clear();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Resolves when a burst of changes is over, or has lasted long enough. */
  async #quiet(): Promise<void> {
    const { options, context } = this.#init;
    const { clock } = context.watches;
    const { debounce = 0, debounceMax = debounce * 10 } = options;
    const endMs = clock.nowMs() + debounceMax;
    for (;;) {
      const ms = Math.min(debounce, endMs - clock.nowMs());
      if (ms <= 0) return;
      const wanted = this.#wanted;
      if (!(await this.#waiters.until(() => this.#wanted !== wanted, ms, this.#life.signal))) return;
    }
  }

  async #readNow(options: CallOptions): Promise<Reading> {
    const { context, fields } = this.#init;
    const success = fields.map(({ wireKey: key }) => ({ request: { case: "requestRange" as const, value: { key } } }));
    const answer = await context.caller.unary(KV.method.txn, { success }, "read", options);
    const pairs = answer.responses.map(({ response }) => {
      const kv = response.case === "responseRange" ? response.value.kvs[0] : undefined;
      // Copied: the field is a view into the whole message.
      return kv && { value: new Uint8Array(kv.value), modRevision: kv.modRevision };
    });
    return { revision: toHeader(answer.header).revision, pairs };
  }

  async #readUntilRead(): Promise<Reading> {
    const { watches } = this.#init.context;
    const { signal } = this.#life;
    for (let retry = 0; ; retry += 1) {
      try {
        return await this.#readNow({ signal });
      } catch (error) {
        signal.throwIfAborted();
        if (!isPassing(error)) throw error;
        await watches.pause(retry, signal);
      }
    }
  }

  /** Takes a reading over. Errors, while there is no value at all: why there is none. */
  async #accept(reading: Reading): Promise<void> {
    this.#read = reading.revision;
    let good: Good<T>;
    try {
      good = await this.#goodOf(reading);
    } catch (error) {
      if (!isEtcdError(error) && !(error instanceof DecodeError)) throw error;
      const { options } = this.#init;
      // Bad data is no absence, but where nothing was good before, a default is better than nothing.
      if (this.#good === undefined && !(await this.#takeFile()) && !("default" in options)) throw error;
      this.#good ??= { input: NO_INPUT, output: options.default as T, source: "default", revision: reading.revision };
      this.#error = error;
      options.onError?.(error);
      return;
    }
    this.#error = undefined;
    this.#take(good);
    if (good.source === "store") await this.#init.file?.save(reading);
  }

  async #goodOf({ revision, pairs }: Reading): Promise<Good<T>> {
    const { options, reader } = this.#init;
    if (pairs.some((pair) => pair !== undefined)) {
      return { ...((await reader.read(pairs)) as Checked<T>), source: "store", revision };
    }
    if (!("default" in options)) throw reader.absent();
    return { input: NO_INPUT, output: options.default as T, source: "default", revision };
  }

  #take(good: Good<T>): void {
    const last = this.#good;
    const same = last !== undefined && (sameData(last.input, good.input) || sameData(last.output, good.output));
    // The same object where it is the same data, so that who compares objects is not misled.
    this.#good = same ? { ...good, output: last.output } : good;
    if (!same) this.#taps.each((pending) => pending.set(good.output));
  }

  /** Is there a value in the file to begin with? */
  async #takeFile(): Promise<boolean> {
    const found = await this.#init.file?.load();
    if (found === undefined) return false;
    this.#good = { ...(found as Checked<T> & { revision: bigint }), source: "file" };
    return true;
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
    for (const feed of this.#feeds) feed.finish(reason);
  }
}
