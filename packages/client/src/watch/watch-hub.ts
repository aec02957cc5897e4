/**
 * The stream that all watches of a client share. It opens with the first watch and closes with the last, gives every watch an
 * id of its own choosing so that all of them are created in one round trip, and after a break opens again elsewhere and
 * creates each watch from where its cursor stands.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type WatchCreateRequestSchema,
  type WatchRequestSchema,
  type WatchResponse,
  Watch as WatchService,
} from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { backoffMs, DEFAULT_BACKOFF } from "../backoff.js";
import { type Clock, sleep } from "../clock.js";
import { ClientClosedError, type EtcdError } from "../errors.js";
import type { Endpoint } from "../net/endpoint.js";
import { RequestQueue } from "../net/request-queue.js";
import type { OpenStream, Streams } from "../net/streams.js";
import { Silence } from "./silence.js";

export type WatchCreateInit = MessageInitShape<typeof WatchCreateRequestSchema>;
type WatchRequestInit = MessageInitShape<typeof WatchRequestSchema>;

/** One watch, as the hub sees it. */
export interface Subscriber {
  /** The request that (re-)creates it from where it stands. The hub adds the id. */
  createRequest(): WatchCreateInit;
  accept(response: WatchResponse): void;
  disconnected(): void;
  fail(error: EtcdError): void;
  /** Is the stream allowed to be silent although it lives? */
  readonly waitsForFuture: boolean;
}

/** A watch on the stream that is open now. */
interface Attachment {
  readonly id: bigint;
  readonly subscriber: Subscriber;
  created: boolean;
}

interface Live {
  readonly requests: RequestQueue<WatchRequestInit>;
  readonly abort: AbortController;
  /** Creates that are not answered yet, in the order in which the server answers them. */
  readonly pending: Attachment[];
  readonly byId: Map<bigint, Attachment>;
  readonly bySubscriber: Map<Subscriber, Attachment>;
  readonly silence: Silence;
  endpoint: Endpoint | undefined;
}

export interface WatchHubOptions {
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborts when the client closes. */
  readonly closed: AbortSignal;
}

/** How often in a row a new token may be refused before the watches end. */
const AUTH_FAILURES_MAX = 2;

