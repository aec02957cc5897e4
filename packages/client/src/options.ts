/**
 * The options bags. One rule for all of them: every field is optional, durations are milliseconds, a lease's `ttl` is in
 * seconds, revisions and ids go in as `bigint | number` and come out as `bigint`. A wrong value is a `TypeError` (of no fitting
 * type, or no known name) or a `RangeError` (a number out of range), before anything is sent; `checks.ts` has the words.
 */
import { checkFlag, checkMilliseconds, checkName, checkObject, describe } from "./checks.js";

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

/** Of put, delete, create, compareAndSet, compareAndDelete and txn. */
export interface WriteCallOptions extends Omit<CallOptions, "retry"> {
  /**
   * `exactly-once`: sent again also after an unknown outcome, as a txn that leaves a small marker, so that the write is applied
   * once; an attempt whose answer was lost is answered from history. It costs a key for each write in flight and a lease for
   * the client, and the user needs the permission to read and write `markerPrefix`. The outcome is `unknown` only when the time
   * runs out first. Others as for every call.
   */
  readonly retry?: "auto" | "never" | "exactly-once";
}

/**
 * - `linearizable`: at least as new as everything acknowledged before the call. The default.
 * - `serializable`: what the answering member has; may be old, works without a quorum.
 * - `{ atLeast }`: a member's own state if it has reached that revision, else a linearizable read.
 */
export type Consistency = "linearizable" | "serializable" | { readonly atLeast: BigIntLike };

export interface ReadOptions extends CallOptions {
  readonly consistency?: Consistency;
  /** Read the past. Rejects with `CompactedError` when it is gone. 0 is now. */
  readonly revision?: BigIntLike;
}

export interface ListOptions extends ReadOptions {
  /** Most pairs to return; `more` says whether there were others. Default, and 0: all. */
  readonly limit?: number;
  readonly sortBy?: "key" | "version" | "create" | "mod" | "value";
  readonly order?: "asc" | "desc";
  /** Bounds are inclusive and applied before `limit`; `count` ignores them. 0 is no bound. */
  readonly minModRevision?: BigIntLike;
  readonly maxModRevision?: BigIntLike;
  readonly minCreateRevision?: BigIntLike;
  readonly maxCreateRevision?: BigIntLike;
  /** Leave the values on the server: entries come without one. */
  readonly keysOnly?: boolean;
}

export interface ScanOptions extends ReadOptions {
  /**
   * Most pairs in a page. A page is halved when its answer is over the message limit or 1 MiB, and doubled when it is well
   * below. Default: from 1,000 up to 10,000. `timeout` is for each page.
   */
  readonly pageSize?: number;
  /** Leave the values on the server: entries come without one. */
  readonly keysOnly?: boolean;
}

/** A lease, or its id. 0 is "no lease". */
export type LeaseRef = BigIntLike | { readonly id: bigint };

export interface WriteOptions extends WriteCallOptions {
  /** The key goes when this lease goes. Without it a put detaches the key from the lease it had. */
  readonly lease?: LeaseRef;
}

export interface PutOptions extends WriteOptions {
  /** Give back the pair that was replaced. */
  readonly prevKv?: boolean;
  /** Keep the value and only renew version, revision and lease; the value to give is `undefined`. The key must exist. */
  readonly ignoreValue?: boolean;
  /** Keep the lease the key has. The key must exist. Not beside `lease`. */
  readonly ignoreLease?: boolean;
}

export interface DeleteOptions extends WriteCallOptions {
  /** Give back the pairs that were deleted. */
  readonly prevKv?: boolean;
}

/** Of `put` with `prevKv: true` the result says what was there. */
export interface WithPrevious {
  readonly prevKv: true;
}

/** Of `put` without a value. */
export interface WithoutValue {
  readonly ignoreValue: true;
}

/** Of `list` and `scan` without values. */
export interface WithKeysOnly {
  readonly keysOnly: true;
}

const INT64_MAX = 2n ** 63n - 1n;

/** Errors: `TypeError`, `RangeError`, naming the argument. */
export function toBigInt(value: BigIntLike, name: string): bigint {
  if (typeof value !== "bigint" && typeof value !== "number") {
    throw new TypeError(`${name} must be a bigint or a whole number, not ${describe(value)}`);
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`${name} must be a whole number, not ${value}`);
  }
  const wide = BigInt(value);
  if (wide > INT64_MAX || wide < -INT64_MAX - 1n) throw new RangeError(`${name} must fit into 64 bits, not ${wide}`);
  return wide;
}

/** A revision, a bound or a limit: from 0 on. Errors: as of `toBigInt`. */
export function toAmount(value: BigIntLike, name: string): bigint {
  const wide = toBigInt(value, name);
  if (wide < 0n) throw new RangeError(`${name} must not be negative: ${wide}`);
  return wide;
}

/** Errors: `TypeError`, `RangeError`. */
export function leaseId(lease: LeaseRef | undefined): bigint {
  if (lease === undefined) return 0n;
  if (typeof lease !== "object") return toBigInt(lease, "lease");
  checkObject(lease, "lease");
  return toBigInt(lease.id, "lease.id");
}

/** Errors: `TypeError`, `RangeError`, naming the option. */
export function checkCallOptions({ signal, timeout, retry, endpoint }: CallOptions): void {
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.throwIfAborted !== "function") {
    throw new TypeError(`signal must be an AbortSignal, not ${describe(signal)}`);
  }
  if (timeout !== undefined) checkMilliseconds(timeout, "timeout");
  if (retry !== undefined) checkName(retry, ["auto", "never"], "retry");
  if (endpoint !== undefined && typeof endpoint !== "string") {
    throw new TypeError(`endpoint must be a string, not ${describe(endpoint)}`);
  }
}

/** Is the write to be marked? Errors: `TypeError` for a name that is none. */
export function isExactlyOnce(options: WriteCallOptions | undefined): boolean {
  if (options?.retry !== undefined) checkName(options.retry, ["auto", "never", "exactly-once"], "retry");
  return options?.retry === "exactly-once";
}

/** The options as the parts below take them, which know nothing of marks. */
export function plainCall(options: WriteCallOptions | undefined): CallOptions {
  if (options === undefined) return {};
  const { retry, ...others } = options;
  return retry === undefined || retry === "exactly-once" ? others : { ...others, retry };
}

/** Errors: `TypeError` for a flag that is none. */
export function flagOf(value: boolean | undefined, name: string): boolean {
  if (value !== undefined) checkFlag(value, name);
  return value ?? false;
}
