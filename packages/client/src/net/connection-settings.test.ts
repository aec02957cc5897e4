/** Durations of connections: what is taken, what is refused, and with which words. */
import { describe, expect, it } from "vitest";
import { checkSettings } from "./connection-settings.js";

describe("the durations of connections", () => {
  it("have defaults: five seconds to connect, five minutes between looks at the members, the engine's pings", () => {
    expect(checkSettings({})).toEqual({
      connectTimeoutMs: 5_000,
      syncMembers: 300_000,
      channelOptions: { connectTimeoutMs: 5_000 },
    });
    expect(checkSettings({ keepAlive: { interval: 5_000, timeout: 1 }, syncMembers: false })).toEqual({
      connectTimeoutMs: 5_000,
      syncMembers: false,
      channelOptions: { connectTimeoutMs: 5_000, keepAlive: { intervalMs: 5_000, timeoutMs: 1 } },
    });
    expect(checkSettings({ keepAlive: false }).channelOptions.keepAlive).toBe(false);
  });

  it("are refused by name where a server would end the connection, and where they mean nothing", () => {
    expect(() => checkSettings({ keepAlive: { interval: 4_999 } })).toThrow(
      new RangeError("keepAlive.interval must be at least 5000 ms (servers refuse more pings), not 4999"),
    );
    for (const settings of [
      { keepAlive: { timeout: 0 } },
      { connectTimeout: 0 },
      { connectTimeout: Number.NaN },
      { syncMembers: 999 },
      { syncMembers: Number.POSITIVE_INFINITY },
    ]) {
      expect(() => checkSettings(settings)).toThrow(RangeError);
    }
  });
});
