/** When a quiet stream is asked, and when it is given up. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../testing/manual-clock.js";
import { SILENCE_MS, Silence } from "./silence.js";

function setUp() {
  const clock = new ManualClock();
  const log: string[] = [];
  const silence = new Silence(clock, {
    ask: () => log.push("ask"),
    giveUp: () => log.push("give up"),
  });
  return { clock, log, silence };
}

describe("silence", () => {
  it("is asked about twice and then given up", async () => {
    const { clock, log } = setUp();
    await clock.advance(SILENCE_MS - 1);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual(["ask"]);
    await clock.advance(2 * SILENCE_MS);
    expect(log).toEqual(["ask", "ask", "give up"]);
    expect(clock.pending).toBe(0);
  });

  it("is over with every word that comes", async () => {
    const { clock, log, silence } = setUp();
    for (let i = 0; i < 10; i++) {
      await clock.advance(SILENCE_MS - 1);
      silence.heard();
    }
    expect(log).toEqual([]);
    await clock.advance(SILENCE_MS);
    silence.heard();
    await clock.advance(SILENCE_MS - 1);
    expect(log).toEqual(["ask"]);
    await clock.advance(1);
    expect(log).toEqual(["ask", "ask"]);
    silence.stop();
    expect(clock.pending).toBe(0);
  });
});
