/** Versions as the capabilities read them. */
import { describe, expect, it } from "vitest";
import { hasReached } from "./capabilities.js";

describe("a capability that minor lines got at different times", () => {
  const since = ["3.4.25", "3.5.8", "3.6.0"];
  it.each(["3.4.25", "3.4.30", "3.5.8", "3.6.0", "3.6.0-rc.1", "3.7.1", "4.0.0"])("is in %s", (version) => {
    expect(hasReached(version, since)).toBe(true);
  });
  it.each(["3.3.27", "3.4.23", "3.5.7", "2.9.9"])("is not in %s", (version) => {
    expect(hasReached(version, since)).toBe(false);
  });
});
