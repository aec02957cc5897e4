/** Slow things are told, a flood of them is not. */
import { expect, it } from "vitest";
import { LimitedLog } from "./limited-log.js";

it("writes ten lines a second and says in the next one how many were left out", () => {
  const lines: object[] = [];
  const clock = { now: 0, nowMs: () => clock.now };
  const silent = (): void => {};
  const logger = { debug: silent, info: silent, error: silent, warn: (fields: object) => void lines.push(fields) };
  const log = new LimitedLog(logger, clock);
  let asked = 0;
  const slow = (): void => log.warn("slow", () => ({ number: ++asked }));
  for (let i = 0; i < 25; i++) slow();
  expect(lines).toHaveLength(10);
  expect(asked, "fields are made for written lines only").toBe(10);
  clock.now = 999;
  slow();
  expect(lines).toHaveLength(10);
  clock.now = 1000;
  slow();
  slow();
  expect(lines.slice(10)).toEqual([{ number: 11, leftOut: 16 }, { number: 12 }]);
});
