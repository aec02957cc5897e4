/** Every story on the real code: each guarantee holds. That a story can fail is shown by the historic bugs. */
import { describe, expect, it } from "vitest";
import { SCENARIOS } from "./index.js";

describe("scripted stories on whole nodes", () => {
  for (const { name, about, run } of SCENARIOS) it(`${name}: ${about}`, run);

  it("every story has a name of its own", () => {
    const names = SCENARIOS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^[a-z][a-z-]+$/.test(name))).toBe(true);
  });
});
