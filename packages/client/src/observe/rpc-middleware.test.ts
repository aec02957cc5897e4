/** nice-grpc's client middleware around the channels of a client, written as its users write it. */

import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { createClient } from "../client.js";
import { FakeTransport } from "../testing/fake-transport.js";
import type { RpcMiddleware } from "./rpc-middleware.js";

function setUp(...rpcMiddleware: RpcMiddleware[]) {
  const transport = new FakeTransport();
  const client = createClient({
    ...{ endpoints: ["http://a", "http://b"], balancer: "pick-first", syncMembers: false },
    ...{ transport: transport.factory, rpcMiddleware },
  });
  return { transport, client };
}

describe("RPC middleware", () => {
  it("sees every single attempt and may add metadata, the first outermost", async () => {
    const log: string[] = [];
    const named = (name: string): RpcMiddleware =>
      async function* (call, options) {
        log.push(`${name} ${call.method.path}`);
        options.metadata?.set("x-seen-by", `${options.metadata.get("x-seen-by") ?? ""}${name}`);
        return yield* call.next(call.request, options);
      };
    const { client, transport } = setUp(named("a"), named("b"));
    let refused = false;
    transport.answer = ({ method }) => {
      if (method === "Range" && !refused) {
        refused = true;
        throw new RpcError(StatusCode.UNAVAILABLE, "etcdserver: leader changed");
      }
      return {};
    };
    await client.count("k");
    const ranges = transport.calls.filter((call) => call.method === "Range");
    expect(ranges.map((call) => call.options.metadata?.["x-seen-by"])).toEqual([["ab"], ["ab"]]);
    expect(log.filter((line) => line.endsWith("/Range"))).toEqual([
      "a /etcdserverpb.KV/Range",
      "b /etcdserverpb.KV/Range",
      "a /etcdserverpb.KV/Range",
      "b /etcdserverpb.KV/Range",
    ]);
    await client.close();
  });

  it("is around streams as well, message by message", async () => {
    const seen: string[] = [];
    const { client, transport } = setUp(async function* (call, options) {
      if (!call.requestStream) return yield* call.next(call.request, options);
      for await (const answer of call.next(call.request, options)) {
        seen.push(call.method.path);
        yield answer;
      }
      return;
    });
    const watch = client.watch("k");
    while (transport.streams.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    transport.stream.answer({ watchId: 1n, created: true, header: { revision: 5n } });
    expect(await watch.ready).toBe(5n);
    expect(seen).toEqual(["/etcdserverpb.Watch/Watch"]);
    await client.close();
  });

  it("leaves the transport alone where there is none", () => {
    const { client, transport } = setUp();
    expect(client.endpoints).toEqual(["http://a", "http://b"]);
    expect(transport.calls).toHaveLength(0);
  });
});
