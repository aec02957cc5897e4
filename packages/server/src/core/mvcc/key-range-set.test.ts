/** The set of ranges against a plain list of them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyRangeSet } from "./key-range-set.js";
import type { KeyRange } from "./tree-index.js";

const key = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 3 });
const range: fc.Arbitrary<KeyRange> = fc.record({ from: key, to: fc.option(key, { nil: undefined }) });

function covers({ from, to }: KeyRange, key: string): boolean {
  return key >= from && (to === undefined || key < to);
}

describe("key range set", () => {
  it("has the keys that any of its ranges has, however they overlap", () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), fc.array(key, { maxLength: 20 }), (ranges, keys) => {
        const set = new KeyRangeSet();
        for (const each of ranges) set.add(each);
        for (const each of keys) expect(set.has(each)).toBe(ranges.some((range) => covers(range, each)));
      }),
    );
  });

  it("covers a range when no key of it is missing, also where ranges only touch", () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), range, (ranges, asked) => {
        const set = new KeyRangeSet();
        for (const each of ranges) set.add(each);
        // Between two neighbours of all ends and starts nothing changes, so these keys stand for all there are.
        const ends = ranges.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to]));
        const samples = [asked.from, ...ends].filter((key) => key === asked.from || covers(asked, key));
        const beyond = asked.to === undefined ? ["\uffff"] : [];
        expect(set.covers(asked)).toBe(
          [...samples, ...beyond].every((key) => ranges.some((each) => covers(each, key))),
        );
      }),
    );
  });

  it("takes over the ranges of another set and leaves that as it was", () => {
    fc.assert(
      fc.property(fc.array(range), fc.array(range), fc.array(key), (mine, theirs, keys) => {
        const [a, b] = [new KeyRangeSet(), new KeyRangeSet()];
        for (const each of mine) a.add(each);
        for (const each of theirs) b.add(each);
        a.addAll(b);
        for (const each of keys) {
          expect(a.has(each)).toBe([...mine, ...theirs].some((range) => covers(range, each)));
          expect(b.has(each)).toBe(theirs.some((range) => covers(range, each)));
        }
      }),
    );
  });

  it("joins ranges that touch", () => {
    const set = new KeyRangeSet();
    for (const [from, to] of [
      ["a", "b"],
      ["c", "d"],
      ["b", "c"],
    ] as const)
      set.add({ from, to });
    expect(set.size).toBe(1);
  });
});
