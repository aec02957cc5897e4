/** Which servers can be believed about progress. */
import { describe, expect, it } from "vitest";
import { progressIsExact } from "./progress.js";

describe("progressIsExact", () => {
  it.each([
    ["3.4.23", false],
    ["3.4.25", true],
    ["3.5.7", false],
    ["3.5.8", true],
    ["3.6.0-rc.1", true],
    ["3.3.27", false],
    ["4.0.0", true],
  ])("of etcd %s is %s", (version, exact) => {
    expect(progressIsExact(version)).toBe(exact);
  });
});
