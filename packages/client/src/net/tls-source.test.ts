/** TLS material from a function: when it is asked, and what a new answer does. */
import { KV, Watch } from "@kvorum/proto";
import type { ChannelOptions, ChannelState, TlsClientOptions } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { StreamMoved } from "./line.js";
import { RequestQueue } from "./request-queue.js";
import { TlsSource } from "./tls-source.js";

/** Channels that are ready until a test says otherwise, and remember what they were made with. */
function setUp() {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const closed = new AbortController();
  const made: { readonly options: ChannelOptions; state: ChannelState; closed: boolean }[] = [];
  const given: { tls: TlsClientOptions; asked: number; error: unknown } = {
    ...{ tls: { ca: "ca-1", cert: "cert-1", key: "key-1" }, asked: 0, error: undefined },
  };
  const source = new TlsSource(async () => {
    given.asked += 1;
    if (given.error !== undefined) throw given.error;
    return given.tls;
  });
  const factory = source.factory((address, options = {}) => {
    const record = { options, state: "ready" as ChannelState, closed: false };
    made.push(record);
    const channel = transport.factory(address);
    Object.defineProperty(channel, "state", { get: () => record.state });
    return Object.assign(channel, {
      close: async () => {
        record.closed = true;
      },
    });
  });
  const certs = () => made.map(({ options }) => options.tls?.cert);
  return { transport, clock, closed, source, factory, given, made, certs };
}

describe("TLS material from a function", () => {
  it("is asked for with the first call, and not again while the connection lasts", async () => {
    const { factory, given, certs } = setUp();
    const channel = factory("https://a:1", { connectTimeoutMs: 5 });
    expect([given.asked, channel.state]).toEqual([0, "idle"]);
    await Promise.all([channel.unary(KV.method.put, {}), channel.unary(KV.method.put, {})]);
    await channel.unary(KV.method.put, {});
    expect([given.asked, certs()]).toEqual([1, ["cert-1"]]);
  });

  it("is asked for before each new connection, and a new answer makes a new channel", async () => {
    const { factory, given, made, certs } = setUp();
    const channel = factory("https://a:1");
    await channel.unary(KV.method.put, {});
    for (const record of made) record.state = "idle";
    await channel.unary(KV.method.put, {});
    expect([given.asked, certs()]).toEqual([2, ["cert-1"]]);
    given.tls = { ...given.tls, cert: "cert-2" };
    await channel.unary(KV.method.put, {});
    expect([given.asked, certs()]).toEqual([3, ["cert-1", "cert-2"]]);
    expect(made.map((record) => record.closed)).toEqual([true, false]);
  });

  it("counts as the same when its bytes are, be they text or octets", async () => {
    const { factory, given, made, certs } = setUp();
    const channel = factory("https://a:1");
    await channel.unary(KV.method.put, {});
    for (const record of made) record.state = "failed";
    given.tls = { ca: Buffer.from("ca-1"), cert: new TextEncoder().encode("cert-1"), key: "key-1" };
    await channel.unary(KV.method.put, {});
    expect(certs()).toEqual(["cert-1"]);
    given.tls = { ...given.tls, serverName: "other" };
    await channel.unary(KV.method.put, {});
    expect(certs()).toHaveLength(2);
  });

  it("is renewed every minute: streams move, calls under way end where they are, then the old channel closes", async () => {
    const { factory, given, made, clock, closed, source, transport, certs } = setUp();
    const running = source.run(clock, closed.signal);
    const channel = factory("https://a:1");
    const stream = channel.stream(Watch.method.watch, new RequestQueue<object>(), {})[Symbol.asyncIterator]();
    const event = stream.next();
    event.catch(() => undefined);
    let answer = (_: Record<string, unknown>): void => undefined;
    transport.answer = () => new Promise((resolve) => (answer = resolve));
    await clock.advance(0);
    const call = channel.unary(KV.method.put, {});
    await clock.advance(60_000);
    expect([given.asked, certs()]).toEqual([2, ["cert-1"]]);
    given.tls = { ...given.tls, cert: "cert-2" };
    await clock.advance(60_000);
    await expect(event).rejects.toBeInstanceOf(StreamMoved);
    expect([certs(), made[0]?.closed]).toEqual([["cert-1", "cert-2"], false]);
    answer({});
    await call;
    expect(made.map((record) => record.closed)).toEqual([true, false]);
    closed.abort();
    await running;
  });

  it("that fails rejects the call that needs it, and is asked again by the next", async () => {
    const { factory, given, certs } = setUp();
    const channel = factory("https://a:1");
    given.error = new Error("no such file");
    await expect(channel.unary(KV.method.put, {})).rejects.toThrow("no such file");
    given.error = undefined;
    await channel.unary(KV.method.put, {});
    expect(certs()).toEqual(["cert-1"]);
  });

  it("is not asked for where there is no TLS", async () => {
    const { factory, given } = setUp();
    await factory("http://a:1").unary(KV.method.put, {});
    expect(given.asked).toBe(0);
  });

  it("closes with its channel", async () => {
    const { factory, made } = setUp();
    const channel = factory("https://a:1");
    await channel.unary(KV.method.put, {});
    await channel.close();
    expect([channel.state, made[0]?.closed]).toEqual(["closed", true]);
  });
});
