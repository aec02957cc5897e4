/**
 * The watchers of one client stream and the responses that wait for it, first in, first out. The order of the queue is
 * what makes the promises true: `created` comes before any event of a watcher, nothing of a watcher follows its `canceled`,
 * and a progress response stands behind every event up to its revision.
 *
 * What waits is bounded: a full queue takes no more events. Its watchers then become victims, which hold nothing but the
 * revision to go on from, and read history once the edge has pulled.
 */
import { compareBytes, isFromKey } from "../bytes.js";
import { SERVER_ERRORS } from "../errors.js";
import { Fifo } from "../fifo.js";
import type { WatchBounds } from "./bounds.js";
import { splitResponse } from "./fragment.js";
import type { WatchCreate, WatchEvent, WatchResponse, WatchStream } from "./types.js";
import { type EventBatch, Watcher, type WatcherOwner, watchedKey } from "./watcher.js";

/** The answer to a refused create and to a progress request carries this instead of a watcher's id. */
export const NO_WATCHER = -1;

const RANGE_EMPTY = "mvcc: watcher range is empty";
const DUPLICATE_ID = "mvcc: duplicate watch ID provided on the WatchStream";

/** What a stream asks of the hub it belongs to. */
export interface StreamHub {
  readonly currentRevision: bigint;
  /** From this encoded size on a response is cut, if its watcher allows it. */
  readonly fragmentBytes: number;
  /** Places a new watcher into a group. */
  start(watcher: Watcher): void;
  /** Takes a watcher out of its group. */
  stop(watcher: Watcher): void;
  /** Serves the stream's victims from history, as far as there is room. */
  refill(stream: WatcherOwner): void;
  /** The events of a batch with their previous pairs, the same list as the last time if they are the same. */
  withPrevious(events: readonly WatchEvent[]): readonly WatchEvent[];
  closed(stream: Stream): void;
}

type Queued =
  | { readonly response: WatchResponse; readonly watcher: undefined }
  | { readonly batch: EventBatch; readonly watcher: Watcher };

export class Stream implements WatchStream, WatcherOwner {
  readonly victims: Set<Watcher> = new Set();
  readonly #hub: StreamHub;
  readonly #onOutput: () => void;
  readonly #bounds: Pick<WatchBounds, "responsesMax" | "streamBytesMax">;
  readonly #watchers = new Map<number, Watcher>();
  readonly #queue = new Fifo<Queued>();
  #queuedBytes = 0;
  /** Rest of a response that is being handed out in parts. */
  #parts: WatchResponse[] = [];
  #nextId = 0;
  #closed = false;
  /** Inside `next()`: what is pushed now is about to be pulled anyway. */
  #pulling = false;

  constructor(hub: StreamHub, onOutput: () => void, bounds: Pick<WatchBounds, "responsesMax" | "streamBytesMax">) {
    this.#hub = hub;
    this.#onOutput = onOutput;
    this.#bounds = bounds;
  }

