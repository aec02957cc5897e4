/** The waits between retries. */
import { describe, expect, it } from "vitest";
import { backoffMs, DEFAULT_BACKOFF } from "./backoff.js";

describe("backoffMs", () => {
  it("doubles its ceiling up to the cap and takes a random share of it", () => {
    expect([0, 1, 2, 9, 1_000].map((retry) => backoffMs(DEFAULT_BACKOFF, retry, 1))).toEqual([
      50, 100, 200, 2_000, 2_000,
    ]);
    expect(backoffMs(DEFAULT_BACKOFF, 2, 0.25)).toBe(50);
  });
});
