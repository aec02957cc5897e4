/**
 * A claimed job and the three ends of a claim. Each end is a txn on the condition that `held` still is the key that this claim
 * created: a worker that was paused past its session's time to live finds the key gone, or created anew by a later claim, and
 * can end nothing any more. `ack` deletes the job and writes the results in that same txn, so a result is written exactly
 * once, by the worker whose claim was in force.
 */
import { type Compare, compare, isEtcdError, type Op, type OpResults, type WriteCallOptions } from "@kvorum/client";
import { checkEnds } from "../../contention/checks.js";
import { Interrupt, persist } from "../../interrupt.js";
import { dueAt } from "./checks.js";
import type { Claim } from "./claims.js";
import { ClaimLostError } from "./errors.js";
import { giveBackOps, type Moves } from "./transitions.js";
import { encodeState, idOf, type JobState, priorityOf } from "./work-layout.js";

export interface AckOptions<T extends readonly Op[]> extends Pick<WriteCallOptions, "signal" | "timeout"> {
  /** What to write in the same txn as the acknowledgement: all of it, or nothing. At most 100 operations. */
  readonly then?: T;
}

export interface NackOptions extends Pick<WriteCallOptions, "signal" | "timeout"> {
  /** Milliseconds before the job may be claimed again, by the wall clock. Default 0. */
  readonly delayMs?: number;
}

/** Disposing gives the job back, unless its claim has ended. */
export interface Job<T> extends AsyncDisposable {
  /** Names the job for its whole life. */
  readonly id: string;
  readonly value: T;
  /** 1 for the first delivery, one more with each, also after a worker has died. */
  readonly attempt: number;
  readonly priority: number;
  /** The key it was enqueued with. */
  readonly key: string | undefined;
  /** The revision of the claim: greater with every later claim of the job. */
  readonly fencingToken: bigint;
  /** Aborts with `ClaimLostError` when the claim is lost with the session, with an `AbortError` when it has ended. */
  readonly signal: AbortSignal;
  /** Whether the claim is certain to be in force now; computed from the clock. */
  readonly held: boolean;
  /** The condition "the claim is in force" for the `if` of a txn. */
  ownership(): Compare;
  /**
   * The job is done: it is deleted, and `then` is written, in one txn and exactly once.
   *
   * Errors: `ClaimLostError`, and then nothing was written; `signal.reason` and `EtcdError` with the outcome `unknown`, and
   * then it may be done or not: call it again, or leave the job to whoever finds it.
   */
  ack<const T extends readonly Op[] = []>(
    options?: AckOptions<T>,
  ): Promise<{ readonly revision: bigint; readonly responses: OpResults<T> }>;
  /**
   * Gives the job back, to its place or, after `maxAttempts` deliveries, to the dead letters. Repeated while its outcome is
   * unknown. Errors: `RangeError`; `ClaimLostError`: it had been given back before; `TimeoutError`; `signal.reason`.
   */
  nack(options?: NackOptions): Promise<void>;
  /** Puts the job to the dead letters at once, because no further attempt can help. Errors: as of `nack`. */
  reject(options?: Omit<NackOptions, "delayMs">): Promise<void>;
}

/** Milliseconds for which giving back is tried. */
const NACK_MS = 10_000;
const THEN_MAX = 100;

export class ClaimedJob<T> implements Job<T> {
  readonly value: T;
  readonly #claim: Claim;
  readonly #moves: Moves;
  readonly #abort = new AbortController();
  readonly #onEnd: () => void;
  /** An acknowledgement whose answer was lost. */
  #doubt: { readonly error: unknown } | undefined;

