/**
 * The stream that all watches of a client share. It opens with the first watch and closes with the last, and after a break
 * opens again elsewhere and creates each watch from where its cursor stands. `watch-stream.ts` is one such stream.
 */
import { type WatchResponse, Watch as WatchService } from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import { backoffMs, DEFAULT_BACKOFF } from "../backoff.js";
import { type Clock, sleep } from "../clock.js";
import { ClientClosedError, type EtcdError } from "../errors.js";
import type { Endpoint } from "../net/endpoint.js";
import type { OpenStream, Streams } from "../net/streams.js";
import type { Observer } from "../observe/observer.js";
import { AbortFan } from "./abort-fan.js";
import { type Subscriber, WatchStream } from "./watch-stream.js";

/** A watch, as the hub sees it. */
export interface HubSubscriber extends Subscriber {
  fail(error: EtcdError): void;
}

export interface WatchHubOptions {
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborts when the client closes. */
  readonly closed: AbortSignal;
  /** Does a member without a leader end the stream? Default true. */
  readonly requireLeader?: boolean;
  /** Told what becomes of each watch. */
  readonly observer?: Observer;
  /** Does this member answer a progress request only when it is true? Asked once a stream. Default: nobody does. */
  readonly progressIsExact?: (endpoint: Endpoint) => Promise<boolean>;
}

/** Told the store's revision, and whether every watch of the stream has been served up to there. */
export type HeardListener = (revision: bigint, synced: boolean) => void;

/** How often in a row a new token may be refused before the watches end. */
const AUTH_FAILURES_MAX = 2;

export class WatchHub {
  /** The signals of the watches' owners. */
  readonly aborts: AbortFan = new AbortFan();
  readonly #options: WatchHubOptions;
  readonly #subscribers = new Set<HubSubscriber>();
  readonly #listeners = new Set<HeardListener>();
  #live: WatchStream | undefined;
  #running: Promise<void> | undefined;
  #authFailures = 0;
  /** Has a server chosen ids itself? */
  #serial = false;
  /** When a stream was last opened again without a wait. */
  #reopenedAtMs = Number.NEGATIVE_INFINITY;
  #leaderless: WatchHub | undefined;

  constructor(options: WatchHubOptions) {
    this.#options = options;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get observer(): Observer | undefined {
    return this.#options.observer;
  }

  /** A stream of its own for the watches that stay with a member without a leader: the server knows it by the stream. */
  get leaderless(): WatchHub {
    this.#leaderless ??= new WatchHub({ ...this.#options, requireLeader: false });
    return this.#leaderless;
  }

  attach(subscriber: HubSubscriber): void {
    if (this.#options.closed.aborted) {
      subscriber.fail(new ClientClosedError());
      return;
    }
    this.#subscribers.add(subscriber);
    this.#live?.create(subscriber);
    this.#running ??= this.#run();
  }

  /** Cancels the watch on the server; nothing more is given to the subscriber. */
  detach(subscriber: HubSubscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    subscriber.disconnected();
    if (this.#subscribers.size > 0) {
      this.#live?.cancel(subscriber);
      return;
    }
    this.#live?.restart();
    this.#live = undefined;
  }

  /** Where the subscriber's stream goes, once the server has created its watch there. */
  endpointOf(subscriber: HubSubscriber): Endpoint | undefined {
    return this.#live?.has(subscriber) ? this.#live.endpoint : undefined;
  }

  /** Calls `listener` with everything that a server says about where it stands, until it is removed. */
  listen(listener: HeardListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks the server where it stands and, if `synced`, whether all watches of the stream are there. */
  ask(synced: boolean): void {
    if (synced) this.#live?.requestProgress();
    this.#live?.probe();
  }

  /** Opens the stream again, as if it had ended with this error. */
  restart(error: RpcError): void {
    this.#live?.restart(error);
  }

  /** Waits before retry number `retry`, as between two streams. Rejects with the reason of the first signal that aborts. */
  pause(retry: number, signal?: AbortSignal): Promise<void> {
    const { clock, random, closed } = this.#options;
    return sleep(clock, backoffMs(DEFAULT_BACKOFF, retry, random()), signal, closed);
  }

  /** Ends every watch with `ClientClosedError`. */
  async close(): Promise<void> {
    this.#failAll(new ClientClosedError());
    await Promise.all([this.#running, this.#leaderless?.close()]);
  }

  async #run(): Promise<void> {
    const { streams, requireLeader = true } = this.#options;
    let retry = 0;
    let avoid: Endpoint | undefined;
    while (this.#subscribers.size > 0) {
      const live = this.#open();
      let opened: OpenStream<WatchResponse> | undefined;
      let reason: unknown;
      try {
        const options = { signal: live.abort.signal, avoid, requireLeader };
        opened = await streams.open(WatchService.method.watch, live.requests, options);
        live.endpoint = opened.endpoint;
        for await (const response of opened.answers) {
          if (live.over) break;
          retry = 0;
          live.endpoint.succeeded();
          live.dispatch(response);
        }
      } catch (error) {
        reason = error;
      }
      opened?.release();
      this.#disconnected(live);
      const given = live.abort.signal.reason;
      // The last watch went, and perhaps another has come since; or the ids are to be asked for one by one.
      if (live.over && !(given instanceof RpcError)) continue;
      const end = await this.#ended(opened?.endpoint, live.over ? given : reason);
      if (end !== undefined) {
        this.#failAll(end);
        break;
      }
      avoid = opened?.endpoint;
      // Closing fails every watch, which also ends this loop.
      if (retry > 0 || !this.#mayReopenAtOnce()) await this.pause(retry).catch(() => undefined);
      retry += 1;
    }
    // In the same turn in which no watch was found: one that comes later must start the loop again.
    this.#running = undefined;
  }

  #open(): WatchStream {
    const live = new WatchStream({
      clock: this.#options.clock,
      serial: this.#serial,
      created: () => {
        this.#authFailures = 0;
      },
      foreignId: () => {
        this.#serial = true;
        live.restart();
      },
      heard: (revision, synced) => {
        for (const listener of this.#listeners) listener(revision, synced);
      },
      mayBeStale: () => void this.#freshen(live),
    });
    this.#live = live;
    for (const subscriber of this.#subscribers) live.create(subscriber);
    return live;
  }

  async #freshen(live: WatchStream): Promise<void> {
    const { progressIsExact } = this.#options;
    if (live.endpoint === undefined || progressIsExact === undefined) return;
    try {
      live.exact ??= await progressIsExact(live.endpoint);
    } catch {
      // The member did not say which version it is; it is asked again next time.
      return;
    }
    if (live.exact && this.#live === live) live.requestProgress();
  }

  #disconnected(live: WatchStream): void {
    live.stop();
    if (this.#live !== live) return;
    this.#live = undefined;
    for (const subscriber of this.#subscribers) subscriber.disconnected();
  }

  /** Another member can be asked without a wait, but not over and over when each of them ends the stream at once. */
  #mayReopenAtOnce(): boolean {
    const nowMs = this.#options.clock.nowMs();
    if (this.#options.streams.endpointCount < 2 || nowMs - this.#reopenedAtMs < DEFAULT_BACKOFF.baseMs) return false;
    this.#reopenedAtMs = nowMs;
    return true;
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

  #failAll(error: EtcdError): void {
    const subscribers = [...this.#subscribers];
    this.#subscribers.clear();
    this.#live?.restart();
    this.#live = undefined;
    for (const subscriber of subscribers) subscriber.fail(error);
  }
}
