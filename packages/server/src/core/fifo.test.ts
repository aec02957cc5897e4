/** A queue beside a list that does the same. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Fifo } from "./fifo.js";

it("gives back what was put in, in its order, whatever is taken in between", () => {
  const act = fc.record({ kind: fc.constantFrom("push", "push", "take", "clear"), times: fc.nat(3_000) });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), (acts) => {
      const queue = new Fifo<number>();
      let list: number[] = [];
      let next = 0;
      for (const { kind, times } of acts) {
        if (kind === "clear") {
          queue.clear();
          list = [];
        }
        for (let i = 0; i < times && kind === "push"; i++) {
          queue.push(next);
          list.push(next++);
        }
        for (let i = 0; i < times && kind === "take"; i++) if (queue.take() !== list.shift()) return false;
        if (queue.length !== list.length) return false;
      }
      expect([...queue]).toEqual(list);
      return true;
    }),
  );
});

it("has nothing to give when nothing waits", () => {
  const queue = new Fifo<string>();
  expect([queue.take(), queue.length]).toEqual([undefined, 0]);
  queue.push("a");
  expect([queue.take(), queue.take(), queue.length]).toEqual(["a", undefined, 0]);
});
