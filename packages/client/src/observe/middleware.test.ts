/** What middleware sees of a call, what it may change, and that one `next` is one call with all its retries. */
import { KV, Lease } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, expectTypeOf, it } from "vitest";
import { Balancer } from "../net/balancer.js";
import { Caller } from "../net/caller.js";
import { Credentials } from "../net/credentials.js";
import { Endpoint } from "../net/endpoint.js";
import { Streams } from "../net/streams.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import type { ClientCall } from "./calls.js";
import { Interceptor, type Middleware } from "./middleware.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const NONE = new Uint8Array(0);

function setUp(...middleware: Middleware[]) {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const endpoints = ["http://a", "http://b"].map((address) => new Endpoint(address, transport.factory, {}));
  const balancer = new Balancer(endpoints, "pick-first");
  const credentials = new Credentials(undefined, balancer, clock);
  const interceptor = middleware.length === 0 ? undefined : new Interceptor(middleware);
  const closed = new AbortController().signal;
  const caller = new Caller({ balancer, credentials, clock, random: () => 1, closed, interceptor });
  return { transport, caller, interceptor, streams: new Streams(balancer, credentials, clock, interceptor) };
}

/** Keeps the calls it sees and passes them on. */
function recorder(): Middleware & { readonly calls: ClientCall[] } {
  const calls: ClientCall[] = [];
  const record: Middleware = (call, next) => {
    calls.push(call);
    return next(call);
  };
  return Object.assign(record, { calls });
}

