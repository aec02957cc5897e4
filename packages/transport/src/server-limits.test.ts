/** What one connection may ask of a server, whichever engine it has. */
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { frameBytes } from "./http2/frame.js";
import { encodeHeaders } from "./http2/hpack/encoder.js";
import { niceChannel } from "./nice/channel.js";
import { Echo } from "./testing/echo.js";
import { serverEngines } from "./testing/engines.js";
import { eventually } from "./testing/harness.js";
import { callFields, framesOf, preface, settings } from "./testing/http2-bytes.js";

/** More than a connection may reset at once. */
const STREAMS_MAX = 12_000;

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function works(port: number): Promise<string> {
  const channel = niceChannel(`http://127.0.0.1:${port}`);
  cleanup.push(() => channel.close());
  return (await channel.unary(Echo.method.once, { text: "hello" })).text;
}

describe.each(serverEngines)("one connection to the $name server", ({ create }) => {
  async function serve(): Promise<number> {
    const server = create();
    server.add(Echo, { once: (note) => note });
    const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
    cleanup.push(() => server.close());
    return "port" in address ? address.port : 0;
  }

  it("CVE-2023-44487: that opens streams and resets them at once is sent away", async () => {
    const port = await serve();
    const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {});
    cleanup.push(() => socket.destroy());
    let answer = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
    });
    const isSentAway = (): boolean => socket.destroyed || framesOf(answer, 0).some(({ type }) => type === 7);
    socket.write(Buffer.concat([preface, settings]));
    // A method that there is: the call stays open until it is reset.
    const call = encodeHeaders(callFields("127.0.0.1", "/kvorum.test.Echo/Once"));
    let streams = 0;
    for (; streams < STREAMS_MAX && !isSentAway(); streams++) {
      const streamId = 2 * streams + 1;
      const reset = frameBytes({ type: 3, flags: 0, streamId }, Uint8Array.of(0, 0, 0, 8));
      socket.write(Buffer.concat([frameBytes({ type: 1, flags: 4, streamId }, call), reset]));
      if (streams % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(streams).toBeGreaterThan(900);
    await eventually(isSentAway, "the end of the connection");
    expect(await works(port)).toBe("hello");
  });

  it("has 64 header fields for a call, and no more", async () => {
    const port = await serve();
    const session = connectHttp2(`http://127.0.0.1:${port}`).on("error", () => {});
    cleanup.push(() => session.destroy());
    const status = async (fields: number): Promise<unknown> => {
      const stream = session.request({
        ...{ ":method": "POST", ":path": "/kvorum.test.Echo/Once", "content-type": "application/grpc", te: "trailers" },
        ...Object.fromEntries(Array.from({ length: fields }, (_, i) => [`x-${i}`, "1"])),
      });
      let ended: unknown = "reset";
      stream
        .on("error", () => {})
        .on("trailers", (trailers) => {
          ended = trailers["grpc-status"];
        });
      stream.resume().end(Buffer.alloc(5));
      await new Promise((resolve) => stream.once("close", resolve));
      return ended;
    };
    expect(await status(50)).toBe("0");
    expect(await status(70)).toBe("reset");
    expect(await works(port)).toBe("hello");
  });
});
