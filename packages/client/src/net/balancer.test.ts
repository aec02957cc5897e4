/** Which endpoint is asked. Chance is a list of numbers here. */
import { describe, expect, it } from "vitest";
import { FakeTransport } from "../testing/fake-transport.js";
import { Balancer } from "./balancer.js";
import { Endpoint } from "./endpoint.js";
import type { BalancerPolicy, Candidate, Picker } from "./picker.js";

const { factory } = new FakeTransport();

function setUp(policy: BalancerPolicy | Picker, names = ["a", "b", "c"], random: () => number = () => 0) {
  const endpoints = names.map((name) => new Endpoint(name, factory, {}));
  const balancer = new Balancer(endpoints, policy, random);
  const byName = (name: string): Endpoint => balancer.pinned(name);
  const picks = (count: number, avoid?: Endpoint, atLeast?: bigint): string[] =>
    Array.from({ length: count }, () => balancer.pick(0, avoid, atLeast).address);
  return { endpoints, balancer, byName, picks };
}

const reach = (endpoint: Endpoint, revision: bigint): void => endpoint.learn({ revision } as never);

describe("two choices", () => {
  it("takes the one with fewer calls in flight, however slow it was", () => {
    const { byName, picks } = setUp("two-choices", ["a", "b"]);
    byName("a").inFlight = 2;
    byName("b").inFlight = 1;
    byName("b").measured(500, 1);
    expect(picks(2)).toEqual(["b", "b"]);
  });

  it("takes the clearly faster one when both are equally busy, and none for a difference that chance makes", () => {
    const { byName, picks } = setUp("two-choices", ["a", "b"]);
    byName("a").measured(20, 1);
    byName("b").measured(3, 1);
    expect(picks(3)).toEqual(["b", "b", "b"]);
    byName("b").measured(50, 1);
    expect(picks(4).sort()).toEqual(["a", "a", "b", "b"]);
  });

  it("goes round among equals", () => {
    const { picks } = setUp("two-choices", ["a", "b"]);
    expect(picks(4)).toEqual(["a", "b", "a", "b"]);
  });

  it("compares two different ones, whatever the dice say", () => {
    for (const roll of [0, 0.34, 0.67, 0.999]) {
      const { byName, picks, endpoints } = setUp("two-choices", ["a", "b", "c"], () => roll);
      for (const endpoint of endpoints) endpoint.inFlight = 1;
      byName("b").inFlight = 0;
      const busyOnes = picks(20).filter((name) => name !== "b");
      // b wins every pair that it is in; a pair without b has to be possible, a pair of one and the same not.
      expect(new Set(busyOnes).size).not.toBe(1);
    }
  });

  it("prefers whoever has shown the revision, and asks another only when none has", () => {
    const { byName, picks } = setUp("two-choices");
    reach(byName("a"), 5n);
    reach(byName("b"), 9n);
    expect(new Set(picks(5, undefined, 9n))).toEqual(new Set(["b"]));
    expect(new Set(picks(9, byName("b"), 9n))).toEqual(new Set(["a", "c"]));
    byName("b").failed("no-leader", 0);
    expect(new Set(picks(9, undefined, 9n))).toEqual(new Set(["a", "c"]));
  });
});

describe("every policy", () => {
  it("skips who cools, admits one call to who is half-open, and asks those that cool rather than nobody", () => {
    const { balancer, byName, picks, endpoints } = setUp("round-robin");
    expect(picks(6).sort()).toEqual(["a", "a", "b", "b", "c", "c"]);
    byName("a").failed("no-leader", 0);
    expect(picks(4).sort()).toEqual(["b", "b", "c", "c"]);
    expect(picks(2, byName("b"))).toEqual(["c", "c"]);
    const line = byName("a").acquire(500);
    expect(balancer.pick(500, byName("b")).address).toBe("c");
    byName("a").release(line);
    expect(Array.from({ length: 3 }, () => balancer.pick(500).address).sort()).toEqual(["a", "b", "c"]);
    for (const endpoint of endpoints) endpoint.failed("no-leader", 500);
    expect(picks(3).sort()).toEqual(["a", "b", "c"]);
  });

  it("asks the one that failed again when there is no other", () => {
    const { byName, picks } = setUp("two-choices", ["a"]);
    expect(picks(1, byName("a"))).toEqual(["a"]);
  });

  it("prefers endpoints that answer to those that were not tried, once somebody connects them", () => {
    const { balancer, byName, picks } = setUp("round-robin");
    balancer.connector = { connect: async () => undefined };
    expect(new Set(picks(6)).size).toBe(3);
    byName("c").succeeded();
    expect(new Set(picks(6))).toEqual(new Set(["c"]));
    expect(new Set(picks(6, byName("c")))).toEqual(new Set(["a", "b"]));
  });

  it("waits for a connection only while nobody is ready and somebody is untried", () => {
    const { balancer, byName, endpoints } = setUp("round-robin");
    const connecting = Promise.resolve();
    balancer.connector = { connect: () => connecting };
    expect(balancer.connecting(0)).toBe(connecting);
    for (const endpoint of endpoints) endpoint.failed("no-leader", 0);
    expect(balancer.connecting(0)).toBeUndefined();
    byName("a").succeeded(true);
    expect(balancer.connecting(0)).toBeUndefined();
  });

  it("has an error for an empty list that says that nothing was sent", () => {
    const { balancer } = setUp("two-choices", []);
    expect(() => balancer.pick(0)).toThrow(expect.objectContaining({ maybeSent: false }));
    expect(() => balancer.pickForStream(0)).toThrow("no endpoints");
  });
});

