/**
 * A gate that opens once, after so many things are done. Keys:
 *
 * ```
 * <name>               what is left to count, in decimal digits
 * <name>/total         what it was created with
 * <name>/done/<who>    that this participant has counted
 * ```
 *
 * Correctness: counting down and the participant's own key are written in one txn, on condition that the count is the one that
 * was read and that the key is not there. So a count whose answer was lost is found by its key and not made again; and where
 * participants are named, one that dies after it has counted and is started again counts once. It does not rest on a lease, so
 * no pause is too long for it. The keys are as many as there are counts, and go with the latch.
 *
 * Within one life of a latch, named by the create revision of its key, the count never rises: a zero that was seen once, by a
 * read or in the log, stays true.
 */
import { type Compare, compare, type Key, type KeyValue, prefix, type Store } from "@kvorum/client";
import { below, checkEnds, checkStore } from "../contention/checks.js";
import { LocalQueue } from "../contention/local-queue.js";
import { LatchExistsError, LatchNotFoundError, OutcomeUnknownError } from "../errors.js";
import { Interrupt, persist } from "../interrupt.js";
import { checkWhole, type RecipeCallOptions, type RecipeWaitOptions, recipeName } from "./arguments.js";
import { type Round, throughConflicts, unlessLost, type Writer } from "./conflicts.js";
import { decimal } from "./decimal.js";
import { eventAfter } from "./event-after.js";
import { randomName } from "./random-name.js";

export interface CountDownOptions extends RecipeCallOptions {
  /**
   * Who counts: counting again under the same name, also after a restart, changes nothing. Default: a name of chance, so that
   * each call counts.
   */
  readonly participant?: string;
}

const DEFAULT_MS = 10_000;

export class CountDownLatch {
  readonly #store: Store<bigint>;
  readonly #name: Uint8Array;
  readonly #total: Uint8Array;
  readonly #writer: Writer;

  /** Errors: `TypeError` for an empty name. */
  constructor(store: Store<unknown>, name: Key) {
    checkStore(store, "a latch");
    this.#store = store.withCodec(decimal);
    this.#name = recipeName(name, "latch");
    this.#total = below(this.#name, "total");
    this.#writer = { world: store.world, what: "counting down", turns: new LocalQueue() };
  }

