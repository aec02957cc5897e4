/** The numbers behind the metrics: where a value falls, what a bound is, and that labels cannot grow without end. */
import { describe, expect, it } from "vitest";
import { Amount, Distribution, exponential, Family, MeasureSet } from "./measure-set.js";

describe("a distribution", () => {
  it("counts a value under the first bound that it does not exceed", () => {
    const distribution = new Distribution([1, 2, 4]);
    for (const value of [0, 1, 1.5, 2, 3, 4, 4.1, 100]) distribution.observe(value);
    expect([...distribution.counts]).toEqual([2, 2, 2, 2]);
    expect(distribution.sum).toBeCloseTo(115.6);
  });

  it("has the bounds that etcd writes, without the noise of binary fractions", () => {
    expect(exponential(0.1, 2, 4)).toEqual([0.1, 0.2, 0.4, 0.8]);
    expect(exponential(0.0001, 2, 5)).toEqual([0.0001, 0.0002, 0.0004, 0.0008, 0.0016]);
  });
});

describe("a family", () => {
  it("hands out one measure a set of labels", () => {
    const family = new Family(() => new Amount());
    family.of("a", "b").add(2);
    family.of("a", "b").add();
    family.of("a,b", "").add(7);
    expect(Array.from(family.members, ({ labels, measure }) => [labels, measure.value])).toEqual([
      [["a", "b"], 3],
      [["a,b", ""], 7],
    ]);
  });

  it("counts what comes after a thousand sets of labels together", () => {
    const family = new Family(() => new Amount());
    for (let i = 0; i < 3000; i++) family.of(String(i)).add();
    const members = [...family.members];
    expect(members.length).toBeLessThanOrEqual(1025);
    expect(family.of("other").value).toBe(3000 - (members.length - 1));
  });
});

it("a set refuses a second measure of a name", () => {
  class Twice extends MeasureSet {
    readonly first: Amount = this.counter("one", "One.");
    readonly second: Amount = this.gauge("one", "Another.");
  }
  expect(() => new Twice()).toThrow(/one is measured once/);
});