describe("middleware", () => {
  it("sees the method, the kind, the request, the server's keys and the namespace", async () => {
    const seen = recorder();
    const { caller } = setUp(seen);
    const request = { key: bytes("app/a"), value: bytes("1") };
    await caller.within(bytes("app/")).unary(KV.method.put, request, "write", { timeout: 5 });
    await caller.unary(Lease.method.leaseGrant, { TTL: 5n }, "grant");
    expect(seen.calls).toMatchObject([
      {
        ...{ method: "kv.put", kind: "write", namespace: bytes("app/"), options: { timeout: 5 }, request },
        keys: [{ key: bytes("app/a"), rangeEnd: NONE }],
      },
      { method: "lease.leaseGrant", kind: "write", namespace: NONE, keys: [], request: { TTL: 5n } },
    ]);
  });

  it("finds the keys of a txn in its compares and in both branches, nested ones as well", async () => {
    const seen = recorder();
    const { caller } = setUp(seen);
    const put = (key: string) => ({ request: { case: "requestPut" as const, value: { key: bytes(key) } } });
    const nested = { request: { case: "requestTxn" as const, value: { success: [put("d")] } } };
    const read = { key: bytes("b"), rangeEnd: bytes("c") };
    await caller.unary(
      KV.method.txn,
      {
        compare: [{ key: bytes("a") }],
        success: [{ request: { case: "requestRange", value: read } }],
        failure: [nested, put("e")],
      },
      "write",
    );
    const keys = seen.calls[0]?.keys.map(({ key, rangeEnd }) =>
      [key, rangeEnd].map((b) => new TextDecoder().decode(b)),
    );
    expect(keys).toEqual([
      ["a", ""],
      ["b", "c"],
      ["d", ""],
      ["e", ""],
    ]);
  });

  it("runs in the order of the list, the first outermost, and once around all attempts of a call", async () => {
    const log: string[] = [];
    const named =
      (name: string): Middleware =>
      async (call, next) => {
        log.push(`${name} before`);
        const answer = await next(call);
        log.push(`${name} after`);
        return answer;
      };
    const { caller, transport } = setUp(named("outer"), named("inner"));
    let left = 1;
    transport.answer = () => {
      if (left-- > 0) throw new RpcError(StatusCode.UNAVAILABLE, "etcdserver: leader changed");
      return {};
    };
    await caller.unary(KV.method.range, { key: bytes("a") }, "read");
    expect(transport.calls).toHaveLength(2);
    expect(log).toEqual(["outer before", "inner before", "inner after", "outer after"]);
  });

  it("can pass another request and other options on, which the next one sees with their keys", async () => {
    const seen = recorder();
    const moved: Middleware = (call, next) =>
      call.method === "kv.range"
        ? next({ ...call, request: { ...call.request, key: bytes("other") }, options: { timeout: 50 } })
        : next(call);
    const { caller, transport } = setUp(moved, seen);
    await caller.unary(KV.method.range, { key: bytes("a") }, "read");
    expect(seen.calls[0]?.keys).toEqual([{ key: bytes("other"), rangeEnd: NONE }]);
    expect(transport.calls).toMatchObject([{ request: { key: bytes("other") }, options: { timeoutMs: 50 } }]);
  });

  it("can answer by itself, with the fields of the message", async () => {
    const { caller, transport } = setUp(async () => ({ count: 7n }));
    const answer = await caller.unary(KV.method.range, {}, "read");
    expect(answer).toMatchObject({ $typeName: "etcdserverpb.RangeResponse", count: 7n, kvs: [] });
    expect(transport.calls).toHaveLength(0);
  });

  it("can fail a call before it is made or after its answer, and the caller gets that very error", async () => {
    const fault = new Error("injected");
    const before = setUp(() => {
      throw fault;
    });
    await expect(before.caller.unary(KV.method.put, {}, "write")).rejects.toBe(fault);
    expect(before.transport.calls).toHaveLength(0);
    const after = setUp(async (call, next) => {
      await next(call);
      throw fault;
    });
    await expect(after.caller.unary(KV.method.put, {}, "write")).rejects.toBe(fault);
    expect(after.transport.calls).toHaveLength(1);
  });

  it("sees a call that is given up before it starts not at all", async () => {
    const seen = recorder();
    const { caller } = setUp(seen);
    const call = caller.unary(KV.method.put, {}, "write", { signal: AbortSignal.abort("enough") });
    await expect(call).rejects.toBe("enough");
    expect(seen.calls).toHaveLength(0);
  });

  it("sees shared streams open without a request, others with theirs, and can refuse them", async () => {
    const seen = recorder();
    let refuse = false;
    const { streams, transport } = setUp(seen, (call, next) => {
      if (refuse) throw new RpcError(StatusCode.UNAVAILABLE, "injected");
      return next(call);
    });
    const { signal } = new AbortController();
    const open = async (
      method: Parameters<typeof streams.open>[0],
      request: Record<string, unknown>,
    ): Promise<void> => {
      async function* requests() {
        yield request;
      }
      const stream = await streams.open(method, requests(), { signal });
      void stream.answers[Symbol.asyncIterator]().next();
    };
    await open(Lease.method.leaseKeepAlive, { ID: 1n });
    await open(KV.method.rangeStream, { key: bytes("a") });
    expect(seen.calls).toMatchObject([
      { method: "lease.leaseKeepAlive", kind: "keepalive", request: undefined, keys: [] },
      { method: "kv.rangeStream", kind: "read", request: { key: bytes("a") }, keys: [{ key: bytes("a") }] },
    ]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(transport.streams.map((stream) => stream.requests)).toEqual([[{ ID: 1n }], [{ key: bytes("a") }]]);
    refuse = true;
    await expect(open(Lease.method.leaseKeepAlive, {})).rejects.toThrow("injected");
    expect(transport.streams).toHaveLength(2);
  });

  it("has to pass the opening of a stream on, which it cannot make up", async () => {
    const { streams } = setUp(async () => ({}));
    const opening = streams.open(Lease.method.leaseKeepAlive, (async function* () {})(), {
      signal: new AbortController().signal,
    });
    await expect(opening).rejects.toThrow("a middleware must call next() when lease.leaseKeepAlive is opened");
  });

  it("is not there at all where none is given", () => {
    const { caller } = setUp();
    expect(caller.within(bytes("app/"))).toBe(caller);
  });

  it("is typed by the method: request and answer follow from its name", () => {
    const typed: Middleware = async (call, next) => {
      if (call.method === "kv.put") {
        expectTypeOf(call.request.lease).toEqualTypeOf<bigint | undefined>();
        const answer = await next(call);
        expectTypeOf(answer.prevKv).extract<undefined>().toBeUndefined();
        expectTypeOf(answer.$typeName).toEqualTypeOf<"etcdserverpb.PutResponse">();
      }
      if (call.method === "auth.userAdd") expectTypeOf(call.request.password).toEqualTypeOf<string | undefined>();
      // @ts-expect-error: there is no such method.
      if (call.method === "kv.pet") return undefined;
      return next(call);
    };
    expectTypeOf(typed).toExtend<Middleware>();
  });
});
