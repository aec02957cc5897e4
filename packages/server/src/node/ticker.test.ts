/** The rules for time after the event loop stood still. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { Ticker } from "./ticker.js";

function started(intervalMs = 100): { clock: ManualClock; ticker: Ticker; log: string[] } {
  const clock = new ManualClock();
  const log: string[] = [];
  const onTick = (nowMs: number, stalledMs: number): number => log.push(`tick ${nowMs} stalled ${stalledMs}`);
  const ticker = new Ticker({ clock, intervalMs, onTick });
  ticker.start();
  return { clock, ticker, log };
}

describe("the ticker", () => {
  it("ticks at its interval", async () => {
    const { clock, log } = started();
    await clock.advance(350);
    expect(log).toEqual(["tick 100 stalled 0", "tick 200 stalled 0", "tick 300 stalled 0"]);
  });

  it("counts one tick after a stall, however long it was", async () => {
    const { clock, log } = started();
    clock.stall(3000);
    await clock.advance(0);
    expect(log).toEqual(["tick 3000 stalled 3000"]);
    await clock.advance(100);
    expect(log).toEqual(["tick 3000 stalled 3000", "tick 3100 stalled 0"]);
  });

  it("lets pending I/O come first after a stall", async () => {
    const { clock, log } = started();
    clock.stall(1000);
    clock.arrive(() => log.push("a heartbeat is read"));
    await clock.advance(0);
    expect(log).toEqual(["a heartbeat is read", "tick 1000 stalled 1000"]);
  });

  it("takes a little lateness for what it is", async () => {
    const { clock, log } = started();
    clock.stall(190);
    await clock.advance(0);
    expect(log).toEqual(["tick 190 stalled 0"]);
  });

  it("is silent after it was stopped, even in the middle of a stall", async () => {
    const { clock, ticker, log } = started();
    clock.stall(1000);
    clock.arrive(() => ticker.stop());
    await clock.advance(500);
    expect(log).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
