/**
 * A session: a lease that is kept alive while the process lives, and to which the keys of its locks and elections are
 * attached. When the process dies they go, at the latest one time to live later.
 *
 * Its judgement is the lease's: it may call itself expired while the server still has the lease, never the reverse, as long
 * as the clocks of both run at rates that differ by less than the margin of the lease's deadline.
 */
import { type CallOptions, type Client, isEtcdError, type Lease } from "@kvorum/client";
import { SessionExpiredError } from "./errors.js";

export interface SessionOptions {
  /** Time to live in whole seconds: how long others wait for a holder that died. Default 15. */
  readonly ttl?: number;
  /** Take over a lease that exists, for instance the one of this process before it restarted, instead of a new one. */
  readonly leaseId?: bigint;
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
  /** Seconds, as the server granted it. */
  readonly ttl: number;
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
   * Ends the session: the keys of its locks and elections are gone when it resolves. Where no member answers in time it
   * resolves as well, since the lease then runs out by itself. Idempotent. Rejects with `signal.reason`.
   */
  close(options?: CallOptions): Promise<void>;
}

const DEFAULT_TTL_SECONDS = 15;
/** Milliseconds that closing waits for an answer at most; less where the lease has less left. */
const CLOSE_MS = 5_000;

/** Opens a session. Errors: `EtcdError`; `LeaseNotFoundError` when the lease to adopt is gone; `signal.reason`. */
export async function createSession(client: Client, options: SessionOptions = {}): Promise<Session> {
  const { ttl = DEFAULT_TTL_SECONDS, leaseId, signal } = options;
  const call = signal && { signal };
  const lease =
    leaseId === undefined ? await client.lease.keep({ ttl, ...call }) : await client.lease.adopt(leaseId, call);
  return new LeaseSession(client, lease, signal);
}

class LeaseSession implements Session {
  readonly client: Client;
  readonly #lease: Lease;
  readonly #abort = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(client: Client, lease: Lease, signal: AbortSignal | undefined) {
    this.client = client;
    this.#lease = lease;
    const onAbort = (): void => void this.close();
    const onOver = (): void => {
      signal?.removeEventListener("abort", onAbort);
      this.#abort.abort(
        lease.state === "lost"
          ? new SessionExpiredError(lease.id, "has expired", lease.signal.reason)
          : new DOMException(`session of lease ${lease.id.toString(16)} was closed`, "AbortError"),
      );
    };
    if (lease.signal.aborted) onOver();
    else lease.signal.addEventListener("abort", onOver, { once: true });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  }

  get leaseId(): bigint {
    return this.#lease.id;
  }

  get ttl(): number {
    return this.#lease.ttl;
  }

  get state(): SessionState {
    const { state } = this.#lease;
    if (state === "lost") return "expired";
    return state === "released" ? "closed" : state;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  remaining(): number {
    return this.#lease.remaining();
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
    // An orphan belongs to whoever adopts it.
    if (this.state === "closed") return;
    const timeout = Math.max(1, Math.min(CLOSE_MS, this.remaining()));
    await this.#lease.revoke({ timeout, ...options }).catch((error: unknown) => {
      if (!isEtcdError(error)) throw error;
    });
  }
}
