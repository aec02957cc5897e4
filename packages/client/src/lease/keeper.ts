/**
 * Keeps all leases of a client alive over one stream. A keepalive that is not answered soon is sent again on a second stream
 * to another member (or over a new connection), and both stay until one of them answers; so a connection that swallows
 * everything costs seconds and not the lease.
 */
import { Lease as LeaseService } from "@kvorum/proto";
import type { Clock } from "../clock.js";
import { type EtcdReason, isEtcdError } from "../errors.js";
import type { Endpoint } from "../net/endpoint.js";
import type { Streams } from "../net/streams.js";
import { type Instant, ranAheadMs, SUSPEND_MS } from "./deadline.js";
import { DueQueue } from "./due-queue.js";
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
  /** The server refuses to renew this lease, now and later. */
  refused(error: unknown): void;
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
/** How often the two clocks are compared. A machine that wakes up has no time to lose. */
const COMPARE_CLOCKS_MS = 1_000;
/** What says something about the lease that was asked for and not about the member. */
const REFUSALS: ReadonlySet<EtcdReason> = new Set(["lease-not-found", "permission-denied"]);

export class LeaseKeeper {
  readonly #options: KeeperOptions;
  readonly #entries = new Map<KeptAlive, Entry>();
  /** Usually one; more where a lease was adopted by the client that keeps it already. */
  readonly #byId = new Map<bigint, Set<Entry>>();
  readonly #due = new DueQueue<Entry>();
  /** Oldest first, two at most. */
  #streams: KeepAliveStream[] = [];
  readonly #ending = new Set<Promise<void>>();
  #avoid: Endpoint | undefined;
  #timer: { readonly atMs: number; cancel(): void } | undefined;
  #comparedAt: Instant | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  add(lease: KeptAlive): void {
    const dueMs = lease.nextSendMs(this.#options.random());
    const entry = { lease, waitingSinceMs: undefined, dueMs, resends: 0 };
    this.#entries.set(lease, entry);
    const sharing = this.#byId.get(lease.id);
    if (sharing === undefined) this.#byId.set(lease.id, new Set([entry]));
    else sharing.add(entry);
    this.#comparedAt ??= this.#now();
    this.#schedule(entry);
  }

  remove(lease: KeptAlive): void {
    const entry = this.#entries.get(lease);
    if (entry === undefined) return;
    this.#entries.delete(lease);
    this.#due.delete(entry);
    const sharing = this.#byId.get(lease.id);
    sharing?.delete(entry);
    if (sharing?.size === 0) this.#byId.delete(lease.id);
    if (this.#entries.size > 0) return;
    this.#closeStreams();
    this.#stopTimer();
  }

  async close(): Promise<void> {
    for (const lease of [...this.#entries.keys()]) this.remove(lease);
    await Promise.all(this.#ending);
  }

  /** When this lease needs attention next: to be sent for, or to be called lost. */
  #schedule(entry: Entry): void {
    const deadlineMs = this.#options.clock.nowMs() + entry.lease.remaining();
    this.#due.set(entry, Math.min(entry.dueMs, deadlineMs));
    this.#arm();
  }

  /** One timer for all leases, for whatever is due first. */
  #arm(): void {
    const nowMs = this.#options.clock.nowMs();
    // A millisecond on top, because a timer may fire a fraction too early.
    const atMs = Math.min(Math.max(nowMs, this.#due.nextMs) + 1, nowMs + COMPARE_CLOCKS_MS);
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#stopTimer();
    this.#timer = { atMs, cancel: this.#options.clock.after(atMs - nowMs, () => this.#tick()) };
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#entries.size === 0) this.#comparedAt = undefined;
  }

  #tick(): void {
    this.#timer = undefined;
    const now = this.#now();
    const suspended = this.#comparedAt !== undefined && ranAheadMs(this.#comparedAt, now) > SUSPEND_MS;
    this.#comparedAt = now;
    // What was answered before the machine was suspended says nothing about now.
    const due = suspended ? [...this.#entries.values()] : this.#due.take(now.monotonicMs);
    for (const entry of due) {
      // One that is lost has removed itself.
      if (!entry.lease.check()) continue;
      if (suspended || now.monotonicMs >= entry.dueMs) this.#send(entry);
      this.#schedule(entry);
    }
    if (this.#entries.size > 0) this.#arm();
  }

  #send(entry: Entry): void {
    const now = this.#now();
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
        ended: (from, reason, unanswered) => this.#ended(from, reason, unanswered),
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
    for (const entry of this.#of(answer.leaseId)) {
      entry.waitingSinceMs = undefined;
      entry.resends = 0;
      entry.lease.acknowledge(answer.ttl, answer.sentAt);
      // The answer may have been that the lease is gone.
      if (!this.#entries.has(entry.lease)) continue;
      entry.dueMs = entry.lease.nextSendMs(this.#options.random());
      this.#schedule(entry);
    }
  }

  #ended(stream: KeepAliveStream, reason: unknown, unanswered: bigint | undefined): void {
    const { clock, streams } = this.#options;
    this.#streams = this.#streams.filter((other) => other !== stream);
    this.#avoid = stream.endpoint;
    const nowMs = clock.nowMs();
    for (const entry of this.#entries.values()) {
      if (entry.waitingSinceMs === undefined) continue;
      this.#backOff(entry, nowMs);
      this.#schedule(entry);
    }
    // Other errors of a stream end no lease: it is tried again until the deadline, and then the error is the cause.
    const told = streams
      .ended(LeaseService.method.leaseKeepAlive, "keepalive", stream.endpoint, reason)
      .then((end) => end.error)
      .catch((error: unknown) => error)
      .then((error) => {
        const refused = unanswered !== undefined && isEtcdError(error) && REFUSALS.has(error.reason);
        if (refused) for (const { lease } of this.#of(unanswered)) lease.refused(error);
        for (const lease of this.#entries.keys()) lease.failed(error);
      });
    this.#ending.add(told);
    told.finally(() => this.#ending.delete(told));
  }

  #of(leaseId: bigint): readonly Entry[] {
    return [...(this.#byId.get(leaseId) ?? [])];
  }

  #now(): Instant {
    return { monotonicMs: this.#options.clock.nowMs(), wallMs: this.#options.clock.wallMs() };
  }

  #closeStreams(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams = [];
  }
}
