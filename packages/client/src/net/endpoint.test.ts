/** What an endpoint keeps of its calls, and how a channel that failed makes way for another. */
import { Watch } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { Balancer } from "./balancer.js";
import { Credentials } from "./credentials.js";
import { Endpoint } from "./endpoint.js";
import { StreamMoved } from "./line.js";
import { RequestQueue } from "./request-queue.js";
import { Streams } from "./streams.js";

function setUp() {
  const transport = new FakeTransport();
  const closed: number[] = [];
  const endpoint = new Endpoint(
    "http://a",
    (address) => {
      const channel = transport.factory(address);
      const number = transport.channels;
      return Object.assign(channel, {
        close: async () => {
          closed.push(number);
        },
      });
    },
    {},
  );
  return { transport, endpoint, closed };
}

function streamsOf(...endpoints: Endpoint[]): Streams {
  const clock = new ManualClock();
  const balancer = new Balancer(endpoints, "pick-first");
  return new Streams(balancer, new Credentials(undefined, balancer, clock), clock);
}

describe("an endpoint", () => {
  it("averages its latency, and forgets it while nothing is measured", () => {
    const { endpoint } = setUp();
    endpoint.measured(100, 1_000);
    expect(endpoint.latencyMs(1_000)).toBe(100);
    endpoint.measured(50, 1_000);
    expect(endpoint.latencyMs(1_000)).toBeCloseTo(90);
    expect(endpoint.latencyMs(11_000)).toBeCloseTo(45);
  });

  it("learns from headers who answers and how far it is, and never goes back", () => {
    const { endpoint } = setUp();
    const header = (revision: bigint) => ({ clusterId: 7n, memberId: 8n, revision, raftTerm: 1n }) as never;
    endpoint.learn(header(5n));
    endpoint.learn(header(3n));
    endpoint.learn(undefined);
    expect([endpoint.revision, endpoint.memberId, endpoint.clusterId]).toEqual([5n, 8n, 7n]);
  });

  it("makes a new channel after repeated transport errors; the old one closes when its last call is over", () => {
    const { endpoint, transport, closed } = setUp();
    const line = endpoint.acquire(0);
    endpoint.failed("interrupted", 0, true);
    expect(endpoint.acquire(0)).toBe(line);
    endpoint.release(line);
    endpoint.failed("interrupted", 0, true);
    const next = endpoint.acquire(0);
    expect(next).not.toBe(line);
    expect([transport.channels, closed]).toEqual([2, []]);
    endpoint.release(line);
    expect(closed).toEqual([1]);
  });

  it("keeps its channel when the member, and not the connection, is what fails", () => {
    const { endpoint, transport } = setUp();
    endpoint.release(endpoint.acquire(0));
    endpoint.failed("no-leader", 0, false);
    endpoint.failed("interrupted", 1_000, false);
    endpoint.release(endpoint.acquire(1_000));
    expect(transport.channels).toBe(1);
  });

  it("that is removed lets its calls end and closes after them", async () => {
    const { endpoint, closed } = setUp();
    const line = endpoint.acquire(0);
    endpoint.remove();
    expect(closed).toEqual([]);
    endpoint.release(line);
    expect(closed).toEqual([1]);
    // Somebody still held it: what it opens now goes with its last user as well.
    endpoint.release(endpoint.acquire(0));
    expect(closed).toEqual([1, 2]);
  });
});

describe("a stream", () => {
  it("ends with the endpoint that is removed, without a fault of its own", async () => {
    const { endpoint } = setUp();
    const streams = streamsOf(endpoint);
    const signal = new AbortController().signal;
    const opened = await streams.open(Watch.method.watch, new RequestQueue<object>(), { signal });
    const next = opened.answers[Symbol.asyncIterator]().next();
    next.catch(() => undefined);
    expect(endpoint.streams).toBe(1);
    endpoint.remove();
    await expect(next).rejects.toBeInstanceOf(StreamMoved);
    opened.release();
    opened.release();
    expect(endpoint.streams).toBe(0);
  });

  it("waits for a connection as calls do, no longer than its owner, and is told why there is none", async () => {
    const clock = new ManualClock();
    const balancer = new Balancer([], "pick-first");
    const streams = new Streams(balancer, new Credentials(undefined, balancer, clock), clock);
    const failed = new RpcError(StatusCode.UNAVAILABLE, "no endpoints from dns+srv://x: ETIMEOUT", {
      maybeSent: false,
    });
    balancer.connector = { connect: () => Promise.reject(failed) };
    await expect(streams.pickConnected()).rejects.toMatchObject({ reason: "transport", message: failed.details });
    balancer.connector = { connect: () => new Promise(() => undefined) };
    const abort = new AbortController();
    const waiting = streams.pickConnected(abort.signal);
    abort.abort("enough");
    await expect(waiting).rejects.toBe("enough");
  });

  it("on a connection of its own ends with the endpoint as well", async () => {
    const { endpoint } = setUp();
    const options = { signal: new AbortController().signal, endpoint, channel: endpoint.open() };
    const opened = await streamsOf(endpoint).open(Watch.method.watch, new RequestQueue<object>(), options);
    const next = opened.answers[Symbol.asyncIterator]().next();
    next.catch(() => undefined);
    endpoint.remove();
    await expect(next).rejects.toBeInstanceOf(StreamMoved);
    opened.release();
  });

  it("that moved blames nobody and is opened elsewhere; one that failed does blame its endpoint", async () => {
    const { endpoint } = setUp();
    const streams = streamsOf(endpoint);
    for (let i = 0; i < 2; i++) {
      const end = await streams.ended(Watch.method.watch, "watch", endpoint, new StreamMoved("to another member"));
      expect(end.action).toBe("elsewhere");
    }
    expect(endpoint.isCooling(0)).toBe(false);
    const broken = new RpcError(StatusCode.UNAVAILABLE, "broken");
    for (let i = 0; i < 2; i++) await streams.ended(Watch.method.watch, "watch", endpoint, broken);
    expect(endpoint.state).toBe("cooling");
  });

  it("shows in its answers how far its member is", async () => {
    const { endpoint, transport } = setUp();
    const signal = new AbortController().signal;
    const opened = await streamsOf(endpoint).open(Watch.method.watch, new RequestQueue<object>(), { signal });
    const next = opened.answers[Symbol.asyncIterator]().next();
    transport.stream.answer({ header: { revision: 12n } });
    await next;
    expect(endpoint.revision).toBe(12n);
  });
});
