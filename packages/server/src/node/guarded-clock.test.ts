/** A timer that throws is told of; the clock itself stays what it is. */
import { expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { guardedClock } from "./guarded-clock.js";

it("hands what a callback throws to the node, and goes on", async () => {
  const manual = new ManualClock();
  const errors: unknown[] = [];
  const clock = guardedClock(manual, (error) => errors.push(error));
  const broken = new Error("broken");
  const ran: string[] = [];
  clock.setTimer(10, () => {
    throw broken;
  });
  clock.setTimer(20, () => ran.push("timer"));
  clock.setTimer(15, () => ran.push("cancelled")).cancel();
  clock.afterIo(() => {
    throw broken;
  });
  await manual.advance(30);
  expect(errors).toEqual([broken, broken]);
  expect(ran).toEqual(["timer"]);
  expect(clock.nowMs()).toBe(manual.nowMs());
});
