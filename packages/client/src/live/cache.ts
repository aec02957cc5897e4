/**
 * A range of keys held in memory and kept true: read at one revision, then watched from the next. Here is what its user sees;
 * `live-cache.ts` is how. The idea is that of client-go's informers; that a revision is taken as a whole, and the proof that
 * nothing has changed, are ours.
 */
import { checkCount, checkMilliseconds, checkName, kindOf } from "../checks.js";
import type { Key, KeyRange } from "../keys.js";
import type { KeyValue, View } from "../kv/results.js";
import type { StoreContext } from "../kv/store.js";
import { DEFAULT_TIMEOUT_MS } from "../net/caller.js";
import type { BigIntLike, CallOptions, ScanOptions } from "../options.js";
import type { Change } from "./change.js";
import { LiveCache } from "./live-cache.js";
import type { CacheOptions, ChangesOptions } from "./options.js";
import { type Attempt, readRange, type Source } from "./reading.js";

/**
 * The pairs of a range as they were at `revision`, which goes on by itself. All reads are synchronous and see one revision:
 * what one txn wrote is there as a whole or not at all. Iterating gives the pairs of the moment in which it began, in the
 * order of the keys' bytes.
 *
 * It lives through lost connections and compactions. It ends with `close()`, when its `signal` option aborts, and with an
 * error that asking again does not change: `PermissionDeniedError`, `DecodeError`, `ClientClosedError`. Then `signal` aborts
 * with the reason, `changes()` throws it once, and the pairs stay as they were last.
 */
export interface KeyCache<V, I extends string = never> extends Iterable<KeyValue<V>>, AsyncDisposable {
  get(key: Key): KeyValue<V> | undefined;
  has(key: Key): boolean;
  readonly size: number;
  /** Every change up to it is in the cache, and none after it. */
  readonly revision: bigint;
  /** May the range have changed without the cache knowing? True while there is no watch, or while it catches up. */
  readonly stale: boolean;
  /** Aborts when the cache ends. */
  readonly signal: AbortSignal;
  /** The pairs of a part of the range, in order: `cache.range(prefix("a/"))`. */
  range(range: KeyRange): readonly KeyValue<V>[];
  /** The pairs that one of the `indexes` has under `term`, in the order of their keys. */
  lookup(index: I, term: string): readonly KeyValue<V>[];
  /**
   * What changes after this call, for any number of consumers. A consumer that is slow gets the newest change of each key,
   * with the `previous` that it has seen last: what waits for it is at most one change a key.
   *
   * Errors of the iteration, once: what ended the cache.
   */
  changes(options?: ChangesOptions): AsyncIterableIterator<Change<V>, undefined, undefined>;
  /**
   * Resolves when every change up to `revision` is in the cache. Lost connections are waited for, for `timeout` milliseconds
   * in all (10,000 by default).
   *
   * Errors: `TimeoutError`; what ended the cache; the signal's reason.
   */
  waitFor(revision: BigIntLike, options?: Pick<CallOptions, "signal" | "timeout">): Promise<void>;
  /** Resolves when everything that was acknowledged to anybody before this call is in the cache. Errors: as `waitFor`. */
  sync(options?: Pick<CallOptions, "signal" | "timeout">): Promise<void>;
  /** Ends the watch. Idempotent. */
  close(): Promise<void>;
}

/**
 * Resolves when the range has been read and, unless that takes longer than `timeout`, watched. `view` and `scan` are the
 * store's, with `attempting` around its codec. Errors: `TypeError` of a wrong argument; as of every read.
 */
export async function openCache<V, I extends string = never>(
  context: Pick<StoreContext, "caller" | "watches">,
  view: View<Attempt<V>>,
  scan: Source<V>["scan"],
  range: KeyRange,
  options: CacheOptions<V, I> = {},
): Promise<KeyCache<V, I>> {
  const { indexes = {}, onDecodeError } = options;
  if (typeof onDecodeError === "string") checkName(onDecodeError, ["throw", "keep"], "onDecodeError");
  if (options.pageSize !== undefined) checkCount(options.pageSize, "pageSize");
  if (options.timeout !== undefined) checkMilliseconds(options.timeout, "timeout");
  for (const [name, terms] of Object.entries(indexes)) {
    if (typeof terms !== "function") throw new TypeError(`indexes.${name} must be a function, not ${kindOf(terms)}`);
  }
  options.signal?.throwIfAborted();
  const source = { caller: context.caller, view, scan, range };
  const scanning: ScanOptions = {
    ...(options.pageSize !== undefined && { pageSize: options.pageSize }),
    ...(options.timeout !== undefined && { timeout: options.timeout }),
  };
  const { signal } = options;
  const snapshot = await readRange(source, signal ? { ...scanning, signal } : scanning, onDecodeError);
  signal?.throwIfAborted();
  const cache = new LiveCache<V, I>({ context, source, scanning, options, snapshot });
  try {
    await cache.watched(options.timeout ?? DEFAULT_TIMEOUT_MS);
  } catch (error) {
    await cache.close();
    throw error;
  }
  return cache;
}
