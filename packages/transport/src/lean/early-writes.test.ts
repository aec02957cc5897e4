/** What has gathered in a turn and is written before its end: a little at first, then more. */
import { describe, expect, it } from "vitest";
import { EarlyWrites } from "./early-writes.js";

/** Numbers of the messages, from 1, at which there was a write. */
function writesOf(early: EarlyWrites, messages: number, bytes: number): number[] {
  return Array.from({ length: messages }, (_, i) => i + 1).filter(() => early.message(bytes));
}

describe("early writes", () => {
  it("come after a few messages, then each after twice as many", () => {
    expect(writesOf(new EarlyWrites(), 400, 0)).toEqual([24, 72, 168, 360]);
  });

  it("come after 64 KiB, however few messages that is", () => {
    expect(writesOf(new EarlyWrites(), 6, 32 * 1024)).toEqual([2, 4, 6]);
  });

  it("are none in turns with little to say, and begin anew with each turn", () => {
    const early = new EarlyWrites();
    expect(writesOf(early, 23, 100)).toEqual([]);
    early.endTurn();
    expect(writesOf(early, 100, 100)).toEqual([24, 72]);
    early.endTurn();
    expect(writesOf(early, 24, 100)).toEqual([24]);
  });
});
