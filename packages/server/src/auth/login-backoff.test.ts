/** Guessing passwords gets slow, for who guesses and for nobody else. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { LoginBackoff } from "./login-backoff.js";

function setUp() {
  const clock = new ManualClock();
  const backoff = new LoginBackoff(clock);
  const fail = (times: number): void => {
    for (let time = 0; time < times; time++) backoff.failed("root", "10.0.0.1");
  };
  return { clock, backoff, fail };
}

describe("wrong passwords in a row", () => {
  it("cost nothing at first, then 100 ms that double up to five seconds", async () => {
    const { clock, backoff, fail } = setUp();
    fail(4);
    expect(backoff.isPaused("root", "10.0.0.1")).toBe(false);
    for (const pauseMs of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
      fail(1);
      await clock.advance(pauseMs - 1);
      expect(backoff.isPaused("root", "10.0.0.1")).toBe(true);
      await clock.advance(1);
      expect(backoff.isPaused("root", "10.0.0.1")).toBe(false);
    }
  });

  it("stop neither another user of the address nor the user elsewhere", () => {
    const { backoff, fail } = setUp();
    fail(10);
    expect(backoff.isPaused("alice", "10.0.0.1")).toBe(false);
    expect(backoff.isPaused("root", "10.0.0.2")).toBe(false);
  });

  it("are forgotten after a right one, and after a minute", async () => {
    const { clock, backoff, fail } = setUp();
    fail(10);
    backoff.succeeded("root", "10.0.0.1");
    expect(backoff.isPaused("root", "10.0.0.1")).toBe(false);
    fail(10);
    await clock.advance(60_001);
    fail(1);
    expect(backoff.isPaused("root", "10.0.0.1")).toBe(false);
  });

  it("of very many users do not fill the memory", () => {
    const { backoff } = setUp();
    for (let user = 0; user < 12_000; user++) backoff.failed(`user ${user}`, "10.0.0.1");
    expect(backoff.size).toBe(10_000);
  });
});
