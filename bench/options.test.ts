/** The command line, and what is assumed where it is silent. */
import { describe, expect, it } from "vitest";
import { parseOptions } from "./options.js";

describe("the command line", () => {
  it("nothing means a whole run of everything, with tables and pictures", () => {
    const { settings, only, publish, subject } = parseOptions([]);
    expect([only, publish, subject]).toEqual([[], true, "servers"]);
    expect(settings).toMatchObject({ rounds: 5, seconds: 5, quick: false, engine: "lean" });
    expect(settings.sizes).toMatchObject({
      keys: 1_000_000,
      growthKeys: [1_000, 100_000, 1_000_000],
      watchers: 10_000,
    });
  });

  it("a part of it, or a quick one, leaves the docs alone", () => {
    expect(parseOptions(["--only", "put-1-1", "--only", "clients"])).toMatchObject({
      only: ["put-1-1", "clients"],
      publish: false,
    });
    expect(parseOptions(["--quick"]).publish).toBe(false);
    expect(parseOptions(["--no-publish"]).publish).toBe(false);
  });

  it("growth ends at the keys that were asked for", () => {
    expect(parseOptions(["--keys", "50000"]).settings.sizes.growthKeys).toEqual([1_000, 50_000]);
  });

  it("the engine comes from the flag, then from the environment, and is the lean one where neither names it", () => {
    expect(parseOptions([]).settings.engine).toBe("lean");
    expect(parseOptions([], { KVORUM_ENGINE: "nice" }).settings.engine).toBe("nice");
    expect(parseOptions([], { KVORUM_ENGINE: "nice:lean" }).settings.engine).toBe("nice");
    expect(parseOptions(["--engine", "lean"], { KVORUM_ENGINE: "nice" }).settings.engine).toBe("lean");
  });

  it("mistakes are named", () => {
    expect(() => parseOptions(["--rounds", "0"])).toThrow("--rounds wants a number above 0, not 0");
    expect(() => parseOptions(["--rounds", "1.5"])).toThrow("--rounds wants a whole number");
    expect(() => parseOptions(["--engine", "fast"])).toThrow("lean or nice, not fast");
    expect(() => parseOptions(["locks"])).toThrow('"locks" is nothing to measure');
    expect(() => parseOptions(["--fast"])).toThrow("--fast");
  });
});
