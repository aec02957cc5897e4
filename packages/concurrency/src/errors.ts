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
