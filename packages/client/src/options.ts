/**
 * The options bags. One rule for all of them: every field is optional, durations are milliseconds, a lease's `ttl` is in
 * seconds, revisions and ids go in as `bigint | number` and come out as `bigint`.
 */

/** A revision or an id as a caller may give it. Numbers must be safe integers. */
export type BigIntLike = bigint | number;

export interface CallOptions {
  /** Aborting rejects with the signal's reason. A write that was already sent may still take effect. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call, retries included. Default 10,000, or the client's `timeout`. */
  readonly timeout?: number;
  /** `auto`: as the retry table says, never after an unknown outcome of a write. `never`: one attempt. Default `auto`. */
  readonly retry?: "auto" | "never";
  /** Ask this member only. It must be one of the client's endpoints. */
  readonly endpoint?: string;
}

/**
 * - `linearizable`: at least as new as everything acknowledged before the call. The default.
 * - `serializable`: what the answering member has; may be old, works without a quorum.
 * - `{ atLeast }`: a member's own state if it has reached that revision, else a linearizable read.
 */
export type Consistency = "linearizable" | "serializable" | { readonly atLeast: BigIntLike };

export interface ReadOptions extends CallOptions {
  readonly consistency?: Consistency;
  /** Read the past. Rejects with `CompactedError` when it is gone. */
  readonly revision?: BigIntLike;
}

export interface ListOptions extends ReadOptions {
  /** Most pairs to return; `more` says whether there were others. Default: all. */
  readonly limit?: number;
  readonly sortBy?: "key" | "version" | "create" | "mod" | "value";
  readonly order?: "asc" | "desc";
  /** Bounds are inclusive and applied before `limit`; `count` ignores them. */
  readonly minModRevision?: BigIntLike;
  readonly maxModRevision?: BigIntLike;
  readonly minCreateRevision?: BigIntLike;
  readonly maxCreateRevision?: BigIntLike;
}

export interface ScanOptions extends ReadOptions {
  /** Pairs a request, halved while an answer is over the message limit. Default 1,000. `timeout` is for each page. */
  readonly pageSize?: number;
}

/** A lease, or its id. 0 is "no lease". */
export type LeaseRef = BigIntLike | { readonly id: bigint };

export interface WriteOptions extends CallOptions {
  /** The key goes when this lease goes. Without it a put detaches the key from the lease it had. */
  readonly lease?: LeaseRef;
}

export interface PutOptions extends WriteOptions {
  /** Give back the pair that was replaced. */
  readonly prevKv?: boolean;
  /** Keep the value and only renew version, revision and lease. The key must exist. */
  readonly ignoreValue?: boolean;
  /** Keep the lease the key has. The key must exist. */
  readonly ignoreLease?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** Give back the pairs that were deleted. */
  readonly prevKv?: boolean;
}

/** Errors: `RangeError` naming the argument. */
export function toBigInt(value: BigIntLike, name: string): bigint {
  if (typeof value === "bigint") return value;
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} must be a whole number, not ${value}`);
  return BigInt(value);
}

export function leaseId(lease: LeaseRef | undefined): bigint {
  if (lease === undefined) return 0n;
  return typeof lease === "object" ? lease.id : toBigInt(lease, "lease");
}
