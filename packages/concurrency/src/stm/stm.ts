/**
 * Software transactional memory on etcd: a body reads and writes as if it were alone; what it has read is checked when its
 * writes are committed, in one txn, and the body runs again when that fails. `transaction.ts` has one attempt and why it is
 * right, `isolation.ts` what the levels mean, `waiting.ts` how contenders keep out of each other's way.
 */
import { setMaxListeners } from "node:events";
import { bytes, type Codec, CompactedError, isEtcdError, type Key, type Store, utf8 } from "@kvorum/client";
import { checkStore } from "../contention/checks.js";
import { OutcomeUnknownError, StmConflictError } from "../errors.js";
import { Interrupt, pause, unlessAborted } from "../interrupt.js";
import { type Isolation, LEVELS, type Level } from "./isolation.js";
import { keyOf, readSnapshot, type Snapshot } from "./snapshot.js";
import { type CommitResult, Transaction } from "./transaction.js";
import type { Tx } from "./tx.js";
import { conflictWaitMs } from "./waiting.js";

export interface StmOptions {
  /** Default `serializable-snapshot`. */
  readonly isolation?: Isolation;
  /** How often the body runs at most, before `StmConflictError`. Default 50. */
  readonly maxAttempts?: number;
  /** Keys to read in one request before the body runs, the first 100 of them. Only with the levels that read a snapshot. */
  readonly prefetch?: readonly Key[];
  /**
   * What happens when the answer to a commit is lost.
   *
   * - `at-most-once` (default): `OutcomeUnknownError`. The commit was applied once or not at all.
   * - `exactly-once`: the commit is sent again until its outcome is known, and applied once. It leaves a marker, as every
   *   write with `retry: "exactly-once"` does: a lease for each client, a small key for each commit in flight (also for one
   *   that meets a conflict, which is then a write as well), permission to write the client's `markerPrefix`, and 125 writes
   *   and 126 conditions instead of 128. That is why it is not the default: what is asked of the cluster and of the
   *   user's role would change for those who never lose an answer. A range that holds the markers conflicts with every commit
   *   of this kind.
   */
  readonly commit?: "at-most-once" | "exactly-once";
  /** Aborting rejects with the signal's reason. If the commit is under way then, it may still take effect. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds for all attempts together, the commit included. Default: no limit beside `maxAttempts`, and 10,000 for each
   * commit.
   */
  readonly timeout?: number;
  /** See `StmCodecOptions`. */
  readonly codec?: undefined;
}

/** Of a transaction whose values are not text. */
export interface StmCodecOptions<V, In = V> extends Omit<StmOptions, "codec"> {
  /** How `tx` reads and writes values where a call names no codec of its own. */
  readonly codec: Codec<V, In>;
}

export interface StmResult<T> {
  /** What the body returned in the attempt that was committed. */
  readonly value: T;
  /** The revision of the commit, or of the snapshot where nothing was written; 0 where nothing was read either. */
  readonly revision: bigint;
  readonly attempts: number;
}

/** A store of any values: a transaction reads bytes and has codecs of its own. */
export type StmStore = Pick<Store<unknown>, "world" | "withCodec">;

const DEFAULT_ATTEMPTS = 50;
const COMMIT_MS = 10_000;

/**
 * Runs `body` as a transaction. It may run several times, so its effects must all go through `tx`. When it throws, nothing
 * is written and `stm` rejects with what it threw.
 *
 * The server's limit of operations in a txn (128) bounds the keys written, and the keys read (those found in ranges too),
 * the ranges and the keys that are only written, together.
 *
 * Errors: `StmConflictError` when every attempt met a conflict; `OutcomeUnknownError` when it cannot be known whether the
 * commit was applied (`exactly-once`: only when the time or its session ended first); `DecodeError`; `TimeoutError`;
 * `signal.reason`; `EtcdError`; before anything is sent, `TypeError` and `RangeError` for wrong arguments.
 */
