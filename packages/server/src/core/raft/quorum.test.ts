/** Majorities of one configuration and of two. */
import { describe, expect, it } from "vitest";
import { quorumValue, tallyVotes } from "./quorum.js";

const simple = (...voters: bigint[]): { voters: bigint[]; votersOutgoing: bigint[] } => ({
  voters,
  votersOutgoing: [],
});
const joint = { voters: [1n, 2n, 3n], votersOutgoing: [3n, 4n, 5n] };

describe("tallying votes", () => {
  it("waits until a majority agrees or can no longer agree", () => {
    const conf = simple(1n, 2n, 3n, 4n);
    expect(
      tallyVotes(
        conf,
        new Map([
          [1n, true],
          [2n, true],
        ]),
      ),
    ).toBe("pending");
    expect(
      tallyVotes(
        conf,
        new Map([
          [1n, true],
          [2n, true],
          [4n, true],
        ]),
      ),
    ).toBe("won");
    expect(tallyVotes(conf, new Map([[1n, false]]))).toBe("pending");
    expect(
      tallyVotes(
        conf,
        new Map([
          [1n, false],
          [2n, false],
        ]),
      ),
    ).toBe("lost");
  });

  it("ignores whoever is no voter", () => {
    expect(
      tallyVotes(
        simple(1n, 2n, 3n),
        new Map([
          [1n, true],
          [8n, true],
          [9n, true],
        ]),
      ),
    ).toBe("pending");
  });

  it("needs both majorities of a joint configuration (thesis §4.3)", () => {
    expect(
      tallyVotes(
        joint,
        new Map([
          [1n, true],
          [2n, true],
        ]),
      ),
    ).toBe("pending");
    expect(
      tallyVotes(
        joint,
        new Map([
          [1n, true],
          [3n, true],
          [4n, true],
        ]),
      ),
    ).toBe("won");
    expect(
      tallyVotes(
        joint,
        new Map([
          [1n, true],
          [2n, true],
          [4n, false],
          [5n, false],
        ]),
      ),
    ).toBe("lost");
  });

  it("is never won without voters", () => {
    expect(tallyVotes(simple(), new Map([[1n, true]]))).not.toBe("won");
  });
});

describe("the value a majority has reached", () => {
  const at = (values: Record<string, number>) => (id: bigint) => values[String(id)] ?? 0;

  it("is the middle one, rounded towards safety", () => {
    expect(quorumValue(simple(1n), at({ 1: 7 }))).toBe(7);
    expect(quorumValue(simple(1n, 2n), at({ 1: 7, 2: 3 }))).toBe(3);
    expect(quorumValue(simple(1n, 2n, 3n), at({ 1: 7, 2: 3, 3: 5 }))).toBe(5);
    expect(quorumValue(simple(1n, 2n, 3n, 4n), at({ 1: 7, 2: 3, 3: 5, 4: 9 }))).toBe(5);
  });

  it("is the lower one of a joint configuration's two", () => {
    expect(quorumValue(joint, at({ 1: 9, 2: 9, 3: 4, 4: 2, 5: 1 }))).toBe(2);
  });

  it("is 0 without voters", () => {
    expect(quorumValue(simple(), at({ 1: 9 }))).toBe(0);
  });
});
