/** Which ranges cover a key, held against a plain list of them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareBytes } from "../bytes.js";
import { IntervalTree } from "./interval-tree.js";

interface Range {
  readonly from: Uint8Array;
  readonly to: Uint8Array | undefined;
}

const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 6 });
const range: fc.Arbitrary<Range> = fc.record({ from: key, to: fc.option(key, { nil: undefined, freq: 8 }) });

describe("an interval tree", () => {
  it("finds exactly the ranges that contain a key, after any additions and removals", () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 60 }), fc.array(fc.nat(59)), key, (ranges, removed, asked) => {
        const tree = new IntervalTree<number>();
        for (const [number, { from, to }] of ranges.entries()) tree.add(from, to, number);
        const left = new Map(ranges.entries());
        for (const number of removed) {
          const gone = ranges[number];
          if (gone) tree.delete(gone.from, gone.to, number);
          left.delete(number);
        }
        const found: number[] = [];
        tree.visit(asked, (number) => found.push(number));
        const expected = [...left]
          .filter(([, { from, to }]) => compareBytes(from, asked) <= 0 && (!to || compareBytes(asked, to) < 0))
          .map(([number]) => number);
        expect(found.sort((a, b) => a - b)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("stays shallow when ranges come and go in order", () => {
    const tree = new IntervalTree<number>();
    const bounds = (number: number): [Uint8Array, Uint8Array] => [
      Uint8Array.of(number >> 8, number & 255),
      Uint8Array.of(number >> 8, number & 255, 255),
    ];
    for (let i = 0; i < 10_000; i++) tree.add(...bounds(i), i);
    // An AVL tree of n nodes is at most 1.44 log2 n high.
    expect(tree.height).toBeLessThanOrEqual(19);
    for (let i = 0; i < 9_000; i++) tree.delete(...bounds(i), i);
    expect(tree.height).toBeLessThanOrEqual(14);
    for (let i = 9_000; i < 10_000; i++) tree.delete(...bounds(i), i);
    expect(tree.height).toBe(0);
  });

  it("does nothing when asked to remove a value it does not hold", () => {
    const tree = new IntervalTree<string>();
    tree.add(Uint8Array.of(1), undefined, "a");
    tree.delete(Uint8Array.of(1), undefined, "b");
    tree.delete(Uint8Array.of(2), undefined, "a");
    const found: string[] = [];
    tree.visit(Uint8Array.of(9), (value) => found.push(value));
    expect(found).toEqual(["a"]);
  });
});