export function stm<T>(store: Store<string>, body: (tx: Tx) => Promise<T>, options?: StmOptions): Promise<StmResult<T>>;
export function stm<T, V, In>(
  store: StmStore,
  body: (tx: Tx<V, In>) => Promise<T>,
  options: StmCodecOptions<V, In>,
): Promise<StmResult<T>>;
export async function stm<T>(
  store: StmStore,
  body: (tx: Tx<never, never>) => Promise<T>,
  options: StmOptions | StmCodecOptions<unknown> = {},
): Promise<StmResult<T>> {
  checkStore(store, "a transaction");
  const { level, maxAttempts, prefetch, retry } = checked(body, options);
  const { clock } = store.world;
  const start = clock.nowMs();
  using wait = new Interrupt(store.world, "the transaction", [options.signal], options.timeout);
  const { signal } = wait;
  // Every read of the body listens, and it may make many at once.
  setMaxListeners(0, signal);
  signal.throwIfAborted();
  const inBytes = store.withCodec(bytes);
  const codec = options.codec ?? utf8;
  let wanted = { keys: prefetch, ranges: [] } as Transaction<unknown, unknown>["wanted"];
  let snapshot: Snapshot | undefined;
  for (let attempts = 1; ; attempts++) {
    if (level.snapshot) snapshot ??= await readSnapshot(inBytes, wanted, signal);
    const transaction = new Transaction({ store: inBytes, codec, level, snapshot, stale: attempts === 1, signal });
    const ran = await runBody(transaction, body as (tx: Tx<unknown, unknown>) => Promise<T>, signal);
    const sentMs = clock.nowMs();
    const timeout = options.timeout === undefined ? COMMIT_MS : Math.max(1, start + options.timeout - sentMs);
    const call = { timeout, ...retry, ...(options.signal && { signal: options.signal }) };
    const outcome = ran.finished ? await commit(transaction, attempts, call) : CONFLICT;
    if (ran.finished && outcome.committed) return { value: ran.value, revision: outcome.revision, attempts };
    if (attempts === maxAttempts) throw new StmConflictError(maxAttempts);
    const roundTripMs = clock.nowMs() - sentMs;
    const waitMs = conflictWaitMs(store.world, attempts, roundTripMs);
    await pause(store.world, waitMs, signal);
    wanted = transaction.wanted;
    // What the conflict has shown is the state of then; after more than the time of a request it is worth reading again.
    snapshot = outcome.committed || waitMs > roundTripMs ? undefined : outcome.seen;
  }
}

const CONFLICT: CommitResult = { committed: false, seen: undefined };

type Ran<T> = { readonly finished: true; readonly value: T } | { readonly finished: false };

/** Not finished: the snapshot was compacted under the body, which is a conflict with everything. */
async function runBody<T>(
  transaction: Transaction<unknown, unknown>,
  body: (tx: Tx<unknown, unknown>) => Promise<T>,
  signal: AbortSignal,
): Promise<Ran<T>> {
  try {
    const value = await unlessAborted((async () => body(transaction))(), signal);
    if (transaction.failure === undefined) return { finished: true, value };
    throw transaction.failure.error;
  } catch (error) {
    signal.throwIfAborted();
    if (transaction.failure?.error instanceof CompactedError) return { finished: false };
    throw error;
  } finally {
    transaction.end();
  }
}

async function commit(
  transaction: Transaction<unknown, unknown>,
  attempts: number,
  options: Parameters<Transaction<unknown, unknown>["commit"]>[0],
): Promise<CommitResult> {
  try {
    return await transaction.commit(options);
  } catch (error) {
    if (isEtcdError(error) && error.outcome === "unknown") throw new OutcomeUnknownError(attempts, error);
    throw error;
  }
}

interface Checked {
  readonly level: Level;
  readonly maxAttempts: number;
  readonly prefetch: readonly Uint8Array[];
  readonly retry: { readonly retry?: "exactly-once" };
}

function checked(body: unknown, options: Omit<StmOptions, "codec">): Checked {
  const { isolation = "serializable-snapshot", maxAttempts = DEFAULT_ATTEMPTS, prefetch = [], timeout } = options;
  const { commit: mode = "at-most-once" } = options;
  if (typeof body !== "function") throw new TypeError(`body must be a function, not ${typeof body}`);
  if (!Object.hasOwn(LEVELS, isolation)) {
    throw new TypeError(`isolation must be one of ${Object.keys(LEVELS).join(", ")}, not ${String(isolation)}`);
  }
  if (mode !== "at-most-once" && mode !== "exactly-once") {
    throw new TypeError(`commit must be at-most-once or exactly-once, not ${String(mode)}`);
  }
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    throw new RangeError(`maxAttempts must be a whole number of at least 1, not ${maxAttempts}`);
  }
  if (timeout !== undefined && !(Number.isFinite(timeout) && timeout > 0)) {
    throw new RangeError(`timeout must be a number of milliseconds above 0, not ${timeout}`);
  }
  const retry = mode === "exactly-once" ? ({ retry: "exactly-once" } as const) : {};
  return { level: LEVELS[isolation], maxAttempts, prefetch: prefetch.map(keyOf), retry };
}
