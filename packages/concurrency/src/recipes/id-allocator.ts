/**
 * Unique numbers without a request for each: a process reserves a block of them with one write and hands them out from
 * memory. Under the name stands, as decimal text, the first number that nobody has reserved.
 *
 * Correctness: a block is reserved by a write on condition that takes the number from `n` to `n + size`, and only who has its
 * answer hands out `[n, n + size)`. The number only grows and each step is taken once, so blocks never overlap and every later
 * block lies above every earlier one. An answer that is lost costs a block: the next round reads a number that is past it.
 *
 * Gaps: a process that ends forgets the rest of its blocks, two at most; and so does a lost answer. Numbers are unique for as
 * long as nobody deletes the key or sets it back; an allocator that notices this refuses to go on.
 */
import type { Key, Store } from "@kvorum/client";
import { checkEnds, checkStore } from "../contention/checks.js";
import { LocalQueue } from "../contention/local-queue.js";
import { Interrupt, unlessAborted } from "../interrupt.js";
import { checkWhole, type RecipeCallOptions, recipeName } from "./arguments.js";
import { type Round, throughConflicts, unlessLost, type Writer } from "./conflicts.js";
import { decimal, fitsInt64, toInt64 } from "./decimal.js";

export interface IdAllocatorOptions {
  /** Ids to reserve at once, up to a million: one write for so many ids, and so many lost when the process ends. Default 100. */
  readonly blockSize?: number;
  /** The first id of all, where nothing is stored yet. Default 1. */
  readonly start?: bigint | number;
  /** Reserve the next block in the background when less than a quarter of one is left. Default true. */
  readonly prefetch?: boolean;
}

/** Ids from `next` up to `end`, without it. */
interface Block {
  next: bigint;
  readonly end: bigint;
}

const BLOCK_MAX = 1_000_000;
const DEFAULT_BLOCK = 100;
const DEFAULT_MS = 10_000;

/**
 * Ids are unique in the whole cluster and grow with every call on one allocator; those of different allocators interleave in
 * blocks.
 */
export class IdAllocator {
  readonly #store: Store<bigint>;
  readonly #key: Uint8Array;
  readonly #blockSize: number;
  readonly #start: bigint;
  readonly #prefetchBelow: number;
  readonly #turns = new LocalQueue();
  readonly #writer: Writer;
  readonly #blocks: Block[] = [];
  #available = 0;
  /** Everything below is reserved, by us or by others. */
  #reserved: bigint;
  #reserving: Promise<void> | undefined;

  /** Errors: `TypeError`, `RangeError`, naming the argument. */
  constructor(store: Store<unknown>, name: Key, options: IdAllocatorOptions = {}) {
    checkStore(store, "an id allocator");
    const { blockSize = DEFAULT_BLOCK, start = 1n, prefetch = true } = options;
    checkWhole(blockSize, 1, "blockSize", BLOCK_MAX);
    this.#store = store.withCodec(decimal);
    this.#key = recipeName(name, "allocator");
    this.#blockSize = blockSize;
    this.#start = toInt64(start, "start");
    this.#reserved = -(2n ** 63n);
    this.#prefetchBelow = prefetch ? Math.floor(blockSize / 4) : 0;
    this.#writer = { world: store.world, what: "reserving ids", turns: new LocalQueue() };
  }

  /** The next id. Errors: as of `nextMany`. */
  async next(options?: RecipeCallOptions): Promise<bigint> {
    const [id] = await this.nextMany(1, options);
    if (id === undefined) throw new Error("an id was asked for and none was handed out");
    return id;
  }

  /**
   * So many ids, in growing order, not always without gaps. Calls are answered in their order, and those that find nothing left
   * share one reservation.
   *
   * Errors: `RangeError` for a count that is not from 1 to a million, and when the 64 bits are used up; `Error` when the stored
   * number was set back; `StmConflictError`; `DecodeError`; `TimeoutError`; `signal.reason`; `EtcdError`.
   */
  async nextMany(count: number, options: RecipeCallOptions = {}): Promise<bigint[]> {
    checkWhole(count, 1, "count", BLOCK_MAX);
    checkEnds(options);
    const { signal: asked, timeout = DEFAULT_MS } = options;
    using wait = new Interrupt(this.#store.world, "the wait for an id", [asked], timeout);
    const turn = await this.#turns.take("", wait.signal);
    try {
      while (this.#available < count) await unlessAborted(this.#reserve(count - this.#available), wait.signal);
      return this.#hand(count);
    } finally {
      turn.free();
    }
  }

  #hand(count: number): bigint[] {
    const ids: bigint[] = [];
    for (let block = this.#blocks[0]; ids.length < count && block !== undefined; block = this.#blocks[0]) {
      while (ids.length < count && block.next < block.end) ids.push(block.next++);
      if (block.next === block.end) this.#blocks.shift();
    }
    this.#available -= count;
    // Whoever needs the block that could not be reserved tries again, and is told.
    if (this.#available < this.#prefetchBelow) this.#reserve(0).catch(() => undefined);
    return ids;
  }

  /** One reservation at a time, which whoever waits shares. It ends by itself after ten seconds. */
  #reserve(missing: number): Promise<void> {
    const size = BigInt(Math.max(missing, this.#blockSize));
    this.#reserving ??= throughConflicts(this.#writer, {}, (round) => this.#round(size, round))
      .then((block) => {
        this.#reserved = block.end;
        this.#blocks.push(block);
        this.#available += Number(block.end - block.next);
      })
      .finally(() => {
        this.#reserving = undefined;
      });
    return this.#reserving;
  }

  async #round(size: bigint, round: Round): Promise<Block | undefined> {
    const stored = await this.#store.get(this.#key, round.read);
    const next = stored?.value ?? this.#start;
    if (next < this.#reserved) {
      throw new Error("the stored number of the id allocator was set back: ids would be given twice");
    }
    const end = next + size;
    if (!fitsInt64(end)) throw new RangeError("the ids of 64 bits are used up");
    const writing = this.#store.compareAndSet(this.#key, stored?.modRevision ?? 0n, end, round.write);
    const written = await unlessLost(writing);
    return written?.ok === true ? { next, end } : undefined;
  }
}
