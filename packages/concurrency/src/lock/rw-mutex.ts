/**
 * A lock that many readers hold together, or one writer alone, given in the order of asking. `read-write-line.ts` has the algorithm
 * and why it excludes.
 */
import type { Key } from "@kvorum/client";
import { nameBytes } from "../contention/checks.js";
import { type AcquireOptions, clientOf, contend, type Owner, tryContend } from "../contention/contend.js";
import { withHeld } from "./lock.js";
import { checkLockOptions, type LockOptions } from "./options.js";
import { ReadWriteContender, ReadWriteLine } from "./read-write-line.js";
import { HeldReadLock, HeldWriteLock, type ReadLock, type WriteLock } from "./rw-lock.js";

/**
 * Fair: a reader that comes after a waiting writer waits behind it. Not re-entrant: who holds a read lock and asks for a write lock
 * waits for itself, and so does a reader that asks again behind a waiting writer. Use `upgrade` and `downgrade` of what is held.
 *
 * A token is the revision that created the holder's key. A writer's is greater than that of every earlier holder, so a store that
 * refuses lower tokens refuses all of them. Readers have one each, in the order of asking; it fences what a reader hands on
 * (its copy of what it has read) from that of holders before the last writer, not from other readers.
 */
export class RWMutex {
  readonly #owner: Owner;
  readonly #line: ReadWriteLine;
  readonly #options: LockOptions;

  /** A session may be shared by any number of locks. Errors: `TypeError`, `RangeError` for wrong arguments. */
  constructor(owner: Owner, name: Key, options: LockOptions = {}) {
    checkLockOptions(owner, options);
    this.#owner = owner;
    this.#line = new ReadWriteLine(clientOf(owner), nameBytes(name));
    this.#options = options;
  }

  /** Waits until no writer holds the lock or came before. Errors, and what is left behind (nothing): as of `Mutex.lock`. */
  async readLock(options?: AcquireOptions): Promise<ReadLock> {
    const contender = new ReadWriteContender(this.#line, "read");
    return new HeldReadLock(await contend(this.#owner, contender, this.#options, options), contender);
  }

  /** Waits until nobody holds the lock or came before. Errors, and what is left behind (nothing): as of `Mutex.lock`. */
  async writeLock(options?: AcquireOptions): Promise<WriteLock> {
    const contender = new ReadWriteContender(this.#line, "write");
    return new HeldWriteLock(await contend(this.#owner, contender, this.#options, options), contender);
  }

  /** The lock if no writer holds it or waits for it, else undefined. Requests and errors: as of `Mutex.tryLock`. */
  async tryReadLock(options?: AcquireOptions): Promise<ReadLock | undefined> {
    const contender = new ReadWriteContender(this.#line, "read");
    const held = await tryContend(this.#owner, contender, this.#options, options);
    return held && new HeldReadLock(held, contender);
  }

  /** The lock if nobody holds it or waits for it, else undefined. Requests and errors: as of `Mutex.tryLock`. */
  async tryWriteLock(options?: AcquireOptions): Promise<WriteLock | undefined> {
    const contender = new ReadWriteContender(this.#line, "write");
    const held = await tryContend(this.#owner, contender, this.#options, options);
    return held && new HeldWriteLock(held, contender);
  }

  /** Runs `body` as a reader and unlocks. Errors: as of `Mutex.withLock`. */
  async withReadLock<T>(body: (lock: ReadLock) => Promise<T>, options?: AcquireOptions): Promise<T> {
    return withHeld(await this.readLock(options), body);
  }

  /** Runs `body` as the writer and unlocks. What `downgrade` gives is the body's to unlock. Errors: as of `Mutex.withLock`. */
  async withWriteLock<T>(body: (lock: WriteLock) => Promise<T>, options?: AcquireOptions): Promise<T> {
    return withHeld(await this.writeLock(options), body);
  }
}
