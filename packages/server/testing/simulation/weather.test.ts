/** What the weather does to messages, and what is left of it when it clears up. */
import { expect, it } from "vitest";
import type { Message } from "../../src/core/raft/types.js";
import { Weather } from "./weather.js";

const MESSAGE: Message = { type: "timeout-now", from: 1n, to: 2n, term: 1 };

it("holds a direction back until its time, and says at the healing what still has messages", () => {
  let nowMs = 0;
  const weather = new Weather({ seed: 1, nowMs: () => nowMs, delayMs: () => 1 });
  weather.clog(1n, 2n, 5000);
  weather.clog(2n, 3n, 1000);
  expect(weather.fateOf(MESSAGE)).toEqual({ delayMs: 5001 });
  nowMs = 2000;
  expect(weather.fateOf(MESSAGE)).toEqual({ delayMs: 3001 });
  expect(weather.heal()).toEqual([{ from: 1n, to: 2n, untilMs: 5000 }]);
  expect(weather.fateOf(MESSAGE)).toBeUndefined();
});
