/** First connects, probes and what a member that returns gets. The transport is played, the clock is moved by hand. */
import { KV, Watch } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { Caller } from "./caller.js";
import { Connections } from "./connections.js";
import { Credentials } from "./credentials.js";
import { Endpoint } from "./endpoint.js";
import type { BalancerPolicy } from "./picker.js";
import { Prober } from "./prober.js";
import { RequestQueue } from "./request-queue.js";
import { Streams } from "./streams.js";

const down = (): never => {
  throw new RpcError(StatusCode.UNAVAILABLE, "connect ECONNREFUSED", { maybeSent: false });
};
/** A peer that accepts and says nothing. */
const silence = () => new Promise<never>(() => undefined);

function setUp(addresses: string[], balancer: BalancerPolicy = "round-robin") {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const closed = new AbortController();
  const options = { endpoints: addresses, transport: transport.factory, balancer, syncMembers: false } as const;
  const connections = new Connections(options, { clock, random: () => 0 });
  const credentials = new Credentials(undefined, connections.balancer, clock);
  const shared = { balancer: connections.balancer, credentials, clock, random: () => 0 };
  const caller = new Caller({ ...shared, closed: closed.signal });
  const streams = new Streams(connections.balancer, credentials, clock);
  const behaviour = new Map<string, () => Record<string, unknown> | Promise<Record<string, unknown>>>();
  transport.answer = ({ endpoint }) => behaviour.get(endpoint)?.() ?? {};
  const get = (timeout = 10_000) => caller.unary(KV.method.range, {}, "read", { timeout });
  const at = (address: string): Endpoint => connections.balancer.pinned(address);
  const states = () => connections.balancer.endpoints.map(({ state }) => state);
  const called = (method: string) =>
    transport.calls.filter((call) => call.method === method).map((call) => call.endpoint);
  const watch = (avoid?: Endpoint) =>
    streams.open(Watch.method.watch, new RequestQueue<object>(), { signal: new AbortController().signal, avoid });
  return { transport, clock, connections, behaviour, get, at, states, called, watch };
}

describe("the first connect", () => {
  it("costs a quarter of a second when the member that is tried first says nothing", async () => {
    const { behaviour, get, clock, called } = setUp(["http://a", "http://b"]);
    behaviour.set("http://a", silence);
    let answered = false;
    const call = get().then(() => {
      answered = true;
    });
    await clock.advance(249);
    expect([answered, called("Status")]).toEqual([false, ["http://a"]]);
    await clock.advance(1);
    await call;
    expect([called("Status"), called("Range")]).toEqual([["http://a", "http://b"], ["http://b"]]);
  });

  it("goes on to the next at once when one refuses, and asks anyway when all do", async () => {
    const { behaviour, get, called } = setUp(["http://a", "http://b"]);
    behaviour.set("http://a", down);
    await get();
    expect(called("Range")).toEqual(["http://b"]);
    const none = setUp(["http://a", "http://b"]);
    for (const address of ["http://a", "http://b"]) none.behaviour.set(address, down);
    const failed = none.get(40).catch((error: unknown) => error);
    await none.clock.advance(40);
    expect(await failed).toMatchObject({ reason: "transport", outcome: "not-applied" });
    expect(none.called("Range").length).toBeGreaterThan(0);
  });

  it("is one race for all calls that wait, and none where there is but one endpoint", async () => {
    const { get, called } = setUp(["http://a", "http://b"]);
    await Promise.all([get(), get(), get()]);
    expect(called("Status").filter((address) => address === "http://a")).toHaveLength(1);
    const single = setUp(["http://a"]);
    await single.get();
    expect(single.called("Status")).toEqual([]);
  });

  it("holds a call no longer than the call may take", async () => {
    const { behaviour, get, clock, called } = setUp(["http://a", "http://b"]);
    for (const address of ["http://a", "http://b"]) behaviour.set(address, silence);
    void get(100).catch(() => undefined);
    await clock.advance(99);
    expect(called("Range")).toEqual([]);
    await clock.advance(1);
    expect(called("Range")).toHaveLength(1);
  });

  it("connects the others behind the first, except for who takes the first that works", async () => {
    const { get, clock, states } = setUp(["http://a", "http://b", "http://c"]);
    await get();
    await clock.advance(0);
    expect(states()).toEqual(["ready", "ready", "ready"]);
    const first = setUp(["http://a", "http://b", "http://c"], "pick-first");
    await first.get();
    await first.clock.advance(1_000);
    expect(first.states()).toEqual(["ready", "idle", "idle"]);
  });
});

