/**
 * A queue whose most urgent item leaves first, and of equally urgent ones the oldest. A priority is a line of its own, and the
 * names of the lines are in the order of urgency, so the first key of all is the one to take. A take is refused at a
 * moment when anything stands in front of it: an item that is more urgent and came after the read is taken first.
 */
import { checkPriority } from "./checks.js";
import { ItemQueue } from "./item-queue.js";
import type { QueueCallOptions } from "./line.js";

/** The items are the keys `<name>/<priority in hex>/<ticket>`; the first is the most urgent. */
export class PriorityQueue<T = string> extends ItemQueue<T> {
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
    return this.line.append(priorityPart(priority), value, options);
  }
}

/** `00ff/`: of equal length, so that the order of the bytes is that of the numbers. */
export function priorityPart(priority: number): string {
  return `${priority.toString(16).padStart(4, "0")}/`;
}
