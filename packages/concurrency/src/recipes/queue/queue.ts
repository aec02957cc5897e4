/**
 * A queue that hands each item out at most once, first in, first out. Read `tickets.ts` for the order, `take-first.ts` for how
 * many consumers share one queue and `line.ts` for what can lose an item. Where an item must not be lost with the process
 * that took it, use `WorkQueue`. After the queue recipe of etcd's own client, with other keys.
 */
import { type Codec, type Store, utf8 } from "@kvorum/client";
import { checkName } from "./checks.js";
import { type DequeueOptions, Line, type QueueCallOptions, type QueueItem } from "./line.js";

export interface QueueOptions<T> {
  /** How values are written. Default: text, and then `T` is `string`. */
  readonly codec?: Codec<T>;
}

/**
 * Items leave in the order of the revisions that put them in: at the moment of each take there is no older item. Which of
 * several consumers gets an item is not promised.
 */
export class Queue<T = string> implements AsyncIterable<T> {
  readonly #line: Line<T>;

  /** The items are the keys `<name>/<ticket>`. Errors: `TypeError` for a name that is empty or no string. */
  constructor(store: Store<string>, name: string, options: QueueOptions<T> = {}) {
    checkName(name);
    // Without a codec T is string, as the options say.
    this.#line = new Line(store, `${name}/`, options.codec ?? (utf8 as unknown as Codec<T>));
  }

  /**
   * Puts a value at the end, exactly once, and resolves with its key and the revision that it is ordered by.
   *
   * Errors: what the codec throws; `signal.reason`, and then it may have been put; `EtcdError`, where `outcome` says whether
   * it may have been put.
   */
  enqueue(value: T, options?: QueueCallOptions): Promise<{ readonly key: string; readonly revision: bigint }> {
    return this.#line.append("", value, options);
  }

  /**
   * Takes the first value, waiting for one where there is none.
   *
   * Errors: `TimeoutError` after `timeout`, `signal.reason`: then nothing was taken. `DecodeError`: a value that the codec
   * refuses was taken. `EtcdError` with the outcome `unknown`: a value may have been taken and is lost then.
   */
  async dequeue(options?: DequeueOptions): Promise<T> {
    return (await this.#line.take(options)).value;
  }

  /** The first value, or undefined where there is none now. Errors: as of `dequeue`. */
  async tryDequeue(options?: QueueCallOptions): Promise<T | undefined> {
    return (await this.#line.tryTake(options))?.value;
  }

  /** The first item, which stays. Undefined where there is none. Errors: `DecodeError`, `EtcdError`, `signal.reason`. */
  peek(options?: QueueCallOptions): Promise<QueueItem<T> | undefined> {
    return this.#line.peek(options);
  }

  /** How many items wait now. */
  size(options?: QueueCallOptions): Promise<number> {
    return this.#line.size(options);
  }

  /** Takes value after value, each when the loop asks for it. Aborting ends the iteration. Errors: as of `dequeue`. */
  values(options: Pick<DequeueOptions, "signal"> = {}): AsyncGenerator<T, void, undefined> {
    return this.#line.items(options.signal);
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.values();
  }
}
