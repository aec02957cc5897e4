/** Who gets the next call. */
import { describe, expect, it } from "vitest";
import type { Instance } from "./endpoint.js";
import { type PickContext, type StrategyName, strategyOf } from "./strategy.js";

const instance = (addr: string): Instance => {
  const common = { service: "s", leaseId: 0n, createRevision: 1n, revision: 1n, metadata: null, fields: {} };
  return { ...common, addr, key: `s/${addr}` };
};
const all = ["a", "b", "c", "d", "e"].map(instance);
const context: PickContext<unknown> = { key: undefined, last: undefined, pending: () => 0, random: () => 0 };
const pick = (name: StrategyName, of: readonly Instance[], given: Partial<PickContext<unknown>>): string =>
  strategyOf(name)(of, { ...context, ...given }).addr;

describe("strategies", () => {
  it("round robin goes on behind the last one, also when that has left", () => {
    expect(pick("round-robin", all, {})).toBe("a");
    expect(pick("round-robin", all, { last: "s/b" })).toBe("c");
    expect(pick("round-robin", all, { last: "s/bb" })).toBe("c");
    expect(pick("round-robin", all, { last: "s/e" })).toBe("a");
  });

  it("random reaches each of them, by chance as it is given", () => {
    const picked = [0, 0.2, 0.4, 0.6, 0.99].map((chance) => pick("random", all, { random: () => chance }));
    expect(picked).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("least pending takes one of those with the fewest calls", () => {
    const pending = ({ addr }: Instance): number => ({ a: 3, b: 1, c: 2, d: 1 })[addr] ?? 4;
    const picked = [0, 0.5, 0.99].map((chance) => pick("least-pending", all, { pending, random: () => chance }));
    expect(picked).toEqual(["b", "d", "d"]);
  });

  it("rendezvous spreads keys evenly, and moves only those of an instance that leaves", () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => `user-${i}`);
    const before = keys.map((key) => pick("rendezvous", all, { key }));
    for (const { addr } of all) {
      const share = before.filter((each) => each === addr).length / keys.length;
      expect(share).toBeGreaterThan(0.18);
      expect(share).toBeLessThan(0.22);
    }
    const left = all.filter(({ addr }) => addr !== "c");
    const moved = keys.filter((key, i) => pick("rendezvous", left, { key }) !== before[i]);
    expect(moved).toEqual(keys.filter((_, i) => before[i] === "c"));
  });

  it("a name that there is not is refused, and so is rendezvous without a key", () => {
    expect(() => strategyOf("toString" as StrategyName)).toThrow('or one of "round-robin", "random"');
    expect(() => pick("rendezvous", all, {})).toThrow("needs the key of the call");
  });
});
