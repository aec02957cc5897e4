/**
 * A number that many processes change. The value is decimal text under one key, so `etcdctl get` and programs in other
 * languages read it, and those that write on condition may change it as well.
 *
 * Correctness: each update is written only if the key was last changed at the revision of the value it was computed from. A
 * revision is given once, so between that read and the write there was no other update, and none is lost. What was seen last
 * is kept and tried first: if it is old, the condition fails and the answer brings what is there now.
 */
import type { Key, KeyValue, Store } from "@kvorum/client";
import { checkStore } from "../contention/checks.js";
import { LocalQueue } from "../contention/local-queue.js";
import { type RecipeCallOptions, recipeName } from "./arguments.js";
import { knownOutcome, type Round, throughConflicts, type Writer } from "./conflicts.js";
import { decimal, fitsInt64, toInt64 } from "./decimal.js";

export interface AtomicCounterOptions {
  /** What the counter is while nothing is stored. Default 0. */
  readonly initial?: bigint | number;
  /**
   * `exactly-once`: updates are sent again after a lost answer, as the client's option of this name does it (a marker beside
   * the write, a lease for the client), and applied once. Default `auto`: a lost answer is an `OutcomeUnknownError`.
   */
  readonly retry?: "auto" | "exactly-once";
}

/** A state of the counter. */
export interface CounterValue {
  readonly value: bigint;
  /** The revision that wrote it; 0 while nothing is stored. */
  readonly revision: bigint;
}

/** The state after an attempt to change it; `ok` says whether it was changed. */
export interface CounterSwap extends CounterValue {
  readonly ok: boolean;
}

/**
 * Values are whole numbers of 64 bits with a sign. An update that would leave that range is a `RangeError` and writes nothing;
 * the counter never wraps around.
 *
 * Errors of every update: `OutcomeUnknownError` when its answer was lost (see `retry`); `StmConflictError` when others were
 * faster a hundred times; `RangeError`; `DecodeError` where the key holds something else; `TimeoutError`; `signal.reason`;
 * `EtcdError`. Updates of one object wait for each other, in the order of calling, instead of meeting in conflicts.
 */
export class AtomicCounter {
  readonly #store: Store<bigint>;
  readonly #key: Key;
  readonly #initial: bigint;
  readonly #retry: "auto" | "exactly-once";
  readonly #writer: Writer;
  #seen: CounterValue | undefined;

  /** Errors: `TypeError` for an empty name, `TypeError` or `RangeError` for an option. */
  constructor(store: Store<unknown>, name: Key, options: AtomicCounterOptions = {}) {
    checkStore(store, "a counter");
    const { initial = 0n, retry = "auto" } = options;
    if (retry !== "auto" && retry !== "exactly-once") {
      throw new TypeError(`retry must be "auto" or "exactly-once", not ${String(retry)}`);
    }
    this.#store = store.withCodec(decimal);
    this.#key = recipeName(name, "counter");
    this.#initial = toInt64(initial, "initial");
    this.#retry = retry;
    this.#writer = { world: store.world, what: "the update of the counter", turns: new LocalQueue() };
  }

  /** The value now; it may have changed by the time the answer is here. */
  async get(options?: RecipeCallOptions): Promise<CounterValue> {
    return this.#stateOf(await this.#store.get(this.#key, options));
  }

  /** Adds `by`, 1 if it is not given. */
  increment(by: bigint | number = 1n, options?: RecipeCallOptions): Promise<CounterValue> {
    return this.add(by, options);
  }

  /** Subtracts `by`, 1 if it is not given. */
  async decrement(by: bigint | number = 1n, options?: RecipeCallOptions): Promise<CounterValue> {
    const amount = toInt64(by, "by");
    return this.#update(({ value }) => value - amount, options);
  }

  /** Adds `by`, which may be negative, and resolves with the state after it. */
  async add(by: bigint | number, options?: RecipeCallOptions): Promise<CounterValue> {
    const amount = toInt64(by, "by");
    return this.#update(({ value }) => value + amount, options);
  }

  /** Replaces the value, whatever it is. */
  async set(value: bigint | number, options?: RecipeCallOptions): Promise<CounterValue> {
    const next = toInt64(value, "value");
    return this.#update(() => next, options);
  }

  /** Replaces the value if it is `expected`, as a number: how it is written does not matter. */
  async compareAndSet(
    expected: bigint | number,
    value: bigint | number,
    options?: RecipeCallOptions,
  ): Promise<CounterSwap> {
    const wanted = toInt64(expected, "expected");
    const next = toInt64(value, "value");
    return this.#update((state) => (state.value === wanted ? next : undefined), options);
  }

  /** `compute` gives the next value, or undefined where there is nothing to do. */
  #update(compute: (state: CounterValue) => bigint | undefined, options: RecipeCallOptions = {}): Promise<CounterSwap> {
    return throughConflicts(this.#writer, options, (round) => this.#round(compute, round));
  }

  async #round(compute: (state: CounterValue) => bigint | undefined, round: Round): Promise<CounterSwap | undefined> {
    const state = this.#seen ?? this.#stateOf(await this.#store.get(this.#key, round.read));
    const fresh = this.#seen === undefined;
    this.#seen = undefined;
    const next = compute(state);
    if (next === undefined || !fitsInt64(next)) {
      // An old state is good enough to try a write on, and not to refuse one.
      if (!fresh) return this.#round(compute, round);
      if (next === undefined) return { ok: false, ...state };
      throw new RangeError("the counter would leave the range of 64 bits");
    }
    const writing = this.#store.compareAndSet(this.#key, state.revision, next, { ...round.write, retry: this.#retry });
    const written = await knownOutcome(round.number, writing);
    this.#seen = written.ok ? { value: next, revision: written.revision } : this.#stateOf(written.current);
    return written.ok ? { ok: true, value: next, revision: written.revision } : undefined;
  }

  #stateOf(kv: KeyValue<bigint> | undefined): CounterValue {
    return kv === undefined ? { value: this.#initial, revision: 0n } : { value: kv.value, revision: kv.modRevision };
  }
}
