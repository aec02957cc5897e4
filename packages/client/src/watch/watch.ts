/**
 * A watch as its consumer sees it. `cursor.ts` knows where it stands, `buffer.ts` holds what waits, `watch-hub.ts` is the
 * stream behind it; this file joins them and turns messages into typed events when they are taken.
 */
import {
  Event_EventType,
  WatchCreateRequest_FilterType,
  type WatchResponse,
  type Event as WireEvent,
} from "@kvorum/proto";
import { CompactedError, DecodeError, type EtcdError, makeEtcdError } from "../errors.js";
import { keyText, type Selector } from "../keys.js";
import { type KeyValue, toKeyValue, type View } from "../kv/results.js";
import type { StoreContext } from "../kv/store.js";
import { type CallOptions, toBigInt } from "../options.js";
import { reasonKind, serverReason } from "../reasons.js";
import { WatchBuffer } from "./buffer.js";
import { WatchCursor } from "./cursor.js";
import type { WatchBatch, WatchEvent, WatchOptions } from "./options.js";
import { fullyReported } from "./progress.js";
import { Resync } from "./resync.js";
import type { Subscriber, WatchCreateInit } from "./watch-hub.js";

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
  /** The same changes, grouped by revision: what one txn did comes in one piece. */
  batches(): AsyncIterable<WatchBatch<V>>;
  /**
   * Resolves with a revision up to which every change has been yielded or waits in this watch's buffer.
   *
   * Errors: `TimeoutError`; `not-supported` on servers whose answer cannot be relied on (before 3.4.25 and 3.5.8).
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

interface Settle {
  resolve(revision: bigint): void;
  reject(reason: unknown): void;
}

class StoreWatch<V> implements Watch<V>, Subscriber {
  readonly ready: Promise<bigint>;
  readonly #context: StoreContext;
  readonly #view: View<V>;
  readonly #options: WatchOptions;
  readonly #range: { readonly key: Uint8Array; readonly rangeEnd: Uint8Array };
  readonly #cursor: WatchCursor;
  readonly #buffer: WatchBuffer;
  readonly #resync: Resync<V> | undefined = undefined;
  readonly #settleReady: Settle;
  #pending: WatchBatch<V>[] = [];
  #synthetic: AsyncGenerator<WatchBatch<V>, bigint, undefined> | undefined;
  #revision = 0n;
  #parked = false;
  #closed = false;
  #iterated = false;
  readonly #onAbort = (): void => this.#finish(this.#options.signal?.reason);

  constructor(context: StoreContext, view: View<V>, selector: Selector, options: WatchOptions = {}) {
    this.#context = context;
    this.#view = view;
    this.#options = options;
    this.#range = view.keyspace.range(selector);
    const start = options.startRevision === undefined ? 0n : toBigInt(options.startRevision, "startRevision");
    if (start < 0n) throw new RangeError(`startRevision must not be negative: ${start}`);
    this.#cursor = new WatchCursor(start === 0n ? undefined : start);
    this.#buffer = new WatchBuffer(options.bufferSize);
    if (options.onCompacted === "resync") {
      this.#resync = new Resync({
        caller: context.caller,
        keyspace: view.keyspace,
        range: this.#range,
        options,
        decode: (kv) => this.#keyValue(kv),
      });
    }
    let settle: Settle = { resolve: () => undefined, reject: () => undefined };
    this.ready = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    // Whoever does not await `ready` learns of the failure from the iteration.
    this.ready.catch(() => undefined);
    this.#settleReady = settle;
    if (options.signal?.aborted) {
      this.#onAbort();
      return;
    }
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    context.watches.attach(this);
  }

  get revision(): bigint {
    return this.#revision;
  }

  get lag(): number {
    // What arrived in one response is taken from the buffer at once and handed out revision by revision.
    return this.#pending.reduce((events, batch) => events + batch.events.length, this.#buffer.lag);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<V>, void, undefined> {
    for await (const batch of this.#iterate()) {
      yield* batch.events;
      this.#revision = batch.revision;
    }
  }

  async *batches(): AsyncGenerator<WatchBatch<V>, void, undefined> {
    for await (const batch of this.#iterate()) {
      yield batch;
      this.#revision = batch.revision;
    }
  }

  progress(options: CallOptions = {}): Promise<bigint> {
    return fullyReported(this.#context, this, options);
  }

  async close(): Promise<void> {
    this.#finish(new Error("the watch was closed"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // What the hub calls.

  get waitsForFuture(): boolean {
    return this.#cursor.waitsForFuture;
  }

  createRequest(): WatchCreateInit {
    const { only, prevKv } = this.#options;
    const { NOPUT, NODELETE } = WatchCreateRequest_FilterType;
    return {
      ...this.#range,
      startRevision: this.#cursor.startRevision,
      prevKv: prevKv ?? false,
      filters: only === undefined ? [] : [only === "put" ? NODELETE : NOPUT],
      // Keeps the cursor of an idle watch ahead of compaction.
      progressNotify: true,
      fragment: true,
    };
  }

  disconnected(): void {
    this.#cursor.disconnected();
  }

  fail(error: EtcdError): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#settleReady.reject(error);
    this.#buffer.fail(error);
  }

  accept(response: WatchResponse): void {
    const step = this.#cursor.accept(response);
    switch (step.kind) {
      case "nothing":
        return;
      case "created":
        this.#settleReady.resolve(step.revision);
        return;
      case "events":
        this.#buffer.push(step);
        if (this.#buffer.isFull) this.#park();
        return;
      case "progress":
        this.#buffer.push(step);
        return;
      case "compacted":
        this.#context.watches.detach(this);
        if (this.#resync === undefined) this.fail(compactedError(step));
        else this.#buffer.push(step);
        return;
      case "canceled":
        this.#canceled(step.reason);
    }
  }

  #canceled(reason: string): void {
    const known = serverReason(reason);
    const kind = known === undefined ? undefined : reasonKind(known);
    if (kind === "token" || kind === "auth-revision") {
      this.#context.watches.reauthenticate(reason);
      return;
    }
    this.#context.watches.detach(this);
    const [code, text] =
      known === "permission-denied" ? (["PERMISSION_DENIED", reason] as const) : (["UNKNOWN", reason] as const);
    this.fail(
      makeEtcdError(text === "" ? "the server canceled the watch without a reason" : text, {
        code: reason === "" ? "OUT_OF_RANGE" : code,
        reason: reason === "" ? "future-revision" : (known ?? "unknown"),
        outcome: "not-applied",
      }),
    );
  }

  /** The consumer is slow: the server keeps the rest of the history until there is room. */
  #park(): void {
    this.#parked = true;
    this.#context.watches.detach(this);
  }

  #unpark(): void {
    if (!this.#parked || !this.#buffer.hasRoom || this.#closed) return;
    this.#parked = false;
    this.#context.watches.attach(this);
  }

  #finish(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#settleReady.reject(reason);
    this.#buffer.end();
    this.#context.watches.detach(this);
  }

  async *#iterate(): AsyncGenerator<WatchBatch<V>, void, undefined> {
    if (this.#iterated) throw new TypeError("a watch can be iterated once");
    this.#iterated = true;
    try {
      for (;;) {
        const batch = await this.#nextBatch();
        if (batch === undefined || this.#closed) return;
        yield batch;
      }
    } finally {
      await this.close();
    }
  }

  async #nextBatch(): Promise<WatchBatch<V> | undefined> {
    for (;;) {
      const ready = this.#pending.shift();
      if (ready !== undefined) return ready;
      if (this.#synthetic !== undefined) {
        const made = await this.#synthetic.next();
        if (!made.done) return made.value;
        this.#synthetic = undefined;
        this.#cursor.skipTo(made.value + 1n);
        if (!this.#closed) this.#context.watches.attach(this);
      }
      const entry = await this.#buffer.take();
      if (entry === undefined) return undefined;
      this.#unpark();
      if (entry.kind === "progress") this.#revision = entry.revision;
      if (entry.kind === "events") this.#pending = await this.#decode(entry.events);
      if (entry.kind === "compacted") this.#synthetic = this.#resync?.run(entry.compactRevision);
    }
  }

  async #decode(events: readonly WireEvent[]): Promise<WatchBatch<V>[]> {
    const batches: WatchBatch<V>[] = [];
    for (const wire of events) {
      const revision = wire.kv?.modRevision ?? 0n;
      let batch = batches.at(-1);
      if (batch === undefined || batch.revision !== revision) {
        batch = { revision, events: [] };
        batches.push(batch);
      }
      const event = await this.#event(wire);
      if (event === undefined) continue;
      this.#resync?.reported(event);
      batch.events.push(event);
    }
    return batches.filter((batch) => batch.events.length > 0);
  }

  async #event(wire: WireEvent): Promise<WatchEvent<V> | undefined> {
    if (wire.kv === undefined) return undefined;
    const previous = wire.prevKv && (await this.#keyValue(wire.prevKv));
    const prev = previous && { prev: previous };
    if (wire.type === Event_EventType.DELETE) {
      const keyBytes = this.#view.keyspace.strip(wire.kv.key);
      return { type: "delete", key: keyText(keyBytes), keyBytes, modRevision: wire.kv.modRevision, ...prev };
    }
    const kv = await this.#keyValue(wire.kv);
    return kv && { type: "put", kv, isCreate: kv.createRevision === kv.modRevision, ...prev };
  }

  async #keyValue(kv: NonNullable<WireEvent["kv"]>): Promise<KeyValue<V> | undefined> {
    const policy = this.#options.onDecodeError ?? "throw";
    try {
      return await toKeyValue(this.#view, kv);
    } catch (error) {
      if (policy === "throw" || !(error instanceof DecodeError)) throw error;
      if (typeof policy === "function") policy(error);
      return undefined;
    }
  }
}

function compactedError(step: { compactRevision: bigint; requested: bigint }): CompactedError {
  const { compactRevision, requested } = step;
  return new CompactedError(`revision ${requested} has been compacted: history starts at ${compactRevision}`, {
    code: "OUT_OF_RANGE",
    reason: "compacted",
    outcome: "not-applied",
    compactRevision,
    requested,
  });
}
