/**
 * Leases: what exists and which keys hang on it is replicated state, alike on every member; when a lease expires is the
 * leader's private hint. A lease ends only by an entry of the log, so a wrong clock can end it late, never twice.
 *
 * Only the leader's lessor is *primary* and knows deadlines. A new leader cannot know when a lease was last renewed, so it
 * gives every lease its full TTL again, or what a checkpoint recorded as left (etcd behaviour; reliability rules of its
 * issues 12528, 13508, 15247, 20615).
 *
 * Read next: `lease-record.ts` (storage), `deadline-queue.ts` (the order of expiry).
 */
import { byteString, compareBytes } from "../bytes.js";
import { ServerError } from "../errors.js";
import { invariant } from "../invariant.js";
import type { LeaseBook } from "../mvcc/lease-book.js";
import type { WriteBuffer } from "../mvcc/write-buffer.js";
import { DeadlineQueue } from "./deadline-queue.js";
import { decodeLeaseRecord, encodeLeaseRecord, type LeaseRecord, leaseKey } from "./lease-record.js";

/** etcd's limit: larger numbers overflow its nanosecond arithmetic. */
export const LEASE_TTL_SECONDS_MAX = 9_000_000_000;
/** After a takeover at most this many leases fall due in one second, so that their revocations do not flood the log. */
export const LEASE_EXPIRIES_PER_SECOND_MAX = 750;

/** A lease that has more than this left loses, to a new leader, at most this much of what has run down (etcd's figure). */
export const LEASE_CHECKPOINT_INTERVAL_SECONDS = 300;

export interface LessorOptions {
  /** Shorter TTLs are raised to this when a grant is asked for. */
  readonly minTtlSeconds: number;
  /** A lease with more than this left has its remaining time recorded this often. Default 300. */
  readonly checkpointIntervalSeconds?: number;
  /** An expired lease whose revocation did not come through is reported again after this long. Default 7000. */
  readonly expiredRetryMs?: number;
}

export interface LeaseStatus {
  /** Whole seconds left, rounded down; -1 when the lease does not exist. */
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  /** In key order. */
  readonly keys: readonly Uint8Array[];
}

export interface LeaseCheckpoint {
  readonly id: bigint;
  /** 0: forget the record, the full TTL counts again. */
  readonly remainingTtlSeconds: number;
}

interface Lease {
  readonly id: bigint;
  readonly grantedTtlSeconds: number;
  remainingTtlSeconds: number;
  /** Infinity while this member is not primary. */
  expiryMs: number;
  /** A checkpoint was handed out since the last one that cleared: it may still be on its way through the log. */
  recording: boolean;
  /** A clearing checkpoint was handed out: nothing may be recorded behind it before it is applied. */
  clearing: boolean;
  /** Promoted with what was recorded as left. Until this leader asks for anything, an earlier one's entries may still come. */
  fromRecord: boolean;
  readonly keys: Map<string, Uint8Array>;
}

export class Lessor implements LeaseBook {
  readonly #buffer: WriteBuffer;
  readonly #minTtlSeconds: number;
  readonly #checkpointIntervalMs: number;
  readonly #expiredRetryMs: number;
  readonly #leases = new Map<bigint, Lease>();
  /** Holds each lease once while primary, perhaps at an earlier time than its own `expiryMs`. */
  readonly #expiries = new DeadlineQueue<Lease>();
  readonly #checkpointsDue = new DeadlineQueue<Lease>();
  #primary = false;

  /** Reads every lease back from the table. Its keys come with the store's opening, through `attach`. */
  constructor(buffer: WriteBuffer, options: LessorOptions) {
    this.#buffer = buffer;
    this.#minTtlSeconds = options.minTtlSeconds;
    this.#checkpointIntervalMs = (options.checkpointIntervalSeconds ?? LEASE_CHECKPOINT_INTERVAL_SECONDS) * 1000;
    this.#expiredRetryMs = options.expiredRetryMs ?? 7000;
    for (const { value } of buffer.range("lease", new Uint8Array(0), undefined)) {
      const record = decodeLeaseRecord(value);
      this.#leases.set(record.id, restingLease(record));
    }
  }

  get primary(): boolean {
    return this.#primary;
  }

  get size(): number {
    return this.#leases.size;
  }