  create(request: WatchCreate): void {
    if (this.#closed) return;
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.refuse(refusal);
      return;
    }
    const watcher = new Watcher(this.#pickId(request.watchId), this, request, this.#hub.currentRevision);
    this.#watchers.set(watcher.id, watcher);
    this.#pushResponse({ watchId: watcher.id, created: true });
    this.#hub.start(watcher);
  }

  refuse(cancelReason: string): void {
    if (!this.#closed) this.#pushResponse({ watchId: NO_WATCHER, created: true, canceled: true, cancelReason });
  }

  cancel(watchId: number): void {
    const watcher = this.#watchers.get(watchId);
    if (watcher === undefined) return;
    this.#watchers.delete(watchId);
    this.#hub.stop(watcher);
    this.#pushResponse({ watchId, canceled: true });
  }

  requestProgress(): void {
    const watchers = [...this.#watchers.values()].filter((watcher) => watcher.group !== "ended");
    // A full queue drops the request like a watcher that is behind does: the client asks again (etcd behaviour).
    if (watchers.length === 0 || this.full || !watchers.every((watcher) => this.#upToDate(watcher))) return;
    this.#pushResponse({ watchId: NO_WATCHER });
  }

  /** Tells watchers that asked for it and had no event since the last tick how far they have got. */
  progressTick(): void {
    for (const watcher of this.#watchers.values()) {
      const quiet = !watcher.active;
      watcher.active = false;
      if (watcher.progressNotify && quiet && this.#upToDate(watcher) && !this.full) {
        this.#pushResponse({ watchId: watcher.id });
      }
    }
  }

  next(): WatchResponse | undefined {
    if (this.#parts.length > 0) return this.#parts.shift();
    this.#pulling = true;
    while (this.#queue.length === 0 && this.victims.size > 0) this.#hub.refill(this);
    this.#pulling = false;
    const queued = this.#queue.take();
    if (queued === undefined) return undefined;
    if (queued.watcher === undefined) return queued.response;
    this.#queuedBytes -= queued.batch.bytes;
    const response = this.#response(queued.watcher, queued.batch);
    if (!queued.watcher.fragment) return response;
    this.#parts = splitResponse(response, this.#hub.fragmentBytes);
    return this.#parts.shift();
  }

  get full(): boolean {
    const { responsesMax, streamBytesMax } = this.#bounds;
    return this.#queue.length >= responsesMax || this.#queuedBytes >= streamBytesMax;
  }

  /** At least half of the queue is free: worth serving victims again. */
  get roomy(): boolean {
    const { responsesMax, streamBytesMax } = this.#bounds;
    return this.#queue.length * 2 <= responsesMax && this.#queuedBytes * 2 <= streamBytesMax;
  }

  get waiting(): number {
    return this.#queue.length + this.#parts.length;
  }

  /** Events that wait to be handed out; costs as much as there are responses. */
  get waitingEvents(): number {
    let events = 0;
    for (const queued of this.#queue) events += queued.watcher === undefined ? 0 : queued.batch.events.length;
    for (const part of this.#parts) events += part.events.length;
    return events;
  }

  get watchers(): Iterable<Watcher> {
    return this.#watchers.values();
  }

  pushEvents(watcher: Watcher, batch: EventBatch): boolean {
    if (this.full) return false;
    watcher.active = true;
    this.#queuedBytes += batch.bytes;
    this.#push({ batch, watcher });
    return true;
  }

  pushCompacted(watcher: Watcher, compactRevision: bigint): void {
    // etcd leaves the header's revision out here, and clients tell this end by `compactRevision` alone.
    this.#pushResponse({ watchId: watcher.id, canceled: true, compactRevision, revision: 0n });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const watcher of this.#watchers.values()) this.#hub.stop(watcher);
    this.#watchers.clear();
    this.#queue.clear();
    this.#parts = [];
    this.#hub.closed(this);
  }

  #refusal(request: WatchCreate): string | undefined {
    const { rangeEnd, watchId } = request;
    if (rangeEnd.length > 0 && !isFromKey(rangeEnd) && compareBytes(rangeEnd, watchedKey(request.key)) <= 0) {
      return RANGE_EMPTY;
    }
    if (watchId !== 0 && this.#watchers.has(watchId)) return DUPLICATE_ID;
    return request.startRevision < 0n ? SERVER_ERRORS.compacted.message : undefined;
  }

  /** Numbers the stream picks go up and are never picked twice; those the client took are skipped. */
  #pickId(asked: number): number {
    if (asked !== 0) return asked;
    while (this.#watchers.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  /** Synced, and not waiting for a revision that is still to come. */
  #upToDate(watcher: Watcher): boolean {
    return watcher.group === "synced" && watcher.startRevision <= this.#hub.currentRevision;
  }

  /** What goes over the wire for a batch. Previous pairs are read only now, so that waiting does not hold them. */
  #response({ id, prevKv }: Watcher, { events, revision }: EventBatch): WatchResponse {
    return {
      watchId: id,
      created: false,
      canceled: false,
      compactRevision: 0n,
      cancelReason: "",
      fragment: false,
      events: prevKv ? this.#hub.withPrevious(events) : events,
      revision,
    };
  }

  #complete(parts: Partial<WatchResponse> & Pick<WatchResponse, "watchId">): WatchResponse {
    return {
      created: false,
      canceled: false,
      compactRevision: 0n,
      cancelReason: "",
      fragment: false,
      events: [],
      revision: this.#hub.currentRevision,
      ...parts,
    };
  }

  #pushResponse(parts: Partial<WatchResponse> & Pick<WatchResponse, "watchId">): void {
    this.#push({ response: this.#complete(parts), watcher: undefined });
  }

  #push(queued: Queued): void {
    this.#queue.push(queued);
    if (this.#queue.length === 1 && !this.#pulling) this.#onOutput();
  }
}