describe("pick-first", () => {
  it("stays with the first that works, for streams as well", () => {
    const { balancer, byName, picks } = setUp("pick-first");
    byName("a").streams = 3;
    expect(picks(2)).toEqual(["a", "a"]);
    expect(balancer.pickForStream(0).address).toBe("a");
    byName("a").failed("no-leader", 0);
    expect(picks(2)).toEqual(["b", "b"]);
    expect(balancer.pickForStream(0).address).toBe("b");
  });
});

describe("a stream", () => {
  it("goes where the fewest are, and begins anywhere among equals", () => {
    const { balancer, byName } = setUp("two-choices", ["a", "b", "c"], () => 0.5);
    expect(balancer.pickForStream(0).address).toBe("b");
    byName("b").streams = 1;
    expect(balancer.pickForStream(0).address).toBe("c");
    byName("c").streams = 2;
    byName("a").failed("no-leader", 0);
    expect(balancer.pickForStream(0).address).toBe("b");
    expect(balancer.pickForStream(0, byName("b")).address).toBe("c");
  });

  it("does not go to an endpoint that is half-open", () => {
    const { balancer, byName } = setUp("two-choices", ["a", "b"]);
    byName("a").failed("no-leader", 0);
    byName("b").streams = 5;
    expect(balancer.pickForStream(10_000).address).toBe("b");
  });
});

describe("a picker of the user's own", () => {
  const seen: string[] = [];
  const last: Picker = {
    pick: (candidates, kind) => {
      seen.push(`${kind} ${candidates.map(({ address }) => address).join()}`);
      return candidates.at(-1) as (typeof candidates)[number];
    },
  };

  it("chooses among those that may be asked", () => {
    const { balancer, byName, picks } = setUp(last);
    byName("c").failed("no-leader", 0);
    expect(picks(1)).toEqual(["b"]);
    expect(balancer.pickForStream(0, byName("a")).address).toBe("b");
    expect(balancer.pickForStream(0).address).toBe("b");
    expect(seen).toEqual(["unary a,b", "stream a,b"]);
  });

  it("that makes something up is a TypeError", () => {
    const { balancer } = setUp({ pick: <C extends Candidate>() => ({ address: "x" }) as unknown as C });
    expect(() => balancer.pick(0)).toThrow(TypeError);
  });
});

describe("the list of endpoints", () => {
  it("ends at its close also what is still under way on an endpoint that left", async () => {
    const { balancer, byName } = setUp("two-choices", ["a", "b"]);
    const a = byName("a");
    let closed = 0;
    const line = a.acquire(0);
    line.channel.close = async () => {
      closed += 1;
    };
    balancer.replace([byName("b")]);
    balancer.replace([byName("b")]);
    expect(closed).toBe(0);
    await balancer.close();
    expect(closed).toBe(1);
  });

  it("can be replaced: who stays keeps its figures, who goes is removed", () => {
    const { balancer, byName } = setUp("two-choices", ["a", "b"]);
    const [a, b] = [byName("a"), byName("b")];
    balancer.replace([a, new Endpoint("c", factory, {})]);
    expect([a.state, b.state]).toEqual(["idle", "removed"]);
    expect(balancer.pinned("c").address).toBe("c");
    expect(() => balancer.pinned("b")).toThrow(TypeError);
  });
});
