/** What a leader may send next, and what an answer teaches it. */
import { describe, expect, it } from "vitest";
import { Progress } from "./progress.js";

const LIMITS = { inflightMessagesMax: 256, inflightBytesMax: 1_000_000 };

describe("a follower's progress", () => {
  it("is probed with one message at a time", () => {
    const progress = new Progress(5, LIMITS);
    expect(progress.paused).toBe(false);
    progress.sent(3, 100);
    expect(progress).toMatchObject({ paused: true, next: 5 });
    progress.resume();
    expect(progress.paused).toBe(false);
  });

  it("streams once the logs have met", () => {
    const progress = new Progress(5, LIMITS);
    progress.sent(1, 100);
    expect(progress.acknowledged(5, 0)).toBe(true);
    expect(progress).toMatchObject({ state: "replicate", match: 5, next: 6, paused: false });
    progress.sent(4, 100);
    expect(progress.next).toBe(10);
  });

  it("stops streaming when too many messages are unanswered, until an answer comes", () => {
    const progress = new Progress(1, LIMITS);
    progress.acknowledged(0, 0);
    for (let n = 0; n < 256; n++) progress.sent(1, 100);
    expect(progress.paused).toBe(true);
    progress.acknowledged(1, 0);
    expect(progress.paused).toBe(false);
  });

  it("goes back to probing where the logs may meet, never at or below what matches", () => {
    const progress = new Progress(10, LIMITS);
    expect(progress.refused(9, 3)).toBe(true);
    expect(progress.next).toBe(4);
    progress.acknowledged(4, 0);
    progress.sent(5, 100);
    expect(progress.refused(9, 1)).toBe(true);
    expect(progress).toMatchObject({ state: "probe", match: 4, next: 5 });
  });

  it("ignores refusals that are out of date", () => {
    const progress = new Progress(10, LIMITS);
    expect(progress.refused(4, 2), "not the answer to the probe").toBe(false);
    progress.acknowledged(9, 0);
    expect(progress.refused(9, 2), "already known to match").toBe(false);
    expect(progress.next).toBe(10);
  });

  it("sends again from what is known when messages may have been lost", () => {
    const progress = new Progress(1, LIMITS);
    progress.acknowledged(0, 0);
    progress.sent(5, 100);
    progress.unreachable();
    expect(progress).toMatchObject({ state: "probe", next: 1 });
  });

  it("takes an old acknowledgement as no news", () => {
    const progress = new Progress(1, LIMITS);
    progress.acknowledged(7, 0);
    expect(progress.acknowledged(3, 0)).toBe(false);
    expect(progress).toMatchObject({ match: 7, next: 8 });
  });
});