describe("an endpoint that cools", () => {
  it("gets no calls until a probe was answered, then one, and is back when that is answered", async () => {
    const { behaviour, get, clock, at, called } = setUp(["http://a", "http://b"]);
    await get();
    await clock.advance(0);
    const before = called("Status").length;
    at("http://a").failed("no-leader", clock.nowMs());
    behaviour.set("http://a", () => ({ errors: ["etcdserver: no leader"] }));
    await clock.advance(499);
    expect(called("Status")).toHaveLength(before);
    await clock.advance(1);
    expect(called("Status")).toHaveLength(before + 1);
    expect(at("http://a").isCooling(clock.nowMs())).toBe(true);
    // Half a second, one, two: each time a leader is missing.
    await clock.advance(3_000);
    expect(called("Status")).toHaveLength(before + 3);
    for (let i = 0; i < 4; i++) await get();
    expect(called("Range").slice(-4)).toEqual(Array(4).fill("http://b"));
    behaviour.delete("http://a");
    await clock.advance(4_000);
    expect([at("http://a").state, at("http://a").isCooling(clock.nowMs())]).toEqual(["cooling", false]);
    for (let i = 0; i < 2; i++) await get();
    expect(called("Range").slice(-2).sort()).toEqual(["http://a", "http://b"]);
    expect(at("http://a").state).toBe("ready");
  });

  it("is found out as soon as one call ran out of time there, because its member says that it has no leader", async () => {
    const { behaviour, get, clock, at, called } = setUp(["http://a", "http://b"], "pick-first");
    await get();
    behaviour.set("http://a", () => ({ errors: ["etcdserver: no leader"] }));
    at("http://a").failed("deadline", clock.nowMs());
    expect(at("http://a").state).toBe("ready");
    await clock.advance(0);
    expect(at("http://a").state).toBe("cooling");
    await get();
    expect(called("Range")).toEqual(["http://a", "http://b"]);
  });

  it("that nobody calls is brought back by a second probe", async () => {
    const { get, clock, at } = setUp(["http://a", "http://b"]);
    await get();
    await clock.advance(0);
    at("http://a").failed("no-leader", clock.nowMs());
    await clock.advance(500);
    expect(at("http://a").state).toBe("cooling");
    await clock.advance(1_000);
    expect(at("http://a").state).toBe("ready");
  });

  it("is asked anyway when all cool, and back with the first write that goes through", async () => {
    const { behaviour, get, clock, at, called, connections } = setUp(["http://a", "http://b"]);
    await get();
    await clock.advance(0);
    for (const address of ["http://a", "http://b"]) at(address).failed("no-leader", clock.nowMs());
    await get();
    expect(called("Range")).toHaveLength(2);
    expect(at("http://a").state).toBe("cooling");
    behaviour.set("http://a", down);
    const line = at("http://a").acquire(clock.nowMs());
    at("http://a").succeeded(true);
    at("http://a").release(line);
    expect(connections.balancer.pick(clock.nowMs()).address).toBe("http://a");
  });

  it("gets a new channel for each probe when nobody is reached", async () => {
    const { behaviour, get, clock, at, transport } = setUp(["http://a", "http://b"]);
    await get();
    await clock.advance(0);
    behaviour.set("http://a", down);
    at("http://a").failed("interrupted", clock.nowMs(), true);
    at("http://a").failed("interrupted", clock.nowMs(), true);
    const before = transport.channels;
    await clock.advance(500 + 1_000);
    expect(transport.channels).toBe(before + 2);
  });

  it("is no longer probed once it was removed or the client closed", async () => {
    const { get, clock, at, called, connections } = setUp(["http://a", "http://b", "http://c"]);
    await get();
    await clock.advance(0);
    const before = called("Status").length;
    at("http://a").failed("no-leader", clock.nowMs());
    at("http://b").failed("no-leader", clock.nowMs());
    connections.balancer.replace([at("http://b"), at("http://c")]);
    await connections.close();
    await clock.advance(60_000);
    expect(called("Status")).toHaveLength(before);
  });
});

describe("a probe", () => {
  it("is one at a time for an endpoint, however many want to know", async () => {
    const transport = new FakeTransport();
    const closed = new AbortController().signal;
    const prober = new Prober({ clock: new ManualClock(), timeoutMs: 1_000, closed });
    const endpoint = new Endpoint("http://a", transport.factory, {});
    expect(await Promise.all([prober.probe(endpoint), prober.probe(endpoint)])).toEqual(["healthy", "healthy"]);
    expect(transport.calls).toHaveLength(1);
    expect(transport.calls[0]?.options.timeoutMs).toBe(1_000);
  });

  it("takes a refusal for the answer of a member that is up, and a learner for one that cannot serve", async () => {
    const transport = new FakeTransport();
    const closed = new AbortController().signal;
    const prober = new Prober({ clock: new ManualClock(), timeoutMs: 1_000, closed });
    const endpoint = new Endpoint("http://a", transport.factory, {});
    transport.answer = () => {
      throw new RpcError(StatusCode.UNAUTHENTICATED, "etcdserver: invalid auth token");
    };
    expect(await prober.probe(endpoint)).toBe("healthy");
    transport.answer = () => ({ isLearner: true });
    expect(await prober.probe(endpoint)).toBe("no-quorum");
    expect(endpoint.state).toBe("cooling");
  });
});

describe("streams", () => {
  /** Opens this many while the second member is away, each of which opens again when it is moved; then the member returns. */
  async function withStreams(count: number) {
    const { get, clock, at, watch } = setUp(["http://a", "http://b"]);
    await get();
    await clock.advance(0);
    at("http://b").failed("no-leader", clock.nowMs());
    const open = async (avoid?: Endpoint): Promise<void> => {
      const stream = await watch(avoid);
      const ended = stream.answers[Symbol.asyncIterator]().next();
      ended.catch(() => {
        stream.release();
        void open(stream.endpoint);
      });
    };
    for (let i = 0; i < count; i++) await open();
    const load = () => [at("http://a").streams, at("http://b").streams];
    expect(load()).toEqual([count, 0]);
    // A probe after half a second, and another for the one call of a half-open endpoint a second later.
    await clock.advance(1_500);
    return { clock, load };
  }

  it("move to a member that returns, one in a minute at most", async () => {
    const { clock, load } = await withStreams(4);
    expect(load()).toEqual([3, 1]);
    await clock.advance(59_999);
    expect(load()).toEqual([3, 1]);
    await clock.advance(1);
    expect(load()).toEqual([2, 2]);
    await clock.advance(600_000);
    expect(load()).toEqual([2, 2]);
  });

  it("stay where they are when a move would only turn the difference round", async () => {
    const { clock, load } = await withStreams(3);
    expect(load()).toEqual([2, 1]);
    await clock.advance(600_000);
    expect(load()).toEqual([2, 1]);
    expect((await withStreams(1)).load()).toEqual([1, 0]);
  });
});
