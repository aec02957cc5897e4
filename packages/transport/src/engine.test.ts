/** Which engine is used where nobody asks for one. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { defaultEngine, ENGINE_VARIABLE, leanEngine, niceEngine } from "./engine.js";

describe("the default engine", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("is the lean one, or the one that the environment names", () => {
    for (const [name, engine] of [
      ["", leanEngine],
      ["lean", leanEngine],
      ["nice", niceEngine],
    ] as const) {
      vi.stubEnv(ENGINE_VARIABLE, name);
      expect(defaultEngine()).toBe(engine);
    }
  });

  it("is made of two where the environment names one for servers and one for clients", () => {
    vi.stubEnv(ENGINE_VARIABLE, "nice:lean");
    expect(defaultEngine()).toEqual({ ...niceEngine, channel: leanEngine.channel });
    vi.stubEnv(ENGINE_VARIABLE, "lean:nice");
    expect(defaultEngine()).toEqual({ ...leanEngine, channel: niceEngine.channel });
  });

  it("is none where the environment names what is none, and the variable is told", () => {
    vi.stubEnv(ENGINE_VARIABLE, "fast");
    expect(defaultEngine).toThrow("KVORUM_ENGINE: fast is no engine: lean or nice");
    vi.stubEnv(ENGINE_VARIABLE, "lean:fast");
    expect(defaultEngine).toThrow("KVORUM_ENGINE: fast is no engine: lean or nice");
    vi.stubEnv(ENGINE_VARIABLE, "lean:nice:lean");
    expect(defaultEngine).toThrow("KVORUM_ENGINE: lean:nice:lean is no engine: lean or nice");
  });
});
