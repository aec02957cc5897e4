/** What every lock can be told about the sessions that it opens. */
import { checkLockDelay, checkOwner, checkTtl } from "../contention/checks.js";
import { isSession, type Owner } from "../contention/contend.js";

/** Of locks whose owner is a client; a shared session has its own. */
export interface LockOptions {
  /** Seconds to live of the session that each acquisition opens where the owner is a client. Default 15. */
  readonly ttl?: number;
  /** Milliseconds of grace after an expiry, see `SessionOptions`. A lock on a shared session has that of the session. Default 0. */
  readonly lockDelay?: number;
}

/** Seconds; of a session that says nothing else. */
const DEFAULT_TTL_SECONDS = 15;

/** Errors: `TypeError`, `RangeError`, naming the argument. */
export function checkLockOptions(owner: Owner, { ttl, lockDelay }: LockOptions): void {
  checkOwner(owner, "a lock");
  checkTtl(ttl);
  if (lockDelay === undefined) return;
  checkLockDelay(lockDelay, ttl ?? DEFAULT_TTL_SECONDS);
  if (isSession(owner) && lockDelay !== owner.lockDelay) {
    throw new TypeError(
      `lockDelay is ${owner.lockDelay} as the session of the lock has it, and cannot be ${lockDelay}`,
    );
  }
}
