/** Middleware around watches: seen once each, before their first attempt, and however often they are created again. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { createClientIn } from "../client.js";
import { prefix } from "../keys.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { creates } from "../testing/played-watches.js";
import type { ClientCall } from "./calls.js";
import type { Middleware } from "./middleware.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function setUp(...middleware: Middleware[]) {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const options = { endpoints: "http://a", transport: transport.factory, syncMembers: false as const, middleware };
  const client = createClientIn({ clock, random: () => 1 }, { ...options, namespace: "app/" });
  /** The server creates whatever was asked for last on the newest stream. */
  const create = async (revision: bigint): Promise<void> => {
    await clock.advance(0);
    const [watchId = 0n] = creates(transport.stream).at(-1) ?? [];
    transport.stream.answer({ watchId, created: true, header: { revision } });
    await clock.advance(0);
  };
  return { transport, clock, client, create };
}

describe("middleware around a watch", () => {
  it("sees it once with its keys and namespace, and when the server has it, but no resume", async () => {
    const seen: ClientCall[] = [];
    const answers: unknown[] = [];
    const { client, transport, clock, create } = setUp(async (call, next) => {
      if (call.method !== "watch.watch" || call.request === undefined) return next(call);
      seen.push(call);
      const answer = await next(call);
      answers.push(answer);
      return answer;
    });
    const watch = client.namespace("in/").watch(prefix("k"), { startRevision: 3, prevKv: true });
    await create(5n);
    await watch.ready;
    await clock.advance(0);
    transport.stream.end(new RpcError(StatusCode.UNAVAILABLE, "connection reset"));
    await clock.advance(2_000);
    await create(6n);
    expect(seen).toMatchObject([
      {
        ...{ kind: "watch", namespace: bytes("app/in/"), request: { startRevision: 3n, prevKv: true } },
        keys: [{ key: bytes("app/in/k"), rangeEnd: bytes("app/in/l") }],
      },
    ]);
    expect(answers).toEqual([{ revision: expect.any(BigInt) }]);
    await client.close();
  });

  it("can refuse it, which is then over with that error and was never sent", async () => {
    const fault = new Error("injected");
    const { client, transport, clock } = setUp((call, next) => {
      if (call.method === "watch.watch") throw fault;
      return next(call);
    });
    const watch = client.watch("k");
    await clock.advance(0);
    await expect(watch.ready).rejects.toBe(fault);
    await expect(watch[Symbol.asyncIterator]().next()).rejects.toBe(fault);
    expect(transport.streams).toHaveLength(0);
    await client.close();
  });

  it("has to pass it on", async () => {
    const { client, clock } = setUp(async () => ({ revision: 1n }));
    const watch = client.watch("k");
    await clock.advance(0);
    await expect(watch.ready).rejects.toThrow("a middleware must call next() when a watch is created");
    await client.close();
  });

  it("does not open a watch that was closed before its turn", async () => {
    let go = (): void => undefined;
    const { client, transport, clock } = setUp(async (call, next) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return next(call);
    });
    const watch = client.watch("k");
    await clock.advance(0);
    await watch.close();
    go();
    await clock.advance(0);
    expect(transport.streams).toHaveLength(0);
    await client.close();
  });
});
