/**
 * A lock that one holder has in the whole cluster, given in the order of asking. Interoperable with `etcdctl lock` and the
 * locks of etcd's own client. Read `ownership.ts` for what holding it means, and what it cannot mean.
 */
import { bytes, type CallOptions, type Key } from "@kvorum/client";
import { type AcquireOptions, acquire, clientOf, type Owner, tryAcquire } from "../contention/acquire.js";
import { Held, type Ownership } from "../contention/ownership.js";
import { Queue } from "../contention/queue.js";
import { LockLostError } from "../errors.js";

export interface MutexOptions {
  /** Seconds to live of the session that each acquisition opens where the owner is a client. Default 15. */
  readonly ttl?: number;
}

/** A lock that is held. Disposing unlocks. */
export interface Lock extends Ownership, AsyncDisposable {
  /**
   * Gives the lock up: `signal` aborts first, then the key goes. Idempotent.
   *
   * Errors: `LockLostError` when the lock had been lost before (leaving the scope of `await using` reports that only to an
   * owner who had neither taken `signal` nor been told by `assertHeld`); `signal.reason` of the options, and then the
   * removal goes on by itself.
   */
  unlock(options?: Pick<CallOptions, "signal" | "timeout">): Promise<void>;
}

/** Who holds a lock, seen from outside. */
export interface LockHolder {
  readonly key: string;
  readonly fencingToken: bigint;
  readonly leaseId: bigint;
}

/** Not re-entrant: a second `lock()` waits for the first to be unlocked, also on the same session. */
export class Mutex {
  readonly #owner: Owner;
  readonly #queue: Queue;
  readonly #ttl: number | undefined;

  /** A session may be shared by any number of mutexes. Errors: `TypeError` for an empty name. */
  constructor(owner: Owner, name: Key, options: MutexOptions = {}) {
    this.#owner = owner;
    this.#queue = new Queue(clientOf(owner), name);
    this.#ttl = options.ttl;
  }

  /**
   * Waits for the lock. When it gives up, for whatever reason, no key is left in the queue.
   *
   * Errors: `TimeoutError` after `timeout`; `SessionExpiredError` when the session is lost meanwhile; `signal.reason`;
   * `EtcdError`.
   */
  async lock(options?: AcquireOptions): Promise<Lock> {
    return new HeldLock(await acquire(this.#owner, this.#queue, NO_VALUE, this.#ttl, options));
  }

  /** The lock if nobody has it or waits for it, else undefined. One request, which writes only if it takes the lock. */
  async tryLock(options?: AcquireOptions): Promise<Lock | undefined> {
    const held = await tryAcquire(this.#owner, this.#queue, NO_VALUE, this.#ttl, options);
    return held && new HeldLock(held);
  }

  /**
   * Runs `body` with the lock and unlocks. Hand `lock.signal` to what it calls.
   *
   * Errors: those of `lock()`; what `body` throws; `LockLostError` when the lock was lost although `body` has succeeded.
   */
  async withLock<T>(body: (lock: Lock) => Promise<T>, options?: AcquireOptions): Promise<T> {
    const lock = await this.lock(options);
    let result: T;
    try {
      result = await body(lock);
    } catch (error) {
      // What the body says matters more than what unlocking would say.
      await lock.unlock().catch(() => undefined);
      throw error;
    }
    await lock.unlock();
    return result;
  }

  /** Who holds the lock now, or undefined. It may have changed by the time the answer is here. */
  async holder(options?: CallOptions): Promise<LockHolder | undefined> {
    const { owner } = await this.#queue.first(bytes, options);
    return owner && { key: owner.key, fencingToken: owner.createRevision, leaseId: owner.lease };
  }
}

const NO_VALUE = new Uint8Array(0);

class HeldLock extends Held implements Lock {
  async unlock(options: Pick<CallOptions, "signal" | "timeout"> = {}): Promise<void> {
    if (this.isLost) this.#throwLost();
    await this.release(options.signal, options.timeout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isLost && this.ownerWasTold) return;
    await this.unlock();
  }

  protected lost(why: string, cause?: unknown): LockLostError {
    return new LockLostError(this.key, this.fencingToken, why, cause);
  }

  #throwLost(): never {
    throw this.signal.reason;
  }
}
