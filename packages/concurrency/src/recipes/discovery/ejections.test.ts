/** When instances are passed over. */
import { describe, expect, it } from "vitest";
import { Ejections } from "./ejections.js";

const ids = ["a", "b", "c", "d"];
const fail = (ejections: Ejections, id: string, nowMs: number, times = 1): void => {
  for (let i = 0; i < times; i++) ejections.failed(id, nowMs);
};

describe("ejections", () => {
  it("an instance is out after failures in a row, comes back by itself, and is out for longer the next time", () => {
    const ejections = new Ejections({ failures: 3, baseMs: 100, capMs: 350 });
    fail(ejections, "a", 0, 2);
    expect(ejections.out(ids, 0)).toEqual(new Set());
    fail(ejections, "a", 0);
    expect(ejections.out(ids, 99)).toEqual(new Set(["a"]));
    expect(ejections.out(ids, 100)).toEqual(new Set());
    for (const [fromMs, lastsMs] of [
      [1_000, 200],
      [2_000, 350],
      [3_000, 350],
    ] as const) {
      fail(ejections, "a", fromMs);
      expect(ejections.out(ids, fromMs + lastsMs - 1)).toEqual(new Set(["a"]));
      expect(ejections.out(ids, fromMs + lastsMs)).toEqual(new Set());
    }
    ejections.succeeded("a");
    fail(ejections, "a", 5_000, 2);
    expect(ejections.out(ids, 5_000)).toEqual(new Set());
  });

  it("failures of calls that began before it was out do not keep it out", () => {
    const ejections = new Ejections({ failures: 1, baseMs: 100 });
    fail(ejections, "a", 0);
    fail(ejections, "a", 99, 50);
    expect(ejections.out(ids, 100)).toEqual(new Set());
  });

  it("no more than the share are out, and never the last: the one whose time is over first is in again", () => {
    const half = new Ejections({ failures: 1, baseMs: 100 });
    for (const [i, id] of ids.entries()) fail(half, id, i);
    expect(half.out(ids, 10)).toEqual(new Set(["c", "d"]));
    expect(half.out(["a"], 10)).toEqual(new Set());
    expect(half.out([], 10)).toEqual(new Set());
    const all = new Ejections({ failures: 1, baseMs: 100, share: 1 });
    for (const [i, id] of ids.entries()) fail(all, id, i);
    expect(all.out(ids, 10)).toEqual(new Set(["b", "c", "d"]));
  });

  it("what has left is forgotten", () => {
    const ejections = new Ejections({ failures: 1, baseMs: 100 });
    fail(ejections, "a", 0);
    ejections.retain(new Set(["b"]));
    expect(ejections.out(ids, 1)).toEqual(new Set());
  });

  it("refuses wrong options by name and value", () => {
    expect(() => new Ejections({ failures: 0 })).toThrow(
      "ejection.failures must be a whole number of at least 1, not 0",
    );
    expect(() => new Ejections({ baseMs: -1 })).toThrow("ejection.baseMs must be above 0, not -1");
    expect(() => new Ejections({ share: 1.5 })).toThrow("ejection.share must be from 0 to 1, not 1.5");
  });
});
