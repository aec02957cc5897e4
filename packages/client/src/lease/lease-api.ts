/** Granting, looking up and ending leases. A granted lease runs out; `keep` gives one that is renewed. */
import { randomBytes } from "node:crypto";
import { Lease as LeaseService } from "@kvorum/proto";
import type { Clock } from "../clock.js";
import { ClientClosedError, isEtcdError } from "../errors.js";
import { type Caller, DEFAULT_TIMEOUT_MS } from "../net/caller.js";
import type { Streams } from "../net/streams.js";
import type { Observer } from "../observe/observer.js";
import type { BigIntLike, CallOptions } from "../options.js";
import { toBigInt } from "../options.js";
import { LeaseKeeper } from "./keeper.js";
import { KeptLease, type Lease, leaseNotFound } from "./lease.js";

export interface GrantOptions extends CallOptions {
  /** Time to live in whole seconds. The server raises it to its minimum, 2 by default. */
  readonly ttl: number;
  /** Default: random. */
  readonly id?: BigIntLike;
}

export interface GrantedLease {
  readonly id: bigint;
  /** Seconds, as granted. */
  readonly ttl: number;
}

export interface LeaseInfo {
  readonly id: bigint;
  /** Whole seconds left. */
  readonly ttl: number;
  readonly grantedTtl: number;
  /** The keys attached to it; empty unless asked for. In no particular order. */
  readonly keys: readonly Uint8Array[];
}

/** Every call rejects with `EtcdError` or `signal.reason`. */
export interface LeaseApi {
  /**
   * Grants a lease that nobody renews: it ends after `ttl` seconds. One whose grant failed or was aborted with an unknown
   * outcome is revoked in the background, unless the caller chose the id.
   */
  grant(options: GrantOptions): Promise<GrantedLease>;
  /** Grants a lease and keeps it alive until it is revoked, released or lost. When the client closes it is revoked (see `leasesOnClose`). */
  keep(options: GrantOptions): Promise<Lease>;
  /** Keeps a lease alive that exists already, for instance one of this process before it restarted. */
  adopt(id: BigIntLike, options?: CallOptions): Promise<Lease>;
  /** Renews once. Rejects with `LeaseNotFoundError` when the lease is gone. */
  keepAliveOnce(id: BigIntLike, options?: CallOptions): Promise<{ readonly ttl: number }>;
  /** Undefined when there is no such lease. */
  timeToLive(id: BigIntLike, options?: CallOptions & { readonly keys?: boolean }): Promise<LeaseInfo | undefined>;
  /** Ends the lease and deletes its keys. A lease that is gone already is no error. */
  revoke(id: BigIntLike, options?: CallOptions): Promise<void>;
  /** Ids of all leases that the answering member knows. */
  list(options?: CallOptions): Promise<bigint[]>;
}

export interface LeasesOptions {
  readonly caller: Caller;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: () => number;
  /** The id of a lease whose owner leaves the choice to the client. Default: random. */
  readonly newLeaseId?: (() => bigint) | undefined;
  /** Milliseconds for a call that says nothing else. Default 10,000. */
  readonly timeoutMs?: number;
  /** What closing the client does with the leases that are kept. Default `revoke`. */
  readonly onClose?: LeasesOnClose | undefined;
  /** Told what becomes of the leases that are kept. */
  readonly observer?: Observer | undefined;
}

/** `revoke` ends them and deletes their keys; `release` leaves them to run out, or to whoever adopts them. */
export type LeasesOnClose = "revoke" | "release";

/** Milliseconds that closing waits at most for the leases to be revoked. */
const CLOSE_REVOKE_MS = 2_000;
/** Milliseconds for the attempt to free the keys of a lease that was lost. */
const LOST_REVOKE_MS = 5_000;

export class Leases implements LeaseApi {
  readonly #caller: Caller;
  readonly #clock: Clock;
  readonly #observer: Observer | undefined;
  readonly #keeper: LeaseKeeper;
  readonly #newLeaseId: () => bigint;
  readonly #timeoutMs: number;
  readonly #onClose: LeasesOnClose;
  readonly #kept = new Set<KeptLease>();
  readonly #background = new Set<Promise<void>>();
  /** From then on nothing is granted or kept: whoever hears that its lease has ended would put its keys back under another. */
  #closing = false;

  constructor(options: LeasesOptions) {
    this.#caller = options.caller;
    this.#clock = options.clock;
    this.#observer = options.observer;
    this.#keeper = new LeaseKeeper(options);
    this.#newLeaseId = options.newLeaseId ?? randomLeaseId;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#onClose = options.onClose ?? "revoke";
  }

