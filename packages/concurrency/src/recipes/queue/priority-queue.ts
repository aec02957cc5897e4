/**
 * A queue whose most urgent item leaves first, and of equally urgent ones the oldest. A priority is a line of its own, and the
 * names of the lines are in the order of urgency, so the first key of all is the one to take. A take is refused at a
 * moment when anything stands in front of it: an item that is more urgent and came after the read is taken first.
 */
import { type Codec, type Store, utf8 } from "@kvorum/client";
import { checkName, checkPriority } from "./checks.js";
import { type DequeueOptions, Line, type QueueCallOptions, type QueueItem } from "./line.js";
import type { QueueOptions } from "./queue.js";

export class PriorityQueue<T = string> implements AsyncIterable<T> {
  readonly #line: Line<T>;

  /** The items are the keys `<name>/<priority in hex>/<ticket>`. Errors: `TypeError` for a name that is empty or no string. */
  constructor(store: Store<string>, name: string, options: QueueOptions<T> = {}) {
    checkName(name);
    // Without a codec T is string, as the options say.
    this.#line = new Line(store, `${name}/`, options.codec ?? (utf8 as unknown as Codec<T>));
  }

  /**
   * Puts a value in, exactly once. `priority` is a whole number from 0, the most urgent, to 65,535.
   *
   * Errors: `RangeError` for another priority; else as of `Queue.enqueue`.
   */
  async enqueue(
    value: T,
    priority: number,
    options?: QueueCallOptions,
  ): Promise<{ readonly key: string; readonly revision: bigint }> {
    checkPriority(priority);
    return this.#line.append(priorityPart(priority), value, options);
  }

  /** Takes the most urgent value, waiting for one where there is none. Errors: as of `Queue.dequeue`. */
  async dequeue(options?: DequeueOptions): Promise<T> {
    return (await this.#line.take(options)).value;
  }

  /** The most urgent value, or undefined where there is none now. Errors: as of `Queue.dequeue`. */
  async tryDequeue(options?: QueueCallOptions): Promise<T | undefined> {
    return (await this.#line.tryTake(options))?.value;
  }

  /** The most urgent item, which stays. Undefined where there is none. */
  peek(options?: QueueCallOptions): Promise<QueueItem<T> | undefined> {
    return this.#line.peek(options);
  }

  /** How many items wait now. */
  size(options?: QueueCallOptions): Promise<number> {
    return this.#line.size(options);
  }

  /** Takes value after value, each when the loop asks for it. Aborting ends the iteration. */
  values(options: Pick<DequeueOptions, "signal"> = {}): AsyncGenerator<T, void, undefined> {
    return this.#line.items(options.signal);
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.values();
  }
}

/** `00ff/`: of equal length, so that the order of the bytes is that of the numbers. */
export function priorityPart(priority: number): string {
  return `${priority.toString(16).padStart(4, "0")}/`;
}
