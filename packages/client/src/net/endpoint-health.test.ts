/** When an endpoint is left alone and how it gets back. Time is a number here. */
import { describe, expect, it } from "vitest";
import { EndpointHealth } from "./endpoint-health.js";

function ready(): EndpointHealth {
  const health = new EndpointHealth();
  health.begin(0);
  health.answered(true);
  return health;
}

describe("an endpoint's health", () => {
  it("goes from idle over connecting to ready, and back to idle when the first call fails", () => {
    const health = new EndpointHealth();
    const states = [health.state];
    health.begin(0);
    states.push(health.state);
    health.failed("not-sent", 0);
    states.push(health.state);
    health.begin(0);
    health.answered(false);
    states.push(health.state);
    expect(states).toEqual(["idle", "connecting", "idle", "ready"]);
  });

  it("cools after two transport errors in a row; an answer between them starts the count anew", () => {
    const health = ready();
    expect(health.failed("interrupted", 0)).toBe(false);
    health.answered(false);
    expect(health.failed("not-sent", 0)).toBe(false);
    expect(health.state).toBe("ready");
    expect(health.failed("interrupted", 0)).toBe(true);
    expect([health.state, health.isUsable(0)]).toEqual(["cooling", false]);
  });

  it("cools at once without a leader, and as a learner", () => {
    for (const kind of ["no-leader", "learner"] as const) {
      const health = ready();
      expect(health.failed(kind, 0)).toBe(true);
      expect(health.isCooling(499)).toBe(true);
    }
  });

  it("cools after three timeouts within ten seconds, and not after three in more", () => {
    const slow = ready();
    for (const atMs of [0, 5_000, 10_000, 15_000]) expect(slow.failed("deadline", atMs)).toBe(false);
    expect(slow.failed("deadline", 19_999)).toBe(true);
    // Reads that a member serves from its own state do not make up for timeouts.
    const cut = ready();
    cut.failed("deadline", 0);
    cut.failed("deadline", 1);
    cut.answered(false);
    expect(cut.failed("deadline", 2)).toBe(true);
  });

  it("does not cool because a request was refused: that is an answer", () => {
    const health = new EndpointHealth();
    health.begin(0);
    for (let i = 0; i < 10; i++) health.failed("refused", 0);
    expect(health.state).toBe("ready");
  });

  it("cools for half a second at first, twice as long each time, and never longer than thirty seconds", () => {
    const health = ready();
    const lengths: number[] = [];
    let nowMs = 0;
    for (let i = 0; i < 8; i++) {
      health.failed("no-leader", nowMs);
      lengths.push(health.coolingMs(nowMs));
      nowMs += health.coolingMs(nowMs);
    }
    expect(lengths).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    health.begin(nowMs);
    health.answered(true);
    health.failed("no-leader", nowMs);
    expect(health.coolingMs(nowMs)).toBe(500);
  });

  it("takes what fails while it cools for the same trouble", () => {
    const health = ready();
    for (let i = 0; i < 100; i++) health.failed("interrupted", 0);
    expect(health.coolingMs(0)).toBe(500);
  });

  it("is half-open after its cooling: one call at a time, whose failure cools it again and whose answer ends it", () => {
    const health = ready();
    health.failed("no-leader", 0);
    expect(health.isUsable(500)).toBe(true);
    health.begin(500);
    expect(health.isUsable(500)).toBe(false);
    health.end();
    expect(health.isUsable(500)).toBe(true);
    health.begin(500);
    expect(health.failed("interrupted", 500)).toBe(true);
    expect(health.coolingMs(500)).toBe(1_000);
    health.begin(1_500);
    health.answered(false);
    expect(health.state).toBe("ready");
  });

  it("stays out while its member has no quorum, whatever it still answers from its own state", () => {
    const health = ready();
    health.failed("no-leader", 0);
    health.answered(false);
    expect(health.state).toBe("cooling");
    health.answered(true);
    expect(health.state).toBe("ready");
    // A connection that works again is all that was missing here.
    health.failed("not-sent", 0);
    health.failed("not-sent", 0);
    health.answered(false);
    expect(health.state).toBe("ready");
  });

  it("that is held cools until a probe finds the member well", () => {
    const health = ready();
    health.failed("no-leader", 0);
    health.hold();
    expect(health.isCooling(1_000_000)).toBe(true);
    expect(health.probed("no-quorum", 500)).toBe(true);
    expect(health.coolingMs(500)).toBe(1_000);
    health.hold();
    expect(health.probed("unreachable", 1_500)).toBe(true);
    health.hold();
    expect(health.probed("healthy", 3_500)).toBe(false);
    expect([health.state, health.isUsable(3_500)]).toEqual(["cooling", true]);
  });

  it("takes no probe for the answer to calls that fail", () => {
    const health = ready();
    health.failed("interrupted", 0);
    health.probed("healthy", 0);
    expect(health.failed("interrupted", 0)).toBe(true);
  });

  it("leaves an endpoint alone whose stream is silent, until a call succeeds there", () => {
    const health = ready();
    expect(health.silent(0)).toBe(true);
    expect([health.isCooling(9_999), health.isCooling(10_000)]).toEqual([true, false]);
    health.answered(false);
    expect(health.state).toBe("ready");
  });

  it("is over with its removal", () => {
    const health = ready();
    health.remove();
    health.answered(true);
    health.probed("healthy", 0);
    expect([health.failed("no-leader", 0), health.silent(0), health.state]).toEqual([false, false, "removed"]);
  });
});