  async grant(options: GrantOptions): Promise<GrantedLease> {
    if (!Number.isSafeInteger(options.ttl) || options.ttl < 1) {
      throw new RangeError(`ttl must be a whole number of seconds, at least 1, not ${options.ttl}`);
    }
    options.signal?.throwIfAborted();
    if (this.#closing) throw new ClientClosedError();
    // The id is ours, so that a grant whose answer was lost can be asked for again without leaking a lease.
    const id = options.id === undefined ? this.#newLeaseId() : toBigInt(options.id, "id");
    try {
      return { id, ttl: await this.#granted(id, options) };
    } catch (error) {
      // It may be there, and nobody will ever name it. One whose id the caller chose may be somebody else's.
      const unknown = isEtcdError(error) ? error.outcome === "unknown" : options.signal?.aborted === true;
      if (unknown && options.id === undefined) this.#freeKeys(id);
      throw error;
    }
  }

  async keep(options: GrantOptions): Promise<Lease> {
    const sentAt = this.#now();
    const granted = await this.grant(options);
    if (this.#closing) {
      this.#freeKeys(granted.id);
      throw new ClientClosedError();
    }
    return this.#keep(granted, sentAt);
  }

  async adopt(id: BigIntLike, options?: CallOptions): Promise<Lease> {
    const sentAt = this.#now();
    const leaseId = toBigInt(id, "id");
    if (this.#closing) throw new ClientClosedError();
    const { ttl } = await this.keepAliveOnce(leaseId, options);
    if (this.#closing) throw new ClientClosedError();
    return this.#keep({ id: leaseId, ttl }, sentAt);
  }

  async keepAliveOnce(id: BigIntLike, options: CallOptions = {}): Promise<{ readonly ttl: number }> {
    const leaseId = toBigInt(id, "id");
    const answer = await this.#caller.exchange(
      LeaseService.method.leaseKeepAlive,
      { ID: leaseId },
      "keepalive",
      options,
    );
    // The server says "gone" by a time to live of 0.
    if (answer.TTL <= 0n) throw leaseNotFound();
    return { ttl: Number(answer.TTL) };
  }

  async timeToLive(
    id: BigIntLike,
    options?: CallOptions & { readonly keys?: boolean },
  ): Promise<LeaseInfo | undefined> {
    const request = { ID: toBigInt(id, "id"), keys: options?.keys ?? false };
    const answer = await this.#caller.unary(LeaseService.method.leaseTimeToLive, request, "read", options);
    if (answer.TTL < 0n) return undefined;
    return {
      id: answer.ID,
      ttl: Number(answer.TTL),
      grantedTtl: Number(answer.grantedTTL),
      keys: answer.keys.map((key) => new Uint8Array(key)),
    };
  }

  async revoke(id: BigIntLike, options?: CallOptions): Promise<void> {
    try {
      await this.#caller.unary(LeaseService.method.leaseRevoke, { ID: toBigInt(id, "id") }, "revoke", options);
    } catch (error) {
      if (!isEtcdError(error, "lease-not-found")) throw error;
    }
  }

  async list(options?: CallOptions): Promise<bigint[]> {
    const answer = await this.#caller.unary(LeaseService.method.leaseLeases, {}, "read", options);
    return answer.leases.map((lease) => lease.ID);
  }

  /** Revokes or releases what is kept and ends the stream. Nothing can be granted or adopted any more. */
  async close(): Promise<void> {
    this.#closing = true;
    const ended = [...this.#kept].map((lease) =>
      this.#onClose === "release" ? lease.release() : lease.revoke({ timeout: CLOSE_REVOKE_MS }).catch(() => undefined),
    );
    await Promise.all(ended);
    while (this.#background.size > 0) await Promise.all(this.#background);
    await this.#keeper.close();
  }

  #keep({ id, ttl }: GrantedLease, sentAt: KeptLeaseSentAt): Lease {
    const lease = new KeptLease({
      id,
      ttl,
      sentAt,
      clock: this.#clock,
      keeper: this.#keeper,
      timeoutMs: this.#timeoutMs,
      revoke: (leaseId, options) => this.revoke(leaseId, options),
      onLost: (lost) => this.#freeKeys(lost.id),
      observer: this.#observer,
    });
    this.#kept.add(lease);
    lease.signal.addEventListener("abort", () => this.#kept.delete(lease), { once: true });
    return lease;
  }

  /** Whoever waits for the keys of a lost lease need not wait for the server to notice. */
  #freeKeys(id: bigint): void {
    const revoked = this.revoke(id, { timeout: LOST_REVOKE_MS })
      .catch(() => undefined)
      .then(() => {
        this.#background.delete(revoked);
      });
    this.#background.add(revoked);
  }

  /** Resolves with the time to live that the server granted. */
  async #granted(id: bigint, options: GrantOptions): Promise<number> {
    try {
      const request = { TTL: BigInt(options.ttl), ID: id };
      return Number((await this.#caller.unary(LeaseService.method.leaseGrant, request, "grant", options)).TTL);
    } catch (error) {
      // It exists because an earlier attempt of this very call granted it.
      if (!isEtcdError(error, "lease-exists") || error.outcome !== "unknown") throw error;
      const info = await this.timeToLive(id, options);
      if (info === undefined) throw leaseNotFound();
      return info.grantedTtl;
    }
  }

  #now(): KeptLeaseSentAt {
    return { monotonicMs: this.#clock.nowMs(), wallMs: this.#clock.wallMs() };
  }
}

type KeptLeaseSentAt = ConstructorParameters<typeof KeptLease>[0]["sentAt"];

/** 63 random bits, never 0: the server takes 0 for "choose one" and ids are signed. */
function randomLeaseId(): bigint {
  const id = randomBytes(8).readBigUInt64BE() >> 1n;
  return id === 0n ? 1n : id;
}
