/**
 * A session: a lease that is kept alive while the process lives, and to which the keys of its locks and elections are
 * attached. When the process dies they go, at the latest one time to live later.
 *
 * Its judgement is the lease's: it may call itself expired while the server still has the lease, never the reverse, as long
 * as the clocks of both run at rates that differ by less than the margin of the lease's deadline.
 */
import { setMaxListeners } from "node:events";
import { type CallOptions, type Client, isEtcdError, type Lease } from "@kvorum/client";
import { checkLockDelay } from "./contention/checks.js";
import { SessionExpiredError } from "./errors.js";

export interface SessionOptions {
  /** Time to live in whole seconds: how long others wait for a holder that died. Default 15. */
  readonly ttl?: number;
  /** Take over a lease that exists, for instance the one of this process before it restarted, instead of a new one. */
  readonly leaseId?: bigint;
  /**
   * Milliseconds between the moment at which an expired session has stopped to believe in its locks and the moment at which
   * anybody else can have them; at most half of the time to live. Not after an unlock or `close()`, which free them at once, nor
   * after a revocation by someone else. The lease is granted for so much longer, and so much longer others wait for a holder
   * that died. Whoever adopts the lease says the same. Default 0.
   */
  readonly lockDelay?: number;
  /** Aborting gives up opening the session; once it is open, aborting closes it. */
  readonly signal?: AbortSignal;
}

/**
 * - `active`: acknowledged lately. `suspect`: not for two thirds of the time to live, and still ours.
 * - `expired`: lost. Final. `closed`: ended by its owner.
 */
export type SessionState = "active" | "suspect" | "expired" | "closed";

/** Disposing closes. */
export interface Session extends AsyncDisposable {
  readonly client: Client;
  readonly leaseId: bigint;
  /** Seconds, as the server granted them, without those of `lockDelay`. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly lockDelay: number;
  readonly state: SessionState;
  /** Aborts with a `SessionExpiredError` when the session is lost, with an `AbortError` when its owner ends it. */
  readonly signal: AbortSignal;
  /** Milliseconds for which the session is certain to last if nothing more is heard, computed now; 0 when it is over. */
  remaining(): number;
  /** Throws `SessionExpiredError` unless the session is certain to last now; needs no timer to have fired. */
  assertActive(): void;
  /** Stops renewing and leaves the lease and its keys to run out, or to whoever adopts the id that is returned. */
  orphan(): bigint;
  /**
   * Ends the session: the keys of its locks and elections are gone when it resolves. Where no member answers within what
   * remains, 5 seconds at most, it resolves as well, since the lease then runs out by itself; so it does at once when the session
   * has expired. Idempotent. Rejects with `signal.reason`.
   */
  close(options?: CallOptions): Promise<void>;
}

const DEFAULT_TTL_SECONDS = 15;
/** Milliseconds that closing waits for an answer at most; less where the lease has less left. */
const CLOSE_MS = 5_000;

/**
 * Opens a session. Errors: `EtcdError`; `LeaseNotFoundError` when the lease to adopt is gone; `signal.reason`; `RangeError` for a
 * `ttl` or `lockDelay` that is none.
 */
export async function createSession(client: Client, options: SessionOptions = {}): Promise<Session> {
  const { ttl = DEFAULT_TTL_SECONDS, leaseId, lockDelay = 0, signal } = options;
  const call = signal && { signal };
  if (leaseId === undefined) {
    checkLockDelay(lockDelay, ttl);
    const lease = await client.lease.keep({ ttl: lockDelay === 0 ? ttl : ttl + wholeSeconds(lockDelay), ...call });
    return new LeaseSession(client, lease, lockDelay, signal);
  }
  checkLockDelay(lockDelay, Number.POSITIVE_INFINITY);
  const lease = await client.lease.adopt(leaseId, call);
  try {
    // Only now is it known how long the lease is.
    checkLockDelay(lockDelay, lease.ttl - wholeSeconds(lockDelay));
  } catch (error) {
    lease.release();
    throw error;
  }
  const session = new LeaseSession(client, lease, lockDelay, signal);
  adopted.add(session);
  return session;
}

