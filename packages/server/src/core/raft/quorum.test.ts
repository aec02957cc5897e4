/** Majorities of one configuration and of two. */
import fc from "fast-check";
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

/** Up to seven voters of up to seven ids, in one half or in two. */
const anyVoters = fc.uniqueArray(fc.bigInt({ min: 1n, max: 7n }), { minLength: 1, maxLength: 7 });
const anyConf = fc.record({ voters: anyVoters, votersOutgoing: fc.oneof(fc.constant<bigint[]>([]), anyVoters) });
const anyVotes = fc
  .array(fc.tuple(fc.bigInt({ min: 1n, max: 8n }), fc.boolean()), { maxLength: 8 })
  .map((votes) => new Map(votes));
const halves = ({ voters, votersOutgoing }: { voters: bigint[]; votersOutgoing: bigint[] }): bigint[][] =>
  votersOutgoing.length === 0 ? [voters] : [voters, votersOutgoing];

describe("whatever the configuration", () => {
  it("the votes are counted half by half, as one would by hand", () => {
    fc.assert(
      fc.property(anyConf, anyVotes, (conf, votes) => {
        const counts = halves(conf).map((half) => ({
          yes: half.filter((id) => votes.get(id) === true).length,
          no: half.filter((id) => votes.get(id) === false).length,
          size: half.length,
        }));
        const won = counts.every(({ yes, size }) => yes * 2 > size);
        const lost = counts.some(({ no, size }) => no * 2 >= size);
        expect(tallyVotes(conf, votes)).toBe(won ? "won" : lost ? "lost" : "pending");
      }),
    );
  });

  it("of two candidates between whom everybody chooses once, at most one is elected", () => {
    const anyChoices = fc.array(fc.constantFrom("first", "second", "neither"), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(anyConf, anyChoices, (conf, choices) => {
        const wins = (candidate: string): boolean =>
          tallyVotes(conf, new Map(choices.map((choice, id) => [BigInt(id), choice === candidate]))) === "won";
        expect(wins("first") && wins("second")).toBe(false);
      }),
    );
  });

  it("more votes never take a decision back", () => {
    fc.assert(
      fc.property(anyConf, anyVotes, anyVotes, (conf, heard, late) => {
        const result = tallyVotes(conf, heard);
        fc.pre(result !== "pending");
        expect(tallyVotes(conf, new Map([...late, ...heard]))).toBe(result);
      }),
    );
  });

  it("the value a majority has reached is the highest that wins a vote on it", () => {
    fc.assert(
      fc.property(anyConf, fc.array(fc.nat(9), { minLength: 8, maxLength: 8 }), (conf, reached) => {
        const at = (id: bigint): number => reached[Number(id)] ?? 0;
        const wins = (index: number): boolean => {
          const votes = new Map(halves(conf).flatMap((half) => half.map((id) => [id, at(id) >= index] as const)));
          return tallyVotes(conf, votes) === "won";
        };
        const value = quorumValue(conf, at);
        expect(wins(value)).toBe(true);
        expect(wins(value + 1)).toBe(false);
      }),
    );
  });
});
