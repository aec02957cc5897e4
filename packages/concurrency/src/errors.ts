/**
 * What coordination can fail with, beside the client's own errors: these are answers about ownership and transactions, not
 * about a request.
 */

/** The session's lease ended, or can no longer be known to live. Reason of `session.signal`. */
export class SessionExpiredError extends Error {
  override readonly name = "SessionExpiredError";
  readonly leaseId: bigint;

  constructor(leaseId: bigint, why: string, cause?: unknown) {
    super(`session of lease ${leaseId.toString(16)} ${why}`, { cause });
    this.leaseId = leaseId;
  }
}

/** The lock is no longer ours, or cannot be known to be. Reason of `lock.signal`. */
export class LockLostError extends Error {
  override readonly name = "LockLostError";
  readonly key: string;
  readonly fencingToken: bigint;

  constructor(key: string, fencingToken: bigint, why: string, cause?: unknown) {
    super(`lock ${JSON.stringify(key)} with token ${fencingToken} ${why}`, { cause });
    this.key = key;
    this.fencingToken = fencingToken;
  }
}

/**
 * A read lock cannot become a write lock while others hold the lock or wait for it: it would have to wait for a reader that may
 * wait for the same. The read lock is held as before; unlock it and ask for a write lock.
 */
export class UpgradeRefusedError extends Error {
  override readonly name = "UpgradeRefusedError";
  readonly key: string;

  constructor(key: string) {
    super(`read lock ${JSON.stringify(key)} cannot be upgraded: it is not alone in the line`);
    this.key = key;
  }
}

/** Somebody who came earlier uses the semaphore with another number of permits. Nothing is held. */
export class SemaphoreLimitError extends Error {
  override readonly name = "SemaphoreLimitError";
  readonly key: string;
  /** Ours. */
  readonly permits: number;
  /** Theirs; undefined where the key of the other holds nothing that a semaphore writes. */
  readonly otherPermits: number | undefined;

  constructor(key: string, permits: number, otherPermits: number | undefined) {
    const theirs = otherPermits === undefined ? "no number of permits" : `${otherPermits} permits`;
    super(`a semaphore of ${permits} permits met ${JSON.stringify(key)}, which has ${theirs}`);
    this.key = key;
    this.permits = permits;
    this.otherPermits = otherPermits;
  }
}

/** The leadership is over, or cannot be known to last. Reason of `leadership.signal`; nothing was proclaimed. */
export class NotLeaderError extends Error {
  override readonly name = "NotLeaderError";
  readonly key: string;
  readonly fencingToken: bigint;

  constructor(key: string, fencingToken: bigint, why: string, cause?: unknown) {
    super(`leadership ${JSON.stringify(key)} with token ${fencingToken} ${why}`, { cause });
    this.key = key;
    this.fencingToken = fencingToken;
  }
}

/** A transaction met a conflict on every attempt it was allowed. Nothing was written. */
export class StmConflictError extends Error {
  override readonly name = "StmConflictError";
  readonly attempts: number;

  constructor(attempts: number) {
    super(`the transaction met a conflict on each of its ${attempts} attempts`);
    this.attempts = attempts;
  }
}

/** The commit of a transaction was sent and its answer lost: it was applied once or not at all. `cause` says why. */
export class OutcomeUnknownError extends Error {
  override readonly name = "OutcomeUnknownError";
  /** The attempt whose answer was lost; the ones before it met conflicts and wrote nothing. */
  readonly attempts: number;

  constructor(attempts: number, cause: unknown) {
    super("the transaction was sent, and whether it was applied is not known", { cause });
    this.attempts = attempts;
  }
}

/** A double barrier has as many participants as it is for; this one was refused and has left nothing behind. */
export class TooManyParticipantsError extends Error {
  override readonly name = "TooManyParticipantsError";
  /** How many the barrier is for. */
  readonly count: number;

  constructor(barrier: string, count: number) {
    super(`double barrier ${JSON.stringify(barrier)} is full: it is for ${count} participants`);
    this.count = count;
  }
}

/** There is no such latch, or no longer the one that was there. */
export class LatchNotFoundError extends Error {
  override readonly name = "LatchNotFoundError";

  constructor(latch: string) {
    super(`latch ${JSON.stringify(latch)} does not exist, or no longer`);
  }
}

/** A latch of this name was created with another count. */
export class LatchExistsError extends Error {
  override readonly name = "LatchExistsError";
  /** What it was created with; undefined where the key was made by something else. */
  readonly existing: number | undefined;

  constructor(latch: string, existing: number | undefined, count: number) {
    super(`latch ${JSON.stringify(latch)} was created with ${existing ?? "something else than a count"}, not ${count}`);
    this.existing = existing;
  }
}