  /**
   * Makes the latch, if it is not there, and resolves with what is left to count: any number of processes may begin with this.
   * A latch that was used stays at zero until it is deleted. Repeated while its outcome is unknown.
   *
   * Errors: `LatchExistsError` when it was created with another count; `RangeError`; `TimeoutError`; `signal.reason`;
   * `EtcdError`.
   */
  async create(count: number, options: RecipeCallOptions = {}): Promise<number> {
    checkWhole(count, 0, "count");
    using wait = this.#interrupt("creating the latch", options);
    const { op } = this.#store;
    const result = await persist(this.#store.world, wait.signal, () =>
      this.#store.txn(
        {
          if: [compare.createRevision(this.#name).eq(0n)],
          then: [op.put(this.#name, BigInt(count)), op.put(this.#total, BigInt(count))],
          else: [op.get(this.#name), op.get(this.#total)],
        },
        { signal: wait.signal },
      ),
    );
    if (result.succeeded) return count;
    const [left, total] = result.responses;
    if (total?.value !== BigInt(count)) throw new LatchExistsError(this.#shown, total && Number(total.value), count);
    return Number(left?.value ?? 0n);
  }

  /**
   * Counts down by `by`, 1 if it is not given, and never below zero. Resolves with what is left.
   *
   * Errors: `LatchNotFoundError` when there is no latch, or another one than when the call began; `OutcomeUnknownError` when the
   * time ran out before it was known whether a count had been made (call again with the same `participant`);
   * `StmConflictError`; `TimeoutError`; `signal.reason`; `EtcdError`.
   */
  async countDown(by = 1, options: CountDownOptions = {}): Promise<number> {
    checkWhole(by, 1, "by");
    const { participant = randomName(this.#store.world) } = options;
    if (typeof participant !== "string" || participant === "") {
      throw new TypeError(`participant must be a name, not ${participant === "" ? "empty" : typeof participant}`);
    }
    const count: Count = { by: BigInt(by), mark: below(this.#name, `done/${participant}`) };
    try {
      const { left } = await throughConflicts(this.#writer, options, (round) => this.#round(count, round));
      return Number(left);
    } catch (error) {
      if (count.lostIn === undefined || options.signal?.aborted) throw error;
      throw new OutcomeUnknownError(count.lostIn, error);
    }
  }

  /** What is left to count; undefined where there is no latch. */
  async count(options: RecipeCallOptions = {}): Promise<number | undefined> {
    checkEnds(options);
    const left = await this.#store.get(this.#name, options);
    return left && Number(left.value);
  }

  /**
   * Resolves when the count is zero.
   *
   * Errors: `LatchNotFoundError` when there is no latch, or it is deleted before it is at zero; `TimeoutError` after `timeout`;
   * `signal.reason`; `EtcdError`.
   */
  async wait(options: RecipeWaitOptions = {}): Promise<void> {
    checkEnds(options);
    using wait = new Interrupt(this.#store.world, "the wait for the latch", [options.signal], options.timeout);
    const { signal } = wait;
    for (let life: bigint | undefined; ; ) {
      const { latch, revision } = await this.#look(signal);
      if (latch === undefined || latch.createRevision !== (life ?? latch.createRevision)) throw this.#notFound();
      if (latch.value === 0n) return;
      life = latch.createRevision;
      const event = await eventAfter(
        this.#store,
        this.#name,
        revision,
        signal,
        (seen) => seen.type === "delete" || (seen.type === "put" && seen.kv.value === 0n),
      );
      if (event?.type === "put") return;
      if (event?.type === "delete") throw this.#notFound();
    }
  }

  /**
   * Removes the latch and all it knows. True if there was one. Repeated while its outcome is unknown; it removes the latch that
   * was there when it began and never a later one.
   */
  async delete(options: RecipeCallOptions = {}): Promise<boolean> {
    using wait = this.#interrupt("deleting the latch", options);
    const { signal } = wait;
    const { op } = this.#store;
    const { latch } = await this.#look(signal);
    if (latch === undefined) return false;
    await persist(this.#store.world, signal, () =>
      this.#store.txn(
        {
          if: [compare.createRevision(this.#name).eq(latch.createRevision)],
          then: [op.delete(this.#name), op.delete(this.#total), op.delete(prefix(below(this.#name, "done/")))],
        },
        { signal },
      ),
    );
    return true;
  }

  async #round(count: Count, round: Round): Promise<{ readonly left: bigint } | undefined> {
    const { op } = this.#store;
    const seen = await this.#store.txn({ then: [op.get(this.#name), op.get(count.mark)] }, round.read);
    const [latch, mark] = seen.succeeded ? seen.responses : [];
    if (latch === undefined || latch.createRevision !== (count.life ?? latch.createRevision)) throw this.#notFound();
    count.life = latch.createRevision;
    if (mark !== undefined || latch.value === 0n) return { left: latch.value };
    const left = latch.value > count.by ? latch.value - count.by : 0n;
    const writing = this.#store.txn(
      {
        if: [unchanged(latch), compare.createRevision(count.mark).eq(0n)],
        then: [op.put(this.#name, left), op.put(count.mark, count.by)],
      },
      round.write,
    );
    const written = await unlessLost(writing);
    if (written === undefined) count.lostIn = round.number;
    return written?.succeeded === true ? { left } : undefined;
  }

  async #look(
    signal: AbortSignal,
  ): Promise<{ readonly latch: KeyValue<bigint> | undefined; readonly revision: bigint }> {
    const range = { key: this.#name };
    const { kvs, header } = await persist(this.#store.world, signal, () => this.#store.list(range, { signal }));
    return { latch: kvs[0], revision: header.revision };
  }

  #interrupt(what: string, options: RecipeCallOptions): Interrupt {
    checkEnds(options);
    return new Interrupt(this.#store.world, what, [options.signal], options.timeout ?? DEFAULT_MS);
  }

  #notFound(): LatchNotFoundError {
    return new LatchNotFoundError(this.#shown);
  }

  get #shown(): string {
    return new TextDecoder().decode(this.#name);
  }
}

/** One call of `countDown` on its way. */
interface Count {
  readonly by: bigint;
  readonly mark: Uint8Array;
  /** The create revision of the latch that is counted. */
  life?: bigint;
  /** The last round whose answer was lost. */
  lostIn?: number;
}

function unchanged({ keyBytes, modRevision }: KeyValue<bigint>): Compare {
  return compare.modRevision(keyBytes).eq(modRevision);
}
