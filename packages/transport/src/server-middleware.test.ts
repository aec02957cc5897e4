/** nice-grpc's server middleware, the same on every engine: what it sees, what it may change, and what becomes of its errors. */
import { Metadata, type CallContext as NiceCallContext, ServerError, type ServerMiddleware } from "nice-grpc-common";
import { afterEach, describe, expect, it } from "vitest";
import type { Channel } from "./channel.js";
import { niceChannel } from "./nice/channel.js";
import type { ServiceImplementation } from "./server.js";
import { RpcError, StatusCode } from "./status.js";
import { Echo } from "./testing/echo.js";
import { serverEngines } from "./testing/engines.js";
import { collect, EndlessNotes, eventually, failure, gate } from "./testing/harness.js";

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

async function* one(): AsyncGenerator<{ text: string }> {
  yield { text: "go" };
}

describe.each(serverEngines)("middleware of the $name server", ({ create }) => {
  async function connect(
    implementation: ServiceImplementation<typeof Echo>,
    ...middleware: ServerMiddleware[]
  ): Promise<Channel> {
    const server = create();
    server.add(Echo, implementation);
    for (const each of middleware) server.use(each);
    const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
    const channel = niceChannel(`http://127.0.0.1:${"port" in address ? address.port : 0}`);
    cleanup.push(
      () => server.close(),
      () => channel.close(),
    );
    return channel;
  }

  it("sees what a handler throws as a ServerError, with its trailers, and may throw another", async () => {
    const seen: unknown[] = [];
    const trailers = {
      get: () => "because",
      getAll: () => ["because"],
      entries: () => [["x-why", "because"]] as const,
    };
    const fail = (): never => {
      throw new RpcError(StatusCode.NOT_FOUND, "no such thing", { trailers });
    };
    const channel = await connect(
      {
        once: fail,
        count: async function* () {
          yield {};
          fail();
        },
      },
      async function* (call, context) {
        try {
          return yield* call.next(call.request, context);
        } catch (error) {
          if (!(error instanceof ServerError)) throw error;
          seen.push([error.code, error.details, context.trailer.get("x-why")]);
          throw new ServerError(error.code, `${error.details}, says the middleware`);
        }
      },
    );
    for (const call of [channel.unary(Echo.method.once, {}), collect(channel.stream(Echo.method.count, one()))]) {
      const error = await failure(call, StatusCode.NOT_FOUND);
      expect(error.details).toBe("no such thing, says the middleware");
      expect(error.trailers?.get("x-why")).toBe("because");
    }
    expect(seen).toEqual(Array(2).fill([5, "no such thing", "because"]));
  });

  it("may set header and trailer, also of a call that it answers itself", async () => {
    const channel = await connect(
      {
        once: (_note, context) => {
          context.setTrailer({ "x-b": "handler" });
          return { text: "handler" };
        },
        count: async function* (_note, context) {
          context.sendHeader({ "x-h": "handler" });
          yield { text: "handler" };
        },
      },
      async function* (call, context) {
        context.header.set("x-h", "middleware");
        context.trailer.set("x-a", "1");
        if (context.metadata.get("short") === undefined) return yield* call.next(call.request, context);
        if (call.responseStream) yield { text: "short" } as never;
        else return { text: "short" } as never;
      },
    );
    const seen: unknown[] = [];
    const options = {
      onHeader: (header: { get(key: string): unknown }) => void seen.push(header.get("x-h")),
      onTrailer: (trailer: { get(key: string): unknown }) => void seen.push(trailer.get("x-a"), trailer.get("x-b")),
    };
    const short = { ...options, metadata: { short: "1" } };
    seen.push((await channel.unary(Echo.method.once, {}, options)).text);
    seen.push((await channel.unary(Echo.method.once, {}, short)).text);
    seen.push(...(await collect(channel.stream(Echo.method.count, one(), options))).map(({ text }) => text));
    seen.push(...(await collect(channel.stream(Echo.method.count, one(), short))).map(({ text }) => text));
    expect(seen).toEqual([
      ...["middleware", "1", "handler", "handler"],
      ...["middleware", "1", undefined, "short"],
      ...["handler", "1", undefined, "handler"],
      ...["middleware", "1", undefined, "short"],
    ]);
  });

  it("may hand on another request and a context of its own", async () => {
    const channel = await connect(
      {
        once: (note, { metadata, path, peer }) => ({
          text: `${note.text} ${metadata.get("user")} ${path} ${peer !== ""}`,
        }),
      },
      async function* (call, context) {
        const metadata = Metadata(context.metadata).set("user", "root");
        return yield* call.next({ text: "other" } as never, { ...context, metadata } as NiceCallContext);
      },
    );
    expect((await channel.unary(Echo.method.once, { text: "own" })).text).toBe(
      "other root /kvorum.test.Echo/Once true",
    );
  });

  it("is left when the client leaves, whatever the handler waits for", async () => {
    const seen: string[] = [];
    const left = gate();
    const channel = await connect(
      {
        talk: () => ({
          [Symbol.asyncIterator]: () => ({
            next: async () => {
              if (seen.length > 0) await left.passed;
              seen.push("next");
              return { done: seen.includes("return"), value: {} } as IteratorResult<object>;
            },
            return: async () => {
              seen.push("return");
              left.open();
              return { done: true, value: undefined };
            },
          }),
        }),
      },
      async function* (call, context) {
        try {
          return yield* call.next(call.request, context);
        } finally {
          seen.push(`aborted: ${context.signal.aborted}`);
        }
      },
    );
    for await (const _ of channel.stream(Echo.method.talk, new EndlessNotes())) break;
    await eventually(() => seen.at(-1) === "aborted: true", `the end of the middleware, not ${seen}`);
    expect(seen).toEqual(["next", "return", "next", "aborted: true"]);
  });
});