  /** `onEnd` is called once, when the claim has ended, whichever way. */
  constructor(moves: Moves, claim: Claim, value: T, onEnd: () => void) {
    this.#moves = moves;
    this.#claim = claim;
    this.value = value;
    this.#onEnd = onEnd;
    const { signal } = claim.session;
    if (signal.aborted) this.#onSessionOver();
    else signal.addEventListener("abort", this.#onSessionOver, { once: true });
  }

  get id(): string {
    return idOf(this.#claim.place);
  }

  get attempt(): number {
    return this.#claim.state.attempts;
  }

  get priority(): number {
    return priorityOf(this.#claim.place);
  }

  get key(): string | undefined {
    return this.#claim.state.key;
  }

  get fencingToken(): bigint {
    return this.#claim.fencingToken;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get held(): boolean {
    return !this.#abort.signal.aborted && this.#claim.session.remaining() > 0;
  }

  ownership(): Compare {
    return ownershipOf(this.#moves, this.#claim);
  }

  async ack<const T extends readonly Op[] = []>(
    { then, ...options }: AckOptions<T> = {} as AckOptions<T>,
  ): Promise<{ readonly revision: bigint; readonly responses: OpResults<T> }> {
    const results: readonly Op[] = then ?? [];
    if (results.length > THEN_MAX) {
      throw new RangeError(`then must have at most ${THEN_MAX} operations, not ${results.length}`);
    }
    const { store } = this.#moves;
    const spec = { if: [this.ownership()], then: [...results, ...forgetOps(this.#moves, this.#claim)] };
    try {
      const { header, responses, succeeded } = await store.txn(spec, { ...options, retry: "exactly-once" });
      if (!succeeded) throw this.#doubt?.error ?? this.#lost();
      this.#end(new DOMException(`job ${this.id} was acknowledged`, "AbortError"));
      return { revision: header.revision, responses: responses.slice(0, results.length) as OpResults<T> };
    } catch (error) {
      const unknown = isEtcdError(error) ? error.outcome === "unknown" : options.signal?.aborted === true;
      if (unknown) this.#doubt = { error };
      throw error;
    }
  }

  async nack({ delayMs, ...options }: NackOptions = {}): Promise<void> {
    const delayed = delayMs !== undefined && dueAt(this.#moves.store.world.clock.wallMs(), delayMs);
    const dueMs = delayed && delayMs > 0 ? delayed : undefined;
    await this.#giveUp(giveBackOps(this.#moves, this.#claim.place, this.#claim.state, dueMs), options);
  }

  async reject(options: Omit<NackOptions, "delayMs"> = {}): Promise<void> {
    await this.#giveUp([buryOp(this.#moves, this.#claim, "rejected")], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#abort.signal.aborted) return;
    await this.nack().catch((error: unknown) => {
      // Then it is given back already, or will be when the session ends.
      if (!(error instanceof ClaimLostError) && !isEtcdError(error)) throw error;
    });
  }

  async #giveUp(ops: readonly Op[], options: Omit<NackOptions, "delayMs">): Promise<void> {
    checkEnds(options);
    const { world } = this.#moves.store;
    using wait = new Interrupt(world, "giving a job back", [options.signal], options.timeout ?? NACK_MS);
    const given = await leave(this.#moves, this.#claim, ops, wait.signal);
    if (given) this.#end(new DOMException(`job ${this.id} was given back`, "AbortError"));
    else throw this.#lost();
  }

  #lost(): unknown {
    this.#end(new ClaimLostError(this.id, this.fencingToken, "is not in force any more"));
    const { reason } = this.#abort.signal;
    if (reason instanceof ClaimLostError) return reason;
    return new ClaimLostError(this.id, this.fencingToken, "has ended before", reason);
  }

  readonly #onSessionOver = (): void => {
    const { reason } = this.#claim.session.signal;
    this.#end(new ClaimLostError(this.id, this.fencingToken, "ended with its session", reason));
  };

  #end(reason: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#claim.session.signal.removeEventListener("abort", this.#onSessionOver);
    this.#onEnd();
    this.#abort.abort(reason);
  }
}

/** Gives back a claim that nobody was handed, as if it had not been made. Ends with the session at the latest. */
export async function unclaim(moves: Moves, claim: Claim): Promise<void> {
  const state: JobState = { ...claim.state, attempts: claim.state.attempts - 1 };
  await leave(moves, claim, giveBackOps(moves, claim.place, state), claim.session.signal);
}

/** To the dead letters. True unless the claim was lost. */
export function bury(moves: Moves, claim: Claim, signal: AbortSignal): Promise<boolean> {
  return leave(moves, claim, [buryOp(moves, claim, "undecodable")], signal);
}

/** A job without a value is none. */
export function forget(moves: Moves, claim: Claim, signal: AbortSignal): Promise<boolean> {
  return leave(moves, claim, forgetOps(moves, claim).slice(2), signal);
}

function ownershipOf({ layout }: Moves, claim: Claim): Compare {
  return compare.createRevision(layout.heldKey(claim.place)).eq(claim.fencingToken);
}

/** Everything that there is of a job: the keys of its claim first. */
function forgetOps({ layout, store }: Moves, { place, state }: Claim): Op[] {
  const keys = [layout.heldKey(place), layout.claimedKey(place), layout.jobKey(place)];
  if (state.key !== undefined) keys.push(layout.uniqueKey(state.key));
  return keys.map((key) => store.op.delete(key));
}

function buryOp({ layout, store }: Moves, { place, state }: Claim, reason: "undecodable" | "rejected"): Op {
  return store.op.put(layout.deadKey(place), encodeState({ ...state, reason }));
}

/**
 * Ends the claim with a change of state, repeated until its outcome is known. When an earlier attempt's answer was lost and the
 * claim is found gone, it was that attempt or the end of the session: the claim is over in both cases, and with it the job is
 * back. True then; false when the claim was gone before the first attempt.
 */
async function leave(moves: Moves, claim: Claim, ops: readonly Op[], signal: AbortSignal): Promise<boolean> {
  const { layout, store } = moves;
  let maybeDone = false;
  return persist(store.world, signal, async () => {
    const gone = [store.op.delete(layout.heldKey(claim.place)), store.op.delete(layout.claimedKey(claim.place))];
    try {
      const spec = { if: [ownershipOf(moves, claim)], then: [...gone, ...ops] };
      return (await store.txn(spec, { signal })).succeeded || maybeDone;
    } catch (error) {
      maybeDone ||= isEtcdError(error) && error.outcome === "unknown";
      throw error;
    }
  });
}
