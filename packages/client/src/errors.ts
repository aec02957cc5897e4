/**
 * Everything the client rejects with, except the caller's own mistakes (`TypeError`, `RangeError`, thrown before anything is
 * sent) and the caller's own abort (`signal.reason`).
 *
 * One hierarchy: `code` is the gRPC status, `reason` what etcd said, `outcome` whether the write may have happened.
 */

import type { StatusName } from "@kvorum/transport";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ServerReason } from "./reasons.js";

/** The name of a gRPC status: `"UNAVAILABLE"`, `"OUT_OF_RANGE"`. */
export type GrpcCode = StatusName;

/**
 * Why. Either one of etcd's own reasons, or: `transport` (the connection), `timeout` (the caller's time is up),
 * `message-too-large` (a gRPC limit), `closed` (this client), `lease-lost` (this client's own judgement), `not-supported` (by
 * this server), `session-lost` and `result-lost` (of exactly-once writes), `unknown` (a status without a text we know).
 */
export type EtcdReason =
  | ServerReason
  | "transport"
  | "timeout"
  | "message-too-large"
  | "closed"
  | "lease-lost"
  | "not-supported"
  | "session-lost"
  | "result-lost"
  | "unknown";

/**
 * May the request have taken effect? Reads have no effect, so theirs is always `not-applied`. `applied` is certain, and only
 * a `ResultLostError` says it.
 */
export type Outcome = "not-applied" | "unknown" | "applied";

export interface EtcdErrorInit {
  readonly code: GrpcCode;
  readonly reason: EtcdReason;
  readonly outcome: Outcome;
  readonly endpoint?: string | undefined;
  readonly method?: string | undefined;
  /** How often the request was sent, the failed attempt included. */
  readonly attempts?: number;
  readonly cause?: unknown;
}

// Registered globally, so that an error made by a second copy of this package is recognised as well.
const BRAND = Symbol.for("@kvorum/client.EtcdError");

/** A request failed. The message is the server's, word for word. */
export class EtcdError extends Error {
  override readonly name: string = "EtcdError";
  readonly code: GrpcCode;
  readonly reason: EtcdReason;
  readonly outcome: Outcome;
  readonly endpoint: string | undefined;
  /** `/etcdserverpb.KV/Put` */
  readonly method: string | undefined;
  readonly attempts: number;

  constructor(message: string, init: EtcdErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.reason = init.reason;
    this.outcome = init.outcome;
    this.endpoint = init.endpoint;
    this.method = init.method;
    this.attempts = init.attempts ?? 1;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** The revision asked for is older than the last compaction. */
export class CompactedError extends EtcdError {
  override readonly name = "CompactedError";
  /** The oldest revision that can still be read, where the server said it (a watch does, a read does not). */
  readonly compactRevision: bigint | undefined;
  readonly requested: bigint | undefined;

  constructor(message: string, init: EtcdErrorInit & { compactRevision?: bigint; requested?: bigint }) {
    super(message, init);
    this.compactRevision = init.compactRevision;
    this.requested = init.requested;
  }
}

/** The lease does not exist (any more). */
export class LeaseNotFoundError extends EtcdError {
  override readonly name = "LeaseNotFoundError";
}

/** A lease that was kept alive is gone, or cannot be known to be alive. Reason of `lease.signal`. */
export class LeaseLostError extends EtcdError {
  override readonly name = "LeaseLostError";
  readonly leaseId: bigint;

  constructor(leaseId: bigint, message: string, cause?: unknown) {
    super(message, { code: "NOT_FOUND", reason: "lease-lost", outcome: "not-applied", cause });
    this.leaseId = leaseId;
  }
}

/** The user lacks the permission. */
export class PermissionDeniedError extends EtcdError {
  override readonly name = "PermissionDeniedError";
}

/** No token, an unknown one, or a wrong password. */
export class UnauthenticatedError extends EtcdError {
  override readonly name = "UnauthenticatedError";
}

/** The caller's `timeout` (or the default) ran out. */
export class TimeoutError extends EtcdError {
  override readonly name = "TimeoutError";
}

/** No member could be reached, or the cluster has no leader. */
export class UnavailableError extends EtcdError {
  override readonly name = "UnavailableError";
}

/** The client was closed. */
export class ClientClosedError extends EtcdError {
  override readonly name = "ClientClosedError";

  constructor(outcome: Outcome = "not-applied", cause?: unknown) {
    super("the client is closed", { code: "CANCELLED", reason: "closed", outcome, cause });
  }
}

/**
 * An exactly-once write was applied, by an attempt whose answer was lost, and what it would have answered cannot be read any
 * more. `cause` says why: the history is compacted, the user may not read, or a txn changed the same keys twice around a read.
 */
export class ResultLostError extends EtcdError {
  override readonly name = "ResultLostError";
  /** The revision in which the write was applied. */
  readonly revision: bigint;
  /** Which branch ran. True for a write without conditions. */
  readonly succeeded: boolean;

  constructor(revision: bigint, succeeded: boolean, cause: unknown) {
    const message = `the write was applied at revision ${revision}, but its answer cannot be recovered`;
    super(message, { code: "DATA_LOSS", reason: "result-lost", outcome: "applied", cause });
    this.revision = revision;
    this.succeeded = succeeded;
  }
}

/** A stored value is not what the store's codec expects. `cause` is what the codec threw. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly key: string;
  readonly modRevision: bigint;
  /** What a schema found; empty where the bytes did not even parse. */
  readonly issues: readonly StandardSchemaV1.Issue[];

  constructor(key: string, modRevision: bigint, issues: readonly StandardSchemaV1.Issue[], cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`value of ${JSON.stringify(key)} at revision ${modRevision} cannot be decoded: ${why}`, { cause });
    this.key = key;
    this.modRevision = modRevision;
    this.issues = issues;
  }
}

/** Is this an error of this client (of any copy of the package), and has it this reason? */
export function isEtcdError(error: unknown, reason?: EtcdReason): error is EtcdError {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return reason === undefined || (error as unknown as EtcdError).reason === reason;
}

/** The class that fits the reason and the code. */
export function makeEtcdError(message: string, init: EtcdErrorInit): EtcdError {
  if (init.reason === "compacted") return new CompactedError(message, init);
  if (init.reason === "lease-not-found") return new LeaseNotFoundError(message, init);
  if (init.reason === "permission-denied" || init.code === "PERMISSION_DENIED") {
    return new PermissionDeniedError(message, init);
  }
  if (UNAUTHENTICATED.has(init.reason) || init.code === "UNAUTHENTICATED") {
    return new UnauthenticatedError(message, init);
  }
  if (init.reason === "timeout" || init.code === "DEADLINE_EXCEEDED") return new TimeoutError(message, init);
  if (init.reason === "transport" || init.code === "UNAVAILABLE") return new UnavailableError(message, init);
  return new EtcdError(message, init);
}

const UNAUTHENTICATED: ReadonlySet<EtcdReason> = new Set([
  "invalid-token",
  "user-empty",
  "authentication-failed",
  "password-not-used",
]);
