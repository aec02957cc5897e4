/** A lock that is held, whatever kind of lock it is. `contention/ownership.ts` says what holding it means. */
import type { CallOptions } from "@kvorum/client";
import { Held, type Ownership } from "../contention/ownership.js";
import { LockLostError } from "../errors.js";

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

export class HeldLock extends Held implements Lock {
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

/** Runs `body` with what is held and gives it up. What the body throws matters more than what giving up would say. */
export async function withHeld<L extends { unlock(): Promise<void> }, T>(
  lock: L,
  body: (lock: L) => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    result = await body(lock);
  } catch (error) {
    await lock.unlock().catch(() => undefined);
    throw error;
  }
  await lock.unlock();
  return result;
}
