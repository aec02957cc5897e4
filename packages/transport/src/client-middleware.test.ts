/** nice-grpc client middleware on a channel: order, options, errors, streams. */
import { ClientError, type ClientMiddleware, Metadata } from "nice-grpc-common";
import { describe, expect, it } from "vitest";
import type { TransportFactory } from "./channel.js";
import { withClientMiddleware } from "./client-middleware.js";
import { leanChannel } from "./lean/channel.js";
import { niceChannel } from "./nice/channel.js";
import { createNiceServer } from "./nice/server.js";
import { RpcError, StatusCode } from "./status.js";
import { Echo } from "./testing/echo.js";
import { aborted, collect, type EnginePair, failure, Harness } from "./testing/harness.js";

const pairOf = (channel: TransportFactory): EnginePair => ({
  name: "to nice",
  channel,
  createServer: createNiceServer,
  serve: async (server) => {
    const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
    const port = "port" in address ? address.port : 0;
    return { endpoint: `http://127.0.0.1:${port}`, close: async () => {} };
  },
});

async function* notes(...texts: string[]): AsyncGenerator<{ text: string }> {
  for (const text of texts) yield { text };
}

describe.each([
  ["nice", niceChannel],
  ["lean", leanChannel],
] as const)("client middleware on the channel of %s", (_engine, connectTo) => {
  const pair = pairOf(connectTo);

  it("runs in the order it is listed, around unary calls and streams", async () => {
    await using harness = new Harness(pair);
    const channel = await harness.connect({
      once: (note) => note,
      talk: async function* (requests) {
        yield* requests;
      },
    });
    const seen: string[] = [];
    const named = (name: string): ClientMiddleware =>
      async function* (call, options) {
        seen.push(`${name} ${call.method.path} ${call.requestStream}`);
        return yield* call.next(call.request, options);
      };
    const wrapped = withClientMiddleware(channel, named("a"), named("b"), named("c"));
    expect((await wrapped.unary(Echo.method.once, { text: "hi" })).text).toBe("hi");
    expect(seen.splice(0)).toEqual(["a", "b", "c"].map((name) => `${name} /kvorum.test.Echo/Once false`));
    const answers = await collect(wrapped.stream(Echo.method.talk, notes("x", "y")));
    expect(answers.map((note) => note.text)).toEqual(["x", "y"]);
    expect(seen).toEqual(["a", "b", "c"].map((name) => `${name} /kvorum.test.Echo/Talk true`));
    expect(wrapped.endpoint).toBe(channel.endpoint);
    expect(wrapped.state).toBe("ready");
    expect(withClientMiddleware(channel)).toBe(channel);
  });

  it("can add metadata and see header and trailer; the timeout stays", async () => {
    await using harness = new Harness(pair);
    const channel = await harness.connect({
      once: async (_note, context) => {
        if (context.metadata.get("wait") === "yes") await aborted(context.signal);
        context.sendHeader({ "x-header": String(context.metadata.get("token")) });
        context.setTrailer({ "x-trailer-bin": Uint8Array.of(7) });
        return {};
      },
    });
    const seen: unknown[] = [];
    const wrapped = withClientMiddleware(channel, async function* (call, options) {
      return yield* call.next(call.request, {
        ...options,
        metadata: Metadata(options.metadata).set("token", "secret"),
        onHeader: (header) => {
          seen.push(header.get("x-header"));
          options.onHeader?.(header);
        },
        onTrailer: (trailer) => options.onTrailer?.(trailer),
      });
    });
    await wrapped.unary(
      Echo.method.once,
      {},
      {
        onHeader: (header) => seen.push(header.get("x-header")),
        onTrailer: (trailer) => seen.push(trailer.get("x-trailer-bin")),
      },
    );
    expect(seen).toEqual(["secret", "secret", Uint8Array.of(7)]);
    const late = wrapped.unary(Echo.method.once, {}, { timeoutMs: 50, metadata: { wait: "yes" } });
    await failure(late, StatusCode.DEADLINE_EXCEEDED);
  });

  it("sees a ClientError; the caller gets the engine's own error back, with its trailers", async () => {
    await using harness = new Harness(pair);
    const channel = await harness.connect({
      once: (_note, context) => {
        context.setTrailer({ "x-why": "because" });
        throw new RpcError(StatusCode.NOT_FOUND, "gone");
      },
    });
    const seen: unknown[] = [];
    const watching: ClientMiddleware = async function* (call, options) {
      try {
        return yield* call.next(call.request, options);
      } catch (error) {
        seen.push(error instanceof ClientError && error.details);
        throw error;
      }
    };
    const error = await failure(
      withClientMiddleware(channel, watching).unary(Echo.method.once, {}),
      StatusCode.NOT_FOUND,
    );
    expect(seen).toEqual(["gone"]);
    expect(error.trailers?.get("x-why")).toBe("because");

    const refusing: ClientMiddleware = async function* (call) {
      yield* [];
      throw new ClientError(call.method.path, StatusCode.UNAVAILABLE as number, "not today");
    };
    const refused = withClientMiddleware(channel, refusing);
    const own = await failure(refused.unary(Echo.method.once, {}), StatusCode.UNAVAILABLE);
    expect(own.details).toBe("not today");
    await failure(collect(refused.stream(Echo.method.talk, notes("a"))), StatusCode.UNAVAILABLE);
  });
});
