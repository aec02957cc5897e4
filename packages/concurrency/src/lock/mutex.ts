/**
 * A lock that one holder has in the whole cluster, given in the order of asking. Interoperable with `etcdctl lock` and the
 * locks of etcd's own client. Read `ownership.ts` for what holding it means, and what it cannot mean.
 */
import { bytes, type CallOptions, type Key } from "@kvorum/client";
import { type AcquireOptions, clientOf, contend, type Owner, tryContend } from "../contention/contend.js";
import { Queue } from "../contention/queue.js";
import { HeldLock, type Lock, withHeld } from "./lock.js";
import { checkLockOptions, type LockOptions } from "./options.js";

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
  readonly #options: LockOptions;

  /** A session may be shared by any number of mutexes. Errors: `TypeError`, `RangeError` for wrong arguments. */
  constructor(owner: Owner, name: Key, options: LockOptions = {}) {
    checkLockOptions(owner, options);
    this.#owner = owner;
    this.#queue = new Queue(clientOf(owner), name);
    this.#options = options;
  }

  /**
   * Waits for the lock. When it gives up, for whatever reason, no key is left in the queue.
   *
   * Errors: `TimeoutError` after `timeout`; `SessionExpiredError` when the session is lost meanwhile; `signal.reason`;
   * `EtcdError`.
   */
  async lock(options?: AcquireOptions): Promise<Lock> {
    return new HeldLock(await contend(this.#owner, this.#queue.contender(NO_VALUE), this.#options, options));
  }

  /**
   * The lock if nobody has it or waits for it, else undefined. One request, which writes only if it takes the lock; where the
   * owner is a client a read and the lease of a session come before it. Errors: as of `lock()`.
   */
  async tryLock(options?: AcquireOptions): Promise<Lock | undefined> {
    const held = await tryContend(this.#owner, this.#queue.contender(NO_VALUE), this.#options, options);
    return held && new HeldLock(held);
  }

  /**
   * Runs `body` with the lock and unlocks. Hand `lock.signal` to what it calls.
   *
   * Errors: those of `lock()`; what `body` throws; `LockLostError` when the lock was lost although `body` has succeeded.
   */
  async withLock<T>(body: (lock: Lock) => Promise<T>, options?: AcquireOptions): Promise<T> {
    return withHeld(await this.lock(options), body);
  }

  /** Who holds the lock now, or undefined. It may have changed by the time the answer is here. */
  async holder(options?: CallOptions): Promise<LockHolder | undefined> {
    const { owner } = await this.#queue.first(bytes, options);
    return owner && { key: owner.key, fencingToken: owner.createRevision, leaseId: owner.lease };
  }
}

const NO_VALUE = new Uint8Array(0);
