/** The order in which leases are due. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DueQueue } from "./due-queue.js";

describe("a due queue", () => {
  it("gives what is due, once, earliest first", () => {
    const queue = new DueQueue<string>();
    for (const [item, atMs] of [
      ["c", 30],
      ["a", 10],
      ["b", 20],
    ] as const)
      queue.set(item, atMs);
    expect(queue.nextMs).toBe(10);
    expect(queue.take(20)).toEqual(["a", "b"]);
    expect(queue.take(20)).toEqual([]);
    expect(queue.nextMs).toBe(30);
  });

  it("goes by the time that an item was given last, and forgets what was taken back", () => {
    const queue = new DueQueue<string>();
    for (const [item, atMs] of [
      ["a", 10],
      ["b", 20],
      ["a", 40],
      ["c", 15],
      ["b", 5],
    ] as const)
      queue.set(item, atMs);
    queue.delete("c");
    expect([queue.nextMs, queue.take(39), queue.nextMs]).toEqual([5, ["b"], 40]);
    queue.delete("a");
    expect(queue.nextMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("agrees with a sorted list, whatever is set, taken back and taken", () => {
    const act = fc.record({
      kind: fc.constantFrom("set", "set", "set", "delete", "take"),
      item: fc.nat(9),
      atMs: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
        const queue = new DueQueue<number>();
        const model = new Map<number, number>();
        for (const { kind, item, atMs } of acts) {
          if (kind === "set") {
            queue.set(item, atMs);
            model.set(item, atMs);
          } else if (kind === "delete") {
            queue.delete(item);
            model.delete(item);
          } else {
            const due = [...model].filter(([, time]) => time <= atMs);
            for (const [each] of due) model.delete(each);
            expect(queue.take(atMs).sort()).toEqual(due.map(([each]) => each).sort());
          }
          expect(queue.nextMs).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.values()));
        }
      }),
    );
  });
});