  /**
   * The TTL to propose for the one asked for: raised to the minimum, which is this member's setting and therefore has to
   * act before the log. Throws `leaseTtlTooLarge`.
   */
  effectiveTtl(askedSeconds: number): number {
    if (askedSeconds > LEASE_TTL_SECONDS_MAX) throw new ServerError("leaseTtlTooLarge");
    return Math.max(askedSeconds, this.#minTtlSeconds);
  }

  /** Throws `leaseNotFound` for id 0, `leaseExists`, `leaseTtlTooLarge`. */
  grant(id: bigint, ttlSeconds: number, nowMs: number): void {
    if (id === 0n) throw new ServerError("leaseNotFound");
    if (ttlSeconds > LEASE_TTL_SECONDS_MAX) throw new ServerError("leaseTtlTooLarge");
    if (this.#leases.has(id)) throw new ServerError("leaseExists");
    const lease = restingLease({ id, grantedTtlSeconds: ttlSeconds, remainingTtlSeconds: 0 });
    this.#leases.set(id, lease);
    this.#save(lease);
    if (this.#primary) this.#start(lease, nowMs + ttlSeconds * 1000, nowMs);
  }

  /** Removes the lease and hands out its keys in key order, for the caller to delete. Throws `leaseNotFound`. */
  revoke(id: bigint): readonly Uint8Array[] {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw new ServerError("leaseNotFound");
    this.#leases.delete(id);
    this.#buffer.delete("lease", leaseKey(id));
    return keysInOrder(lease);
  }

  exists(id: bigint): boolean {
    return this.#leases.has(id);
  }

  /** What hangs on the lease, as byte strings in no order; nothing when it does not exist. */
  keysOf(id: bigint): Iterable<string> {
    return this.#leases.get(id)?.keys.keys() ?? [];
  }

  attach(id: bigint, key: Uint8Array): void {
    const lease = this.#leases.get(id);
    invariant(lease !== undefined, `a key hangs on lease ${id}, which does not exist`);
    lease.keys.set(byteString(key), key);
  }

  detach(id: bigint, key: Uint8Array): void {
    this.#leases.get(id)?.keys.delete(byteString(key));
  }

  /**
   * Starts the lease's time anew. Returns its TTL in seconds, or 0 when it does not exist or has expired: an expired lease
   * is about to be revoked and must not come back. Throws `notPrimary`.
   *
   * A lease with a recorded remaining time must have that record cleared through the log first (`checkpointToClear`).
   */
  renew(id: bigint, nowMs: number): number {
    if (!this.#primary) throw new ServerError("notPrimary");
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.expiryMs <= nowMs) return 0;
    // The clock never goes back, but a lease that started with an extension must not lose it by an early renewal.
    lease.expiryMs = Math.max(lease.expiryMs, nowMs + lease.grantedTtlSeconds * 1000);
    return lease.grantedTtlSeconds;
  }

  /** Any member can tell the keys; the seconds left are the full TTL on one that is not primary. */
  timeToLive(id: bigint, nowMs: number): LeaseStatus {
    const lease = this.#leases.get(id);
    if (lease === undefined) return { ttlSeconds: -1, grantedTtlSeconds: 0, keys: [] };
    const leftMs = lease.expiryMs - nowMs;
    const ttlSeconds = this.#primary ? Math.max(0, Math.floor(leftMs / 1000)) : lease.grantedTtlSeconds;
    return { ttlSeconds, grantedTtlSeconds: lease.grantedTtlSeconds, keys: keysInOrder(lease) };
  }

  /** Soonest expiry first; by id where that is equal, as it is for all on a member that is not primary. */
  leases(): readonly bigint[] {
    return [...this.#leases.values()].sort(byExpiry).map((lease) => lease.id);
  }

  /**
   * This member became leader. Every lease runs again from now, longer by `extendMs` (one election timeout, for the time
   * in which nobody could be asked to renew), and late ones are spread out.
   */
  promote(nowMs: number, extendMs: number): void {
    this.demote();
    this.#primary = true;
    const leases = [...this.#leases.values()];
    for (const lease of leases) {
      lease.expiryMs = nowMs + extendMs + secondsLeft(lease) * 1000;
      lease.recording = false;
      lease.clearing = false;
      lease.fromRecord = lease.remainingTtlSeconds > 0;
    }
    let slotMs = 0;
    for (const lease of leases.sort(byExpiry)) {
      slotMs = Math.max(lease.expiryMs, slotMs + 1000 / LEASE_EXPIRIES_PER_SECOND_MAX);
      this.#start(lease, slotMs, nowMs);
    }
  }

  /** Another member leads, or nobody: deadlines are forgotten and nothing expires here. */
  demote(): void {
    this.#primary = false;
    this.#expiries.clear();
    this.#checkpointsDue.clear();
    for (const lease of this.#leases.values()) {
      lease.expiryMs = Number.POSITIVE_INFINITY;
      lease.fromRecord = false;
    }
  }

  /** Leases past their time, at most `limit`, soonest first; each is reported again after a while until it is revoked. */
  expired(nowMs: number, limit: number): bigint[] {
    const ids: bigint[] = [];
    while (ids.length < limit) {
      const lease = this.#expiries.popDue(nowMs);
      if (lease === undefined) break;
      if (this.#leases.get(lease.id) !== lease) continue;
      if (lease.expiryMs > nowMs) {
        this.#expiries.push(lease.expiryMs, lease);
        continue;
      }
      this.#expiries.push(nowMs + this.#expiredRetryMs, lease);
      ids.push(lease.id);
    }
    return ids;
  }

  /** Remaining times worth recording now, at most `limit`, for the leader to propose as one command. */
  checkpoints(nowMs: number, limit = 1000): LeaseCheckpoint[] {
    const due: LeaseCheckpoint[] = [];
    while (due.length < limit) {
      const lease = this.#checkpointsDue.popDue(nowMs);
      if (lease === undefined) break;
      if (this.#leases.get(lease.id) !== lease) continue;
      const leftMs = lease.expiryMs - nowMs;
      this.#scheduleCheckpoint(lease, nowMs);
      const remainingTtlSeconds = Math.ceil(leftMs / 1000);
      if (lease.clearing || leftMs <= 0 || remainingTtlSeconds >= secondsLeft(lease)) continue;
      lease.recording = true;
      due.push({ id: lease.id, remainingTtlSeconds });
    }
    return due;
  }

  /**
   * The checkpoint to propose before `renew` may answer, if any. Without it the next leader would take the old remaining
   * time for the renewed lease's and end it before the TTL that the client was promised.
   */
  checkpointToClear(id: bigint): LeaseCheckpoint | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined || (lease.remainingTtlSeconds === 0 && !lease.recording)) return undefined;
    lease.clearing = true;
    lease.fromRecord = false;
    return { id, remainingTtlSeconds: 0 };
  }

  /** Applies a replicated checkpoint; one for a lease that is gone has no effect. */
  checkpoint({ id, remainingTtlSeconds }: LeaseCheckpoint, nowMs: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    lease.remainingTtlSeconds = Math.min(remainingTtlSeconds, lease.grantedTtlSeconds);
    if (remainingTtlSeconds === 0) {
      // The leader before renewed the lease, and `promote` did not know of it yet.
      if (lease.fromRecord) lease.expiryMs = Math.max(lease.expiryMs, nowMs + lease.grantedTtlSeconds * 1000);
      lease.fromRecord = false;
      lease.recording = false;
      lease.clearing = false;
    }
    this.#save(lease);
  }

  #start(lease: Lease, expiryMs: number, nowMs: number): void {
    lease.expiryMs = expiryMs;
    this.#expiries.push(expiryMs, lease);
    this.#scheduleCheckpoint(lease, nowMs);
  }

  #scheduleCheckpoint(lease: Lease, nowMs: number): void {
    // A short lease loses less than an interval by starting anew, and would fill the log with checkpoints. A renewal can
    // only postpone the expiry of one that is due sooner, so the granted TTL decides whether it stays in the queue.
    if (lease.grantedTtlSeconds * 1000 > this.#checkpointIntervalMs) {
      this.#checkpointsDue.push(nowMs + this.#checkpointIntervalMs, lease);
    }
  }

  #save(lease: Lease): void {
    this.#buffer.put("lease", leaseKey(lease.id), encodeLeaseRecord(lease));
  }
}

function restingLease(record: LeaseRecord): Lease {
  const flags = { recording: false, clearing: false, fromRecord: false };
  return { ...record, ...flags, expiryMs: Number.POSITIVE_INFINITY, keys: new Map() };
}

function secondsLeft(lease: Lease): number {
  return lease.remainingTtlSeconds > 0 ? lease.remainingTtlSeconds : lease.grantedTtlSeconds;
}

function byExpiry(a: Lease, b: Lease): number {
  if (a.expiryMs !== b.expiryMs) return a.expiryMs < b.expiryMs ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

function keysInOrder(lease: Lease): readonly Uint8Array[] {
  return [...lease.keys.values()].sort(compareBytes);
}