export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #subscribers = new Set<Subscriber>();
  readonly #progressWaiters = new Set<(revision: bigint) => void>();
  #live: Live | undefined;
  #running: Promise<void> | undefined;
  /** Ids are never reused, so that what is still under way for an old watch cannot be taken for a new one's. */
  #lastId = 0n;
  #authFailures = 0;

  constructor(options: WatchHubOptions) {
    this.#options = options;
  }

  attach(subscriber: Subscriber): void {
    if (this.#options.closed.aborted) {
      subscriber.fail(new ClientClosedError());
      return;
    }
    this.#subscribers.add(subscriber);
    if (this.#live !== undefined) this.#create(this.#live, subscriber);
    this.#running ??= this.#run();
  }

  /** Cancels the watch on the server; nothing more is given to the subscriber. */
  detach(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    subscriber.disconnected();
    const live = this.#live;
    if (live === undefined) return;
    if (this.#subscribers.size === 0) {
      this.#live = undefined;
      live.abort.abort();
      return;
    }
    const attachment = live.bySubscriber.get(subscriber);
    if (attachment !== undefined) this.#cancel(live, attachment);
  }

  /** Where the subscriber's stream goes, once the server has created its watch there. */
  endpointOf(subscriber: Subscriber): Endpoint | undefined {
    return this.#live?.bySubscriber.get(subscriber)?.created ? this.#live.endpoint : undefined;
  }

  /** Asks how far the stream is; `listener` is called with the revision of every such answer until it is removed. */
  requestProgress(listener: (revision: bigint) => void): () => void {
    this.#progressWaiters.add(listener);
    this.#live?.requests.push({ requestUnion: { case: "progressRequest", value: {} } });
    return () => this.#progressWaiters.delete(listener);
  }

  /** The server refused a watch over its token: only a stream with a new token can carry it. */
  reauthenticate(reason: string): void {
    this.#live?.abort.abort(new RpcError(StatusCode.UNAUTHENTICATED, reason));
  }

  /** Ends every watch with `ClientClosedError`. */
  async close(): Promise<void> {
    this.#failAll(new ClientClosedError());
    await this.#running;
  }

  async #run(): Promise<void> {
    const { streams, clock, random, closed } = this.#options;
    let retry = 0;
    let avoid: Endpoint | undefined;
    while (this.#subscribers.size > 0) {
      const live = this.#open();
      let opened: OpenStream<WatchResponse> | undefined;
      let reason: unknown;
      try {
        opened = await streams.open(WatchService.method.watch, live.requests, { signal: live.abort.signal, avoid });
        live.endpoint = opened.endpoint;
        for await (const response of opened.answers) {
          retry = 0;
          live.endpoint.succeeded();
          live.silence.heard();
          this.#dispatch(live, response);
        }
      } catch (error) {
        reason = error;
      }
      opened?.release();
      this.#disconnect(live);
      // The last watch went, and perhaps another has come since: then there is nothing to wait for.
      if (live.abort.signal.aborted && !(live.abort.signal.reason instanceof RpcError)) continue;
      const end = await this.#ended(opened?.endpoint, live.abort.signal.aborted ? live.abort.signal.reason : reason);
      if (end !== undefined) {
        this.#failAll(end);
        break;
      }
      avoid = opened?.endpoint;
      const waitMs = retry === 0 && streams.endpointCount > 1 ? 0 : backoffMs(DEFAULT_BACKOFF, retry, random());
      retry += 1;
      // Closing fails every watch, which also ends this loop.
      await sleep(clock, waitMs, closed).catch(() => undefined);
    }
    // In the same turn in which no watch was found: one that comes later must start the loop again.
    this.#running = undefined;
  }

  #open(): Live {
    const live: Live = {
      requests: new RequestQueue(),
      abort: new AbortController(),
      pending: [],
      byId: new Map(),
      bySubscriber: new Map(),
      endpoint: undefined,
      silence: new Silence(this.#options.clock, {
        ask: () => live.requests.push({ requestUnion: { case: "progressRequest", value: {} } }),
        giveUp: () => live.abort.abort(new RpcError(StatusCode.UNAVAILABLE, "the watch stream gives no sign of life")),
        mayBeSilent: () => [...this.#subscribers].some((subscriber) => subscriber.waitsForFuture),
      }),
    };
    this.#live = live;
    for (const subscriber of this.#subscribers) this.#create(live, subscriber);
    return live;
  }

  #disconnect(live: Live): void {
    live.silence.stop();
    live.requests.end();
    if (this.#live === live) this.#live = undefined;
    for (const { subscriber } of live.byId.values()) {
      if (this.#subscribers.has(subscriber)) subscriber.disconnected();
    }
  }

  /** Undefined where the stream is to be opened again, else the error that ends all watches. */
  async #ended(endpoint: Endpoint | undefined, reason: unknown): Promise<EtcdError | undefined> {
    const { streams, closed } = this.#options;
    if (closed.aborted) return new ClientClosedError();
    const end = await streams.ended(WatchService.method.watch, "watch", endpoint, reason);
    if (end.action === "surface") return end.error;
    if (end.action !== "refresh") return undefined;
    this.#authFailures += 1;
    return this.#authFailures > AUTH_FAILURES_MAX ? end.error : undefined;
  }

  #create(live: Live, subscriber: Subscriber): void {
    this.#lastId += 1n;
    const attachment: Attachment = { id: this.#lastId, subscriber, created: false };
    live.byId.set(attachment.id, attachment);
    live.bySubscriber.set(subscriber, attachment);
    live.pending.push(attachment);
    live.requests.push({
      requestUnion: { case: "createRequest", value: { ...subscriber.createRequest(), watchId: attachment.id } },
    });
  }

  #cancel(live: Live, { id, subscriber }: Attachment): void {
    live.byId.delete(id);
    live.bySubscriber.delete(subscriber);
    live.requests.push({ requestUnion: { case: "cancelRequest", value: { watchId: id } } });
  }

  #dispatch(live: Live, response: WatchResponse): void {
    const attachment = response.created ? this.#answered(live, response.watchId) : live.byId.get(response.watchId);
    if (attachment === undefined) {
      if (response.watchId === -1n) this.#progress(response);
      return;
    }
    // Detached while its create was under way.
    if (!live.byId.has(attachment.id)) return;
    if (response.created && !response.canceled) {
      attachment.created = true;
      this.#authFailures = 0;
    }
    if (response.canceled) this.#cancel(live, attachment);
    attachment.subscriber.accept(response);
  }

  /** Which create this is the answer to. A refused one comes back as -1, so only the order tells. */
  #answered(live: Live, watchId: bigint): Attachment | undefined {
    const index = live.pending.findIndex((attachment) => attachment.id === watchId);
    return live.pending.splice(Math.max(index, 0), 1)[0];
  }

  #progress(response: WatchResponse): void {
    for (const waiter of this.#progressWaiters) waiter(response.header?.revision ?? 0n);
  }

  #failAll(error: EtcdError): void {
    const subscribers = [...this.#subscribers];
    this.#subscribers.clear();
    const live = this.#live;
    this.#live = undefined;
    live?.abort.abort();
    for (const subscriber of subscribers) subscriber.fail(error);
  }
}
