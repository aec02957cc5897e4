/**
 * A lease that is kept alive, and what can be known about it from here. `deadline.ts` has the arithmetic, `keeper.ts` the
 * sending; this is the handle. Its judgement is one-sided: it may call a lease lost that still exists, never the reverse.
 */
import type { Clock } from "../clock.js";
import { isEtcdError, LeaseLostError, LeaseNotFoundError } from "../errors.js";
import { LeaseReport } from "../observe/lease-report.js";
import type { Observer } from "../observe/observer.js";
import type { CallOptions } from "../options.js";
import { type Instant, LeaseDeadline } from "./deadline.js";
import type { KeptAlive, LeaseKeeper } from "./keeper.js";

/**
 * - `active`: acknowledged lately.
 * - `suspect`: no acknowledgement for two thirds of the time to live, or the machine was suspended. Still ours.
 * - `lost`: it can no longer be relied on. Final, even if the server still has it.
 * - `released`: revoked or let go by its owner.
 */
export type LeaseState = "active" | "suspect" | "lost" | "released";

/** Disposing revokes. */
export interface Lease extends AsyncDisposable {
  readonly id: bigint;
  /** Seconds, as the server granted it; it raises small requests to its minimum. */
  readonly ttl: number;
  readonly state: LeaseState;
  /** Aborts with a `LeaseLostError` when the lease is lost, and with an `AbortError` when its owner lets it go. */
  readonly signal: AbortSignal;
  /** Milliseconds for which the lease is certain to exist, computed now; 0 when it is not. */
  remaining(): number;
  /** Throws `LeaseLostError` unless the lease is certain to exist now. Does not depend on any timer having fired. */
  assertActive(): void;
  /**
   * Stops renewing, ends the lease and deletes its keys. Takes no longer than `remaining()`, after which the lease runs out by
   * itself. Idempotent. Errors: those of a call; the lease counts as released all the same.
   */
  revoke(options?: CallOptions): Promise<void>;
  /** Stops renewing and leaves the lease to run out, or to whoever adopts it. */
  release(): void;
}

export interface KeptLeaseInit {
  readonly id: bigint;
  readonly ttl: number;
  /** When the grant was sent. */
  readonly sentAt: Instant;
  readonly clock: Clock;
  readonly keeper: LeaseKeeper;
  /** Of a call that says nothing else. */
  readonly timeoutMs: number;
  readonly revoke: (id: bigint, options?: CallOptions) => Promise<void>;
  /** Told when the lease is lost and the server may still have it. */
  readonly onLost: (lease: KeptLease) => void;
  /** Told what becomes of it. */
  readonly observer?: Observer | undefined;
}

export class KeptLease implements Lease, KeptAlive {
  readonly id: bigint;
  readonly #init: KeptLeaseInit;
  readonly #deadline: LeaseDeadline;
  readonly #abort = new AbortController();
  readonly #report: LeaseReport | undefined;
  #ttl: number;
  #over: "lost" | "released" | undefined;
  #lastError: unknown;

  constructor(init: KeptLeaseInit) {
    this.id = init.id;
    this.#init = init;
    this.#ttl = init.ttl;
    this.#deadline = new LeaseDeadline(init.ttl, init.sentAt);
    this.#report = init.observer && new LeaseReport(init.observer, init.id, init.ttl);
    init.keeper.add(this);
  }

  get ttl(): number {
    return this.#ttl;
  }

  get state(): LeaseState {
    this.check();
    return this.#over ?? this.#deadline.life(this.#now());
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  remaining(): number {
    return this.#over === undefined ? Math.max(0, this.#deadline.remainingMs(this.#now())) : 0;
  }

  assertActive(): void {
    if (this.check()) return;
    const { reason } = this.#abort.signal;
    throw reason instanceof LeaseLostError
      ? reason
      : new LeaseLostError(this.id, `lease ${this.id} was released`, reason);
  }

  async revoke(options?: CallOptions): Promise<void> {
    if (this.#over === "released") return;
    const remainingMs = this.remaining();
    if (this.#over === undefined) this.#report?.over("revoked");
    this.#finish("released", new DOMException(`lease ${this.id} was revoked`, "AbortError"));
    const timeout = Math.min(options?.timeout ?? this.#init.timeoutMs, Math.max(1, Math.floor(remainingMs)));
    // A lease that is lost may still be there, for nobody knows how long.
    await this.#init.revoke(this.id, remainingMs > 0 ? { ...options, timeout } : options);
  }

  release(): void {
    if (this.#over === undefined) this.#report?.over("released");
    this.#finish("released", new DOMException(`lease ${this.id} was released`, "AbortError"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.revoke();
  }

  // What the keeper calls.

  get patienceMs(): number {
    return this.#deadline.patienceMs;
  }

  nextSendMs(random: number): number {
    return this.#deadline.nextSendMs(random);
  }

  check(): boolean {
    if (this.#over !== undefined) return false;
    const life = this.#deadline.life(this.#now());
    if (life === "lost") this.#lose("was not acknowledged in time", this.#lastError);
    else if (life === "suspect") this.#report?.suspect(this.remaining(), this.#lastError);
    return this.#over === undefined;
  }

  acknowledge(ttl: number, sentAt: Instant): void {
    // An answer that comes after the deadline finds the lease lost already.
    if (!this.check()) return;
    if (ttl <= 0) {
      this.refused(leaseNotFound());
      return;
    }
    this.#ttl = ttl;
    this.#lastError = undefined;
    this.#deadline.acknowledge(ttl, sentAt);
    this.#report?.renewed(ttl);
  }

  failed(error: unknown): void {
    this.#lastError = error;
  }

  refused(error: unknown): void {
    if (!this.check()) return;
    const gone = isEtcdError(error, "lease-not-found");
    this.#lose(gone ? "has expired on the server" : "can no longer be renewed", error, gone);
  }

  #lose(why: string, cause: unknown, gone = false): void {
    const error = new LeaseLostError(this.id, `lease ${this.id} ${why}`, cause);
    if (this.#over === undefined) this.#report?.lost(error);
    this.#finish("lost", error);
    if (!gone) this.#init.onLost(this);
  }

  #finish(over: "lost" | "released", reason: unknown): void {
    if (this.#over !== undefined) return;
    this.#over = over;
    this.#init.keeper.remove(this);
    this.#abort.abort(reason);
  }

  #now(): Instant {
    return { monotonicMs: this.#init.clock.nowMs(), wallMs: this.#init.clock.wallMs() };
  }
}

/** What a time to live of 0 or less in an answer means. */
export function leaseNotFound(): LeaseNotFoundError {
  return new LeaseNotFoundError("etcdserver: requested lease not found", {
    code: "NOT_FOUND",
    reason: "lease-not-found",
    outcome: "not-applied",
  });
}
