/** Deadlines: none early, none much late, none that was cleared, and one timer for all of them. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { freshSeed, seeded } from "../testing/hpack.js";
import { Deadlines } from "./deadlines.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

describe("deadlines", () => {
  it("expire in their order, never early and at most a thousandth late", () => {
    const deadlines = new Deadlines();
    const expired: [timeoutMs: number, afterMs: number][] = [];
    for (const timeoutMs of [5_000, 0, 70, 100, 3_600_000, 5_000]) {
      const startMs = performance.now();
      deadlines.set(timeoutMs, { expired: () => expired.push([timeoutMs, performance.now() - startMs]) });
    }
    vi.advanceTimersByTime(4_000_000);
    expect(expired.map(([timeoutMs]) => timeoutMs)).toEqual([0, 70, 100, 5_000, 5_000, 3_600_000]);
    for (const [timeoutMs, afterMs] of expired) {
      expect(afterMs).toBeGreaterThanOrEqual(timeoutMs);
      expect(afterMs).toBeLessThanOrEqual(timeoutMs * (1 + 2 / 1_024) + 2);
    }
  });

  it("are found among thousands, whichever are cleared, with one timer at a time", () => {
    const seed = freshSeed();
    const random = seeded(seed);
    const deadlines = new Deadlines();
    const expected: number[] = [];
    const expired: number[] = [];
    for (let id = 0; id < 5_000; id++) {
      const deadline = deadlines.set(random(60_000), { expired: () => expired.push(id) });
      if (random(3) > 0) deadlines.clear(deadline);
      else expected.push(id);
    }
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(61_000);
    expect(
      expired.sort((a, b) => a - b),
      `HTTP2_SEED=${seed}`,
    ).toEqual(expected);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("of months are waited for, though no timer is that long", () => {
    const deadlines = new Deadlines();
    let isExpired = false;
    const monthMs = 31 * 24 * 3_600_000;
    deadlines.set(monthMs, {
      expired: () => {
        isExpired = true;
      },
    });
    vi.advanceTimersByTime(monthMs - 1);
    expect(isExpired).toBe(false);
    vi.advanceTimersByTime(monthMs / 256);
    expect(isExpired).toBe(true);
  });

  it("may be set and cleared while others expire, and are forgotten at the end", () => {
    const deadlines = new Deadlines();
    const expired: string[] = [];
    const later = deadlines.set(20, { expired: () => expired.push("cleared") });
    deadlines.set(10, {
      expired: () => {
        deadlines.clear(later);
        deadlines.set(10, { expired: () => expired.push("set") });
      },
    });
    vi.advanceTimersByTime(100);
    deadlines.set(10, { expired: () => expired.push("closed") });
    deadlines.close();
    vi.advanceTimersByTime(100);
    expect(expired).toEqual(["set"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
