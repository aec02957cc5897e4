/** Guessing passwords gets slow, for who guesses and for nobody else. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { LoginBackoff } from "./login-backoff.js";

/** Attempts to log in as `user` from `address`, and what became of them. */
function setUp() {
  const clock = new ManualClock();
  const backoff = new LoginBackoff(clock);
  const attempt = async (fits: boolean, user = "root", address = "10.0.0.1"): Promise<"right" | "wrong" | "unseen"> => {
    try {
      return (await backoff.attempt(user, address, async () => fits)) ? "right" : "wrong";
    } catch {
      return "unseen";
    }
  };
  const fail = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time++) {
      while ((await attempt(false)) === "unseen") await clock.advance(100);
    }
  };
  return { clock, backoff, attempt, fail };
}

describe("wrong passwords in a row", () => {
  it("cost nothing at first, then 100 ms that double up to five seconds", async () => {
    const { clock, attempt } = setUp();
    for (let time = 0; time < 5; time++) expect(await attempt(false)).toBe("wrong");
    for (const pauseMs of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
      await clock.advance(pauseMs - 1);
      expect(await attempt(true), `${pauseMs} ms are not over`).toBe("unseen");
      await clock.advance(1);
      expect(await attempt(false)).toBe("wrong");
    }
  });

  it("stop neither another user of the address nor the user elsewhere", async () => {
    const { attempt, fail } = setUp();
    await fail(10);
    expect(await attempt(true, "alice")).toBe("right");
    expect(await attempt(true, "root", "10.0.0.2")).toBe("right");
  });

  it("are forgotten after a right one, and after a minute", async () => {
    const { clock, attempt, fail } = setUp();
    await fail(10);
    await clock.advance(5000);
    expect(await attempt(true)).toBe("right");
    expect([await attempt(false), await attempt(true)]).toEqual(["wrong", "right"]);
    await fail(10);
    await clock.advance(60_001);
    expect([await attempt(false), await attempt(true)]).toEqual(["wrong", "right"]);
  });

  it("are tried one by one after the free ones, however many come at once", async () => {
    const { clock, backoff, attempt, fail } = setUp();
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => attempt(false)));
    expect(atOnce, "all came while none had failed").toEqual(Array.from({ length: 20 }, () => "wrong"));
    await clock.advance(60_001);
    await fail(5);
    await clock.advance(5000);
    const guesses = await Promise.all(Array.from({ length: 20 }, () => attempt(false)));
    expect(guesses.filter((outcome) => outcome === "wrong")).toHaveLength(1);
    await clock.advance(5000);
    await expect(backoff.attempt("root", "10.0.0.1", () => Promise.reject(new Error("stopped")))).rejects.toThrow(
      "stopped",
    );
    expect(await attempt(true), "a check that came to nothing is over too").toBe("right");
  });

  it("of very many users do not fill the memory", async () => {
    const { backoff, attempt } = setUp();
    for (let user = 0; user < 12_000; user++) await attempt(false, `user ${user}`);
    expect(backoff.size).toBe(10_000);
  });
});
