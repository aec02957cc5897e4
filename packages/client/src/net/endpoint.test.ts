/** How addresses are read, and when an endpoint is left alone. */
import { describe, expect, it } from "vitest";
import { FakeTransport } from "../testing/fake-transport.js";
import { Balancer } from "./balancer.js";
import { Endpoint } from "./endpoint.js";

const endpoints = (...names: string[]): Endpoint[] => {
  const { factory } = new FakeTransport();
  return names.map((name) => new Endpoint(name, factory, {}));
};

describe("an endpoint", () => {
  it("cools after two transport errors in a row, longer each time, until a call succeeds", () => {
    const [endpoint] = endpoints("a");
    if (endpoint === undefined) throw new Error("unreachable");
    endpoint.failed("interrupted", 0);
    endpoint.succeeded();
    endpoint.failed("interrupted", 0);
    expect(endpoint.isCooling(0)).toBe(false);
    endpoint.failed("not-sent", 0);
    expect([endpoint.isCooling(499), endpoint.isCooling(500)]).toEqual([true, false]);
    endpoint.failed("not-sent", 500);
    endpoint.failed("not-sent", 500);
    expect([endpoint.isCooling(1_499), endpoint.isCooling(1_500)]).toEqual([true, false]);
    endpoint.succeeded();
    expect(endpoint.isCooling(600)).toBe(false);
    endpoint.failed("not-sent", 2_000);
    endpoint.failed("not-sent", 2_000);
    expect([endpoint.isCooling(2_499), endpoint.isCooling(2_500)]).toEqual([true, false]);
  });

  it("cools at once without a leader, and after three answers that did not come in time", () => {
    const [cut, slow] = endpoints("a", "b");
    cut?.failed("no-leader", 0);
    expect(cut?.isCooling(1)).toBe(true);
    slow?.failed("deadline", 0);
    slow?.failed("deadline", 0);
    expect(slow?.isCooling(1)).toBe(false);
    slow?.failed("deadline", 0);
    expect(slow?.isCooling(1)).toBe(true);
  });

  it("does not cool because a request was refused", () => {
    const [endpoint] = endpoints("a");
    for (let i = 0; i < 10; i++) endpoint?.failed("refused", 0);
    expect(endpoint?.isCooling(0)).toBe(false);
  });
});

describe("the balancer", () => {
  it("goes round, skips who cools, and asks those rather than nobody", () => {
    const all = endpoints("a", "b", "c");
    const balancer = new Balancer(all, "round-robin");
    const picks = (count: number, avoid?: Endpoint): string[] =>
      Array.from({ length: count }, () => balancer.pick(0, avoid).address).sort();
    expect(picks(6)).toEqual(["a", "a", "b", "b", "c", "c"]);
    all[0]?.failed("no-leader", 0);
    expect(picks(4)).toEqual(["b", "b", "c", "c"]);
    expect(picks(2, all[1])).toEqual(["c", "c"]);
    for (const endpoint of all) endpoint.failed("no-leader", 0);
    expect(picks(3)).toEqual(["a", "b", "c"]);
  });

  it("stays with the first that works when told to", () => {
    const all = endpoints("a", "b");
    const balancer = new Balancer(all, "pick-first");
    expect([balancer.pick(0), balancer.pick(0)]).toEqual([all[0], all[0]]);
    all[0]?.failed("no-leader", 0);
    expect(balancer.pick(0)).toBe(all[1]);
  });

  it("sends a stream where the fewest are, and knows its endpoints by address", () => {
    const all = endpoints("a", "b");
    const balancer = new Balancer(all, "round-robin");
    const [first] = all;
    if (first !== undefined) first.streams = 1;
    expect(balancer.pickForStream(0).address).toBe("b");
    expect(balancer.pinned("a")).toBe(first);
    expect(() => balancer.pinned("c")).toThrow(TypeError);
  });
});
