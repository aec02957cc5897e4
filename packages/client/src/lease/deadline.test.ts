/** The arithmetic of a lease's remaining time. */
import { describe, expect, it } from "vitest";
import { type Instant, LeaseDeadline } from "./deadline.js";

const at = (monotonicMs: number, wallMs = monotonicMs): Instant => ({ monotonicMs, wallMs });

describe("a lease's deadline", () => {
  it("counts from when the request was sent, less a margin", () => {
    expect(new LeaseDeadline(10, at(1_000)).remainingMs(at(1_000))).toBe(9_500);
    expect(new LeaseDeadline(2, at(0)).remainingMs(at(0))).toBe(1_750);
  });

  it("turns suspect after two thirds without an acknowledgement and lost at the deadline", () => {
    const deadline = new LeaseDeadline(9, at(0));
    expect([0, 5_999, 6_000, 8_549, 8_550].map((ms) => deadline.life(at(ms)))).toEqual([
      "active",
      "active",
      "suspect",
      "suspect",
      "lost",
    ]);
  });

  it("moves to the send time of what was acknowledged, not to the time of the answer", () => {
    const deadline = new LeaseDeadline(10, at(0));
    deadline.acknowledge(10, at(3_000));
    expect(deadline.remainingMs(at(5_000))).toBe(7_500);
    deadline.acknowledge(10, at(2_000));
    expect(deadline.remainingMs(at(5_000))).toBe(7_500);
  });

  it("believes the wall clock when the machine was suspended, until a fresh acknowledgement", () => {
    const deadline = new LeaseDeadline(60, at(0));
    expect(deadline.life(at(1_000, 2_000))).toBe("active");
    expect(deadline.life(at(1_000, 5_000))).toBe("suspect");
    expect(deadline.remainingMs(at(1_000, 31_000))).toBe(26_000);
    expect(deadline.life(at(1_000, 58_000))).toBe("lost");
    deadline.acknowledge(60, at(1_000, 31_000));
    expect(deadline.life(at(1_500, 31_500))).toBe("active");
  });

  it("ignores a wall clock that is set back", () => {
    const deadline = new LeaseDeadline(10, at(0, 100_000));
    expect(deadline.remainingMs(at(1_000, 50_000))).toBe(8_500);
    expect(deadline.life(at(1_000, 50_000))).toBe("active");
  });

  it("is renewed after a third, spread by a tenth, and is patient for a sixth but not over two seconds", () => {
    const deadline = new LeaseDeadline(30, at(0));
    expect([0, 0.5, 1].map((random) => Math.round(deadline.nextSendMs(random)))).toEqual([9_000, 10_000, 11_000]);
    expect(deadline.patienceMs).toBe(2_000);
    expect(new LeaseDeadline(6, at(0)).patienceMs).toBe(1_000);
  });
});
