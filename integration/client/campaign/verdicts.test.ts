/** The campaign's judgement on a watch finds what it is there to find. */
import { describe, expect, it } from "vitest";
import { compareLines } from "./watch-audit.js";

const expected = [1n, 2n, 2n, 3n].map((revision, index) => ({ revision, line: `${revision} put ${index}` }));
const lines = expected.map(({ line }) => line);
const without = (index: number): string[] => lines.filter((_, i) => i !== index);

describe("the judgement on a watch", () => {
  it("is content with all events of a watch of the past, each once and in order", () => {
    expect(compareLines(expected, lines, 0n)).toEqual([]);
  });

  it("is content with a watch from now on that tells more than it owes, without a gap", () => {
    expect(compareLines(expected, lines.slice(3), 2n)).toEqual([]);
    expect(compareLines(expected, lines.slice(1), 2n)).toEqual([]);
    expect(compareLines(expected, [], 3n)).toEqual([]);
    expect(compareLines(expected, lines, undefined)).toEqual([]);
  });

  it("finds an event that is missing at any place", () => {
    for (let index = 0; index < lines.length; index++) {
      expect(compareLines(expected, without(index), 0n), `without ${index}`).toHaveLength(1);
    }
    expect(compareLines(expected, [], 2n)).toHaveLength(1);
  });

  it("finds an event that is told twice, told too late, or never happened", () => {
    expect(compareLines(expected, [...lines, lines[0] ?? ""], 0n)[0]).toContain("repeated");
    expect(compareLines(expected, [...lines.slice(0, 2), ...lines.slice(1)], 0n)[0]).toContain("repeated");
    expect(compareLines(expected, [...without(1), lines[1] ?? ""], 0n)).toHaveLength(1);
    expect(compareLines(expected, [...lines, "4 put 9"], 0n)).toHaveLength(1);
  });
});
