/** The tracing channel of calls: what each message holds, and that nothing is made while nobody listens. */
import { KV } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Balancer } from "../net/balancer.js";
import { Caller } from "../net/caller.js";
import { Credentials } from "../net/credentials.js";
import { Endpoint } from "../net/endpoint.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { callsAreTraced } from "./call-trace.js";
import { callChannel } from "./channels.js";
import type { CallMessage } from "./messages.js";

function setUp() {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const endpoints = ["http://a", "http://b"].map((address) => new Endpoint(address, transport.factory, {}));
  const balancer = new Balancer(endpoints, "pick-first");
  const credentials = new Credentials(undefined, balancer, clock);
  const closed = new AbortController().signal;
  const caller = new Caller({ balancer, credentials, clock, random: () => 1, closed });
  return { transport, clock, caller };
}

const failure = (text: string, maybeSent = true): RpcError => new RpcError(StatusCode.UNAVAILABLE, text, { maybeSent });

describe("a call that is traced", () => {
  const log: [string, Partial<CallMessage>][] = [];
  /** The channel is the process's: calls that others began before may end while it is listened to. */
  let begun = new WeakSet<CallMessage>();
  const note =
    (event: string) =>
    (message: CallMessage): void => {
      if (event === "start") begun.add(message);
      if (!begun.has(message)) return;
      log.push([event, { ...message, tries: message.tries.map((attempt) => ({ ...attempt })) }]);
    };
  const listeners = {
    start: note("start"),
    end: note("end"),
    asyncStart: note("asyncStart"),
    asyncEnd: note("asyncEnd"),
    error: note("error"),
  };
  beforeEach(() => {
    log.length = 0;
    begun = new WeakSet();
    callChannel.subscribe(listeners);
  });
  afterEach(() => {
    callChannel.unsubscribe(listeners);
  });

  it("tells its method and operation at the start, and how it went at the end, without the answer", async () => {
    const { caller, transport, clock } = setUp();
    transport.answer = async () => {
      await clock.advance(40);
      return { count: 3n };
    };
    const answer = await caller.unary(KV.method.range, { key: new Uint8Array([1]) }, "read");
    expect(answer.count).toBe(3n);
    expect(log.map(([event]) => event)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    const startedAtMs = clock.wallMs() - 40;
    expect(log[0]?.[1]).toMatchObject({
      ...{ method: "/etcdserverpb.KV/Range", operation: "read", attempts: 0, outcome: "pending", startedAtMs },
    });
    expect(log[3]?.[1]).toEqual({
      ...{ method: "/etcdserverpb.KV/Range", operation: "read", outcome: "ok", attempts: 1, endpoint: "http://a" },
      ...{ startedAtMs, durationMs: 40, result: undefined },
      tries: [{ endpoint: "http://a", startedAtMs, durationMs: 40, code: "OK", failure: undefined }],
    });
  });

  it("lists every attempt with its member, its status and its row of the retry table", async () => {
    const { caller, transport } = setUp();
    const errors = [failure("connect ECONNREFUSED", false), failure("etcdserver: request timed out")];
    transport.answer = () => {
      const error = errors.shift();
      if (error === undefined) return {};
      throw error;
    };
    const call = caller.unary(KV.method.put, {}, "write");
    await expect(call).rejects.toMatchObject({ outcome: "unknown", attempts: 2 });
    expect(log.map(([event]) => event)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    expect(log.at(-1)?.[1]).toMatchObject({
      ...{ attempts: 2, outcome: "unknown", endpoint: "http://b", error: { reason: "server-timeout" } },
      tries: [
        { endpoint: "http://a", code: "UNAVAILABLE", failure: "not-sent" },
        { endpoint: "http://b", code: "UNAVAILABLE", failure: "interrupted" },
      ],
    });
  });

  it("that its caller gives up may have taken effect if it was a write that left", async () => {
    const { caller, transport } = setUp();
    transport.answer = () => new Promise(() => undefined);
    const abort = new AbortController();
    const calls = [
      caller.unary(KV.method.put, {}, "write", { signal: abort.signal }),
      caller.unary(KV.method.range, {}, "read", { signal: abort.signal }),
    ].map((call) => call.catch((error: unknown) => error));
    setImmediate(() => abort.abort("enough"));
    expect(await Promise.all(calls)).toEqual(["enough", "enough"]);
    const ends = log.filter(([event]) => event === "asyncEnd").map(([, message]) => message);
    expect(ends).toMatchObject([
      { operation: "write", outcome: "unknown", error: "enough", tries: [{ code: undefined }] },
      { operation: "read", outcome: "not-applied", error: "enough" },
    ]);
  });
});

describe("a call that nobody traces", () => {
  it("publishes nothing", () => {
    expect(callsAreTraced()).toBe(false);
  });
});
