/**
 * Keeps all leases of a client alive over one stream. A keepalive that is not answered soon is sent again on a second stream
 * to another member (or over a new connection), and both stay until one of them answers; so a connection that swallows
 * everything costs seconds and not the lease.
 */
import { Lease as LeaseService } from "@kvorum/proto";
import type { Clock } from "../clock.js";
import type { Endpoint } from "../net/endpoint.js";
import type { Streams } from "../net/streams.js";
import type { Instant } from "./deadline.js";
import { type KeepAliveAnswer, KeepAliveStream } from "./keepalive-stream.js";

/** A lease, as the keeper sees it. */
export interface KeptAlive {
  readonly id: bigint;
  /** Milliseconds to wait for an answer. */
  readonly patienceMs: number;
  /** Monotonic time of the next keepalive. */
  nextSendMs(random: number): number;
  /** Milliseconds until the lease counts as lost. */
  remaining(): number;
  /** False when the lease is over: it is then no longer the keeper's. */
  check(): boolean;
  acknowledge(ttl: number, sentAt: Instant): void;
  /** What went wrong last; the cause, should the lease be lost. */
  failed(error: unknown): void;
}

interface Entry {
  readonly lease: KeptAlive;
  /** The keepalive that is not answered yet. */
  waitingSinceMs: number | undefined;
  /** Monotonic time of the next action. */
  dueMs: number;
  resends: number;
}

export interface KeeperOptions {
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: () => number;
}

const RESEND_FIRST_MS = 100;
const RESEND_MAX_MS = 500;

export class LeaseKeeper {
  readonly #options: KeeperOptions;
  readonly #entries = new Map<bigint, Entry>();
  /** Oldest first, two at most. */
  #streams: KeepAliveStream[] = [];
  readonly #ending = new Set<Promise<void>>();
  #avoid: Endpoint | undefined;
  #cancelTimer: () => void = () => undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  add(lease: KeptAlive): void {
    const dueMs = lease.nextSendMs(this.#options.random());
    this.#entries.set(lease.id, { lease, waitingSinceMs: undefined, dueMs, resends: 0 });
    this.#arm();
  }

  remove(lease: KeptAlive): void {
    this.#entries.delete(lease.id);
    if (this.#entries.size === 0) this.#closeStreams();
    this.#arm();
  }

  async close(): Promise<void> {
    this.#entries.clear();
    this.#cancelTimer();
    this.#closeStreams();
    await Promise.all(this.#ending);
  }

  /** One timer for all leases, for whatever is due first. */
  #arm(): void {
    this.#cancelTimer();
    if (this.#entries.size === 0) return;
    const nowMs = this.#options.clock.nowMs();
    let waitMs = Number.POSITIVE_INFINITY;
    for (const { lease, dueMs } of this.#entries.values()) {
      waitMs = Math.min(waitMs, dueMs - nowMs, lease.remaining());
    }
    // A millisecond on top, because a timer may fire a fraction too early.
    this.#cancelTimer = this.#options.clock.after(Math.max(0, waitMs) + 1, () => this.#tick());
  }

  #tick(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const entry of [...this.#entries.values()]) {
      if (entry.lease.check() && nowMs >= entry.dueMs) this.#send(entry);
    }
    this.#arm();
  }

  #send(entry: Entry): void {
    const { clock } = this.#options;
    const now: Instant = { monotonicMs: clock.nowMs(), wallMs: clock.wallMs() };
    const unanswered = entry.waitingSinceMs !== undefined && this.#streams.length > 0;
    const stream = unanswered ? this.#second(entry.lease.patienceMs) : this.#first();
    stream.send(entry.lease.id, now);
    if (entry.waitingSinceMs === undefined) {
      entry.waitingSinceMs = now.monotonicMs;
      entry.dueMs = now.monotonicMs + entry.lease.patienceMs;
    } else {
      this.#backOff(entry, now.monotonicMs);
    }
  }

  #backOff(entry: Entry, nowMs: number): void {
    entry.dueMs = nowMs + Math.min(RESEND_MAX_MS, RESEND_FIRST_MS * 2 ** Math.min(entry.resends, 8));
    entry.resends += 1;
  }

  #first(): KeepAliveStream {
    return this.#streams.at(-1) ?? this.#open(this.#options.streams.pick(this.#avoid), false);
  }

  /** A stream beside the one that does not answer. When the second keeps silent as well, the older makes way for a third. */
  #second(patienceMs: number): KeepAliveStream {
    const nowMs = this.#options.clock.nowMs();
    const newest = this.#first();
    if (this.#streams.length > 1 && nowMs - newest.openedAtMs < patienceMs) return newest;
    if (this.#streams.length > 1) this.#streams.shift()?.close();
    newest.endpoint.silent(nowMs);
    const endpoint = this.#options.streams.pick(newest.endpoint);
    return this.#open(endpoint, endpoint === newest.endpoint);
  }

  #open(endpoint: Endpoint, ownConnection: boolean): KeepAliveStream {
    const openedAtMs = this.#options.clock.nowMs();
    const stream = new KeepAliveStream(
      this.#options.streams,
      { endpoint, ownConnection, openedAtMs },
      {
        answered: (from, answer) => this.#answered(from, answer),
        ended: (from, reason) => this.#ended(from, reason),
      },
    );
    this.#streams.push(stream);
    this.#ending.add(stream.done);
    stream.done.finally(() => this.#ending.delete(stream.done));
    return stream;
  }

  #answered(stream: KeepAliveStream, answer: KeepAliveAnswer): void {
    for (const other of this.#streams) if (other !== stream) other.close();
    this.#streams = [stream];
    this.#avoid = undefined;
    const entry = this.#entries.get(answer.leaseId);
    if (entry === undefined) return;
    entry.waitingSinceMs = undefined;
    entry.resends = 0;
    entry.lease.acknowledge(answer.ttl, answer.sentAt);
    entry.dueMs = entry.lease.nextSendMs(this.#options.random());
    this.#arm();
  }

  #ended(stream: KeepAliveStream, reason: unknown): void {
    const { clock, streams } = this.#options;
    this.#streams = this.#streams.filter((other) => other !== stream);
    this.#avoid = stream.endpoint;
    const nowMs = clock.nowMs();
    for (const entry of this.#entries.values()) {
      if (entry.waitingSinceMs !== undefined) this.#backOff(entry, nowMs);
    }
    this.#arm();
    // No error of a stream ends a lease: it is tried again until the deadline, and then the error is the cause.
    const told = streams
      .ended(LeaseService.method.leaseKeepAlive, "keepalive", stream.endpoint, reason)
      .then((end) => end.error)
      .catch((error: unknown) => error)
      .then((error) => {
        for (const { lease } of this.#entries.values()) lease.failed(error);
      });
    this.#ending.add(told);
    told.finally(() => this.#ending.delete(told));
  }

  #closeStreams(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams = [];
  }
}
