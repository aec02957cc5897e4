/**
 * Software transactional memory on etcd: a body reads and writes as if it were alone; what it has read is checked when its
 * writes are committed, in one txn, and the body runs again when that fails. `transaction.ts` has one attempt,
 * `isolation.ts` what the levels mean.
 */
import { CompactedError, isEtcdError, type Key, type Store } from "@kvorum/client";
import { OutcomeUnknownError, StmConflictError } from "../errors.js";
import { Interrupt, pause, unlessAborted } from "../interrupt.js";
import { type Isolation, LEVELS } from "./isolation.js";
import { bytesStore, type CommitResult, type Prefetched, prefetch, Transaction, type Tx } from "./transaction.js";

export interface StmOptions {
  /** Default `serializable-snapshot`. */
  readonly isolation?: Isolation;
  /** How often the body runs at most, before `StmConflictError`. Default 50. */
  readonly maxAttempts?: number;
  /** Keys to read in one request before the body runs. Only with the levels that read a snapshot. */
  readonly prefetch?: readonly Key[];
  /** Aborting rejects with the signal's reason. If the commit is under way then, it may still take effect. */
  readonly signal?: AbortSignal;
  /** Milliseconds for all attempts together. Default: no limit beside `maxAttempts`. */
  readonly timeout?: number;
}

export interface StmResult<T> {
  /** What the body returned in the attempt that was committed. */
  readonly value: T;
  /** The revision of the commit, or of the snapshot where nothing was written. */
  readonly revision: bigint;
  readonly attempts: number;
}

const DEFAULT_ATTEMPTS = 50;
/** Waits after conflicts, in milliseconds: full jitter under a ceiling that doubles. */
const CONFLICT_BASE_MS = 2;
const CONFLICT_CAP_MS = 250;
const COMMIT_MS = 10_000;

/**
 * Runs `body` as a transaction. It may run several times, so its effects must all go through `tx`. When it throws, nothing
 * is written and `stm` rejects with what it threw.
 *
 * The keys read, the keys written and the ranges together are bound by the server's limit of operations in a txn (128).
 *
 * Errors: `StmConflictError` when every attempt met a conflict; `OutcomeUnknownError` when the answer of a commit was lost
 * (it is not repeated then); `TimeoutError`; `signal.reason`; `EtcdError`.
 */
export async function stm<T>(
  store: Store<string>,
  body: (tx: Tx) => Promise<T>,
  options: StmOptions = {},
): Promise<StmResult<T>> {
  const { isolation = "serializable-snapshot", maxAttempts = DEFAULT_ATTEMPTS } = options;
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    throw new RangeError(`maxAttempts must be a whole number, at least 1, not ${maxAttempts}`);
  }
  const level = LEVELS[isolation];
  if (level === undefined) throw new RangeError(`no such isolation: ${isolation}`);
  const { world } = store;
  const start = world.clock.nowMs();
  using wait = new Interrupt(world, "the transaction", [options.signal], options.timeout);
  const { signal } = wait;
  signal.throwIfAborted();
  const inBytes = bytesStore(store);
  let prefetched = level.snapshot ? await prefetch(inBytes, options.prefetch ?? [], signal) : undefined;
  for (let attempts = 1; attempts <= maxAttempts; attempts++) {
    const transaction = new Transaction({ store: inBytes, level, prefetched, staleReads: attempts === 1, signal });
    const ran = await runBody(transaction, body, signal);
    if (ran.finished) {
      const left = options.timeout === undefined ? COMMIT_MS : start + options.timeout - world.clock.nowMs();
      const outcome = await commit(transaction, attempts, left, options.signal);
      if (outcome.committed) return { value: ran.value, revision: outcome.revision, attempts };
      prefetched = outcome.prefetched;
    } else {
      prefetched = undefined;
    }
    if (attempts === maxAttempts) break;
    const ceiling = Math.min(CONFLICT_CAP_MS, CONFLICT_BASE_MS * 2 ** attempts);
    await pause(world, ceiling * world.random(), signal);
    // What was prefetched is the state of a moment ago; after a long wait it is worth reading again.
    if (ceiling === CONFLICT_CAP_MS) prefetched = undefined;
  }
  throw new StmConflictError(maxAttempts);
}

type Ran<T> = { readonly finished: true; readonly value: T } | { readonly finished: false };

/** Not finished: the snapshot was compacted under the body, which is a conflict with everything. */
async function runBody<T>(
  transaction: Transaction,
  body: (tx: Tx) => Promise<T>,
  signal: AbortSignal,
): Promise<Ran<T>> {
  try {
    return { finished: true, value: await unlessAborted(body(transaction), signal) };
  } catch (error) {
    transaction.end();
    if (error instanceof CompactedError) return { finished: false };
    throw error;
  }
}

async function commit(
  transaction: Transaction,
  attempts: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<CommitResult & { readonly prefetched?: Prefetched | undefined }> {
  try {
    return await transaction.commit({ timeout: Math.max(1, timeoutMs), ...(signal && { signal }) });
  } catch (error) {
    if (isEtcdError(error) && error.outcome === "unknown") throw new OutcomeUnknownError(attempts, error);
    throw error;
  }
}
