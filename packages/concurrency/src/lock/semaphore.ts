/**
 * A number of permits that the whole cluster shares, given in the order of asking, one or several at a time. `semaphore-line.ts` has
 * the algorithm and why it keeps within the limit.
 */
import type { Key } from "@kvorum/client";
import { checkCount, nameBytes } from "../contention/checks.js";
import { type AcquireOptions, clientOf, contend, type Owner, tryContend } from "../contention/contend.js";
import { HeldLock, type Lock, withHeld } from "./lock.js";
import { checkLockOptions, type LockOptions } from "./options.js";
import { SemaphoreContender, SemaphoreLine } from "./semaphore-line.js";

/**
 * Strictly fair: a request for one permit waits behind an earlier one for ten. Who waits is told of every release, so it is made
 * for hundreds of waiters and not for many thousands.
 *
 * A token is the revision that created the holder's place: different for all, greater for whoever asked later. Since several hold
 * at once, it tells them apart and orders them; a store that refuses lower tokens would let only the newest holder write.
 */
export class Semaphore {
  readonly #owner: Owner;
  readonly #line: SemaphoreLine;
  readonly #permits: number;
  readonly #options: LockOptions;

  /**
   * Everyone has to give the same number of permits: who comes second with another gets a `SemaphoreLimitError` when it asks for
   * permits. A new number can be used once nobody holds or waits with the old one.
   *
   * Errors: `TypeError`, `RangeError` for wrong arguments.
   */
  constructor(owner: Owner, name: Key, permits: number, options: LockOptions = {}) {
    checkLockOptions(owner, options);
    checkCount(permits, "permits");
    this.#owner = owner;
    this.#line = new SemaphoreLine(clientOf(owner), nameBytes(name), permits);
    this.#permits = permits;
    this.#options = options;
  }

  /**
   * Waits for `permits` of them, 1 by default; `unlock()` gives all of them back. No place is left where it gives up.
   *
   * Errors: `RangeError` for more permits than there are; `SemaphoreLimitError`; others as of `Mutex.lock`.
   */
  async acquire(permits = 1, options?: AcquireOptions): Promise<Lock> {
    return new HeldLock(await contend(this.#owner, this.#contender(permits), this.#options, options));
  }

  /** The permits if so many are free and nobody waits, else undefined. Two requests, one for a no. Errors: as of `acquire`. */
  async tryAcquire(permits = 1, options?: AcquireOptions): Promise<Lock | undefined> {
    const held = await tryContend(this.#owner, this.#contender(permits), this.#options, options);
    return held && new HeldLock(held);
  }

  /** Runs `body` with so many permits and gives them back. Errors: of `acquire`, and as of `Mutex.withLock`. */
  async withPermits<T>(permits: number, body: (lock: Lock) => Promise<T>, options?: AcquireOptions): Promise<T> {
    return withHeld(await this.acquire(permits, options), body);
  }

  #contender(permits: number): SemaphoreContender {
    checkCount(permits, "permits");
    if (permits > this.#permits) {
      throw new RangeError(`permits must be at most ${this.#permits}, as many as there are, not ${permits}`);
    }
    return new SemaphoreContender(this.#line, permits);
  }
}
