/**
 * A queue that hands each item out at most once, first in, first out. Read `tickets.ts` for the order, `take-first.ts` for how
 * many consumers share one queue and `line.ts` for what can lose an item. Where an item must not be lost with the process
 * that took it, use `WorkQueue`. After the queue recipe of etcd's own client, with other keys.
 */
import { ItemQueue } from "./item-queue.js";
import type { QueueCallOptions } from "./line.js";

/**
 * Items leave in the order of the revisions that put them in: at the moment of each take there is no older item. Which of
 * several consumers gets an item is not promised.
 */
export class Queue<T = string> extends ItemQueue<T> {
  /**
   * Puts a value at the end, exactly once, and resolves with its key and the revision that it is ordered by.
   *
   * Errors: what the codec throws; `signal.reason`, and then it may have been put; `EtcdError`, where `outcome` says whether
   * it may have been put.
   */
  enqueue(value: T, options?: QueueCallOptions): Promise<{ readonly key: string; readonly revision: bigint }> {
    return this.line.append("", value, options);
  }
}
