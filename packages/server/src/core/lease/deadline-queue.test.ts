/** The queue of deadlines: soonest first, moved in place, emptied in order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeadlineQueue } from "./deadline-queue.js";

describe("a deadline queue", () => {
  it("hands out what is due by time, and by order of arrival at one time", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.nat(20), (times, nowMs) => {
        const queue = new DeadlineQueue<number>();
        for (const [number, dueMs] of times.entries()) queue.push(dueMs, number);
        const out: number[] = [];
        for (let next = queue.popDue(nowMs); next !== undefined; next = queue.popDue(nowMs)) out.push(next);
        const expected = [...times.entries()].filter(([, dueMs]) => dueMs <= nowMs).sort(([, a], [, b]) => a - b);
        expect(out).toEqual(expected.map(([number]) => number));
        expect(queue.size).toBe(times.length - out.length);
      }),
    );
  });

  it("is empty after it was cleared", () => {
    const queue = new DeadlineQueue<string>();
    queue.push(1, "a");
    queue.clear();
    expect(queue.popDue(2)).toBeUndefined();
  });
});
