/** Sleeping on a clock. */
import { describe, expect, it } from "vitest";
import { sleep, systemClock } from "./clock.js";
import { ManualClock } from "./testing/manual-clock.js";

describe("sleep", () => {
  it("ends when its time has come", async () => {
    const clock = new ManualClock();
    let awake = false;
    const sleeping = sleep(clock, 100).then(() => {
      awake = true;
    });
    await clock.advance(99);
    expect(awake).toBe(false);
    await clock.advance(1);
    await sleeping;
    expect(clock.pending).toBe(0);
  });

  it("rejects with the reason of the signal that aborts first and leaves no timer", async () => {
    const clock = new ManualClock();
    const [first, second] = [new AbortController(), new AbortController()];
    const sleeping = sleep(clock, 100, first.signal, undefined, second.signal);
    second.abort("enough");
    await expect(sleeping).rejects.toBe("enough");
    await expect(sleep(clock, 100, second.signal)).rejects.toBe("enough");
    expect(clock.pending).toBe(0);
  });

  it("takes delays that are longer than a timer of Node can be", async () => {
    let fired = false;
    const cancel = systemClock.after(2 ** 40, () => {
      fired = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    cancel();
    expect(fired).toBe(false);
  });
});