// A fact about a session that is nobody's business but that of the locks on it.
const adopted = new WeakSet<Session>();

/** Whether keys of a process before may be attached to its lease. */
export function isAdopted(session: Session): boolean {
  return adopted.has(session);
}

function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1_000);
}

/**
 * The lease is what the server knows; the session ends `lockDelay` before the lease could. At the most that is half of the
 * time to live, so that the lease, which is renewed each third of its whole length, is renewed in good time for the session too.
 */
class LeaseSession implements Session {
  readonly client: Client;
  readonly lockDelay: number;
  readonly #lease: Lease;
  readonly #abort = new AbortController();
  #expired = false;
  #stopTimer = (): void => undefined;
  #closing: Promise<void> | undefined;

  constructor(client: Client, lease: Lease, lockDelay: number, signal: AbortSignal | undefined) {
    this.client = client;
    this.lockDelay = lockDelay;
    this.#lease = lease;
    // Every lock on it listens.
    setMaxListeners(0, this.#abort.signal);
    const onAbort = (): void => void this.close();
    const onOver = (): void => {
      signal?.removeEventListener("abort", onAbort);
      this.#stopTimer();
      this.#abort.abort(
        this.#expired || lease.state === "lost"
          ? new SessionExpiredError(lease.id, "has expired", lease.signal.reason)
          : new DOMException(`session of lease ${lease.id.toString(16)} was closed`, "AbortError"),
      );
    };
    if (lease.signal.aborted) onOver();
    else lease.signal.addEventListener("abort", onOver, { once: true });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    if (lockDelay > 0) this.#watchTime();
  }

  get leaseId(): bigint {
    return this.#lease.id;
  }

  get ttl(): number {
    return this.#lease.ttl - wholeSeconds(this.lockDelay);
  }

  get state(): SessionState {
    const remaining = this.remaining();
    const { state } = this.#lease;
    if (this.#expired || state === "lost") return "expired";
    if (state === "released") return "closed";
    // The lease's own two thirds are those of its whole length. A quarter is left after two thirds, less the lease's margin.
    return this.lockDelay > 0 && remaining <= (this.ttl * 1_000) / 4 ? "suspect" : state;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  remaining(): number {
    if (this.#expired) return 0;
    const remaining = this.#lease.remaining() - this.lockDelay;
    if (remaining > 0) return remaining;
    // The end is final: an answer that comes after it was seen does not bring the session back.
    if (this.lockDelay > 0) this.#expire();
    return 0;
  }

  assertActive(): void {
    if (this.remaining() > 0) return;
    const { state } = this;
    const { reason } = this.#abort.signal;
    if (reason instanceof SessionExpiredError) throw reason;
    throw new SessionExpiredError(this.leaseId, state === "closed" ? "was closed" : "has expired", reason);
  }

  orphan(): bigint {
    this.#lease.release();
    return this.leaseId;
  }

  close(options?: CallOptions): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options: CallOptions | undefined): Promise<void> {
    // An orphan belongs to whoever adopts it. What has expired the client frees itself, or must not be freed before its delay.
    const { state } = this;
    if (state === "closed" || state === "expired") return;
    const timeout = Math.max(1, Math.min(CLOSE_MS, this.remaining()));
    await this.#lease.revoke({ timeout, ...options }).catch((error: unknown) => {
      if (!isEtcdError(error)) throw error;
    });
  }

  /** The lease's own timer fires too late for a session that ends before it. */
  #watchTime(): void {
    const remaining = this.remaining();
    if (this.#abort.signal.aborted || remaining <= 0) return;
    this.#stopTimer = this.client.world.clock.after(remaining, () => this.#watchTime());
  }

  /** Lets the lease run out by itself: revoking it would give its locks away before the delay is over. */
  #expire(): void {
    // One that its owner ended, or that the server ended, is over in a way of its own.
    if (this.#expired || this.#abort.signal.aborted || this.#lease.signal.aborted) return;
    // A lease that has just found itself lost says so to its listeners, with the cause.
    this.#expired = true;
    this.#lease.release();
  }
}
