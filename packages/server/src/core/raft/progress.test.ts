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

  it("counts the bytes of what is on its way, and one message always fits", () => {
    const progress = new Progress(1, { inflightMessagesMax: 10, inflightBytesMax: 250 });
    progress.acknowledged(0, 0);
    progress.sent(1, 100);
    progress.sent(1, 100);
    expect(progress).toMatchObject({ paused: false, saturated: false });
    progress.sent(1, 1000);
    expect(progress).toMatchObject({ paused: true, saturated: true });
    progress.acknowledged(2, 0);
    expect(progress, "1000 bytes are still out").toMatchObject({ paused: true, saturated: true });
    progress.acknowledged(3, 0);
    expect(progress).toMatchObject({ paused: false, saturated: false });
  });

  it("lets one message without entries through a full window for each answer to a heartbeat", () => {
    const progress = new Progress(1, { inflightMessagesMax: 1, inflightBytesMax: 1000 });
    progress.acknowledged(0, 0);
    progress.sent(1, 100);
    progress.resume();
    expect(progress).toMatchObject({ paused: false, saturated: true, next: 2 });
    progress.sent(0, 0);
    expect(progress).toMatchObject({ paused: true, next: 2 });
  });
});

describe("a member that gets a snapshot", () => {
  const sent = (): Progress => {
    const progress = new Progress(3, LIMITS);
    progress.snapshotSent(20);
    return progress;
  };

  it("gets nothing else, whatever it answers to earlier messages", () => {
    const progress = sent();
    expect(progress).toMatchObject({ state: "snapshot", paused: true, next: 21 });
    progress.resume();
    progress.unreachable();
    expect(progress.refused(2, 1)).toBe(false);
    expect(progress.refused(20, 1)).toBe(false);
    expect(progress).toMatchObject({ state: "snapshot", paused: true, match: 0 });
  });

  it("streams again as soon as it holds what the leader's log starts after, by whatever way", () => {
    const progress = sent();
    expect(progress.acknowledged(14, 15)).toBe(true);
    expect(progress).toMatchObject({ state: "snapshot", match: 14 });
    expect(progress.acknowledged(15, 15)).toBe(true);
    expect(progress).toMatchObject({ state: "replicate", match: 15, next: 16, paused: false });
  });

  it("is asked behind the mark when the transfer ended well, where it was when not; both after a sign of life", () => {
    const finished = sent();
    finished.snapshotReported("finished");
    expect(finished).toMatchObject({ state: "probe", next: 21, paused: true });
    finished.resume();
    expect(finished.paused).toBe(false);
    const failed = sent();
    failed.snapshotReported("failed");
    expect(failed).toMatchObject({ state: "probe", next: 1, paused: true });
  });

  it("is not asked below what a newer snapshot brought it to", () => {
    const progress = sent();
    expect(progress.acknowledged(30, 40)).toBe(true);
    progress.snapshotReported("finished");
    expect(progress).toMatchObject({ state: "probe", match: 30, next: 31 });
  });

  it("has no use for a report when no snapshot is out", () => {
    const progress = new Progress(3, LIMITS);
    progress.snapshotReported("failed");
    expect(progress).toMatchObject({ state: "probe", next: 3, paused: false });
  });
});
