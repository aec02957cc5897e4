/** Medians, percentiles and paired ratios of numbers that are known. */
import { describe, expect, it } from "vitest";
import { latencies, median, pairedRatio, percentile } from "./statistics.js";

describe("statistics", () => {
  it("the median is the middle one, or the mean of the middle two, in any order", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it("a percentile is a value that was measured, and the share of values up to it is large enough", () => {
    const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1);
    expect([0.5, 0.99, 0.999, 0].map((share) => percentile(hundred, share))).toEqual([50, 99, 100, 1]);
    const thousand = Float64Array.from({ length: 1000 }, (_, i) => i + 1);
    expect(percentile(thousand, 0.999)).toBe(999);
    expect(percentile(new Float64Array(0), 0.5)).toBeNaN();
  });

  it("latencies do not depend on the order of the calls", () => {
    const ms = Float64Array.from({ length: 1000 }, (_, i) => ((i * 7) % 1000) + 1);
    expect(latencies(ms)).toEqual({ p50Ms: 500, p99Ms: 990, p999Ms: 999 });
  });

  it("a paired ratio compares the rounds one by one, so that a slow minute changes nothing", () => {
    // The machine ran at half speed in the second round.
    expect(pairedRatio([200, 100, 200], [100, 50, 80])).toEqual({ median: 2, least: 2, most: 2.5 });
  });

  it("a round in which one of the two has no value is no pair, and moves no other", () => {
    expect(pairedRatio([200, undefined, 300], [100, 50, 100])).toEqual({ median: 2.5, least: 2, most: 3 });
    expect(pairedRatio([200, 100], [undefined, undefined])).toBeUndefined();
  });
});
