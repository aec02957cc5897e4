/** Connections that go wrong or end in the middle of a frame: the mux closes what the engine forgets. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Frame, frameBytes } from "./http2/frame.js";
import { PortMux } from "./mux.js";
import { Echo } from "./testing/echo.js";
import { type ServerEngine, serverEngines } from "./testing/engines.js";
import { eventually } from "./testing/harness.js";
import { callFrame, framesOf, preface, settings } from "./testing/http2-bytes.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

let port = 0;
/** Connections that the engine has open. */
const accepted = new Set<Socket>();
const onAccepted = (message: unknown): void => {
  const { socket } = message as { readonly socket: Socket };
  // The engine's are those of a unix socket.
  if (socket.remotePort !== undefined) return;
  accepted.add(socket);
  socket.once("close", () => accepted.delete(socket));
};
async function start({ behindMux }: ServerEngine): Promise<void> {
  const { server, rpc, remove } = await behindMux((one) => one.add(Echo, { once: (note) => note }));
  const mux = new PortMux({ rpc, http: createServer() });
  const { address } = await mux.listen({ host: "127.0.0.1", port: 0 });
  port = "port" in address ? address.port : 0;
  subscribe("net.server.socket", onAccepted);
  cleanup.push(async () => {
    unsubscribe("net.server.socket", onAccepted);
    await server.close();
    await mux.close();
    await remove();
  });
}

/** Sends, and resolves with what came when the other side has closed too. */
async function answerTo(bytes: Uint8Array, options: { readonly end?: boolean } = {}): Promise<Frame[]> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: options.end !== true }).on("error", () => {});
  cleanup.push(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.write(Buffer.concat([preface, settings, bytes]));
  if (options.end === true) socket.end();
  await Promise.race([once(socket, "end"), once(socket, "close")]);
  socket.destroy();
  await eventually(() => accepted.size === 0, "the end of the engine's connection");
  return framesOf(Buffer.concat(chunks), 0);
}

const raw = (type: number, streamId: number, payload: Uint8Array): Uint8Array =>
  frameBytes({ type, flags: 4, streamId }, payload);
/** The first 12 bytes of a frame of 64 KiB. */
const halfFrame = frameBytes({ type: 0, flags: 0, streamId: 1 }, new Uint8Array(0xffff)).subarray(0, 12);

const MISTAKES: readonly (readonly [string, Uint8Array])[] = [
  ["SETTINGS of five bytes", frameBytes({ type: 4, flags: 0, streamId: 0 }, new Uint8Array(5))],
  ["a header block that cannot be read", raw(1, 1, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))],
  ["CONTINUATION of nothing", raw(9, 1, new Uint8Array(3))],
  ["a window of more than 2^31", frameBytes({ type: 8, flags: 0, streamId: 0 }, Uint8Array.of(0x7f, 0xff, 0xff, 0xff))],
  ["a frame that is too large", halfFrame],
];

describe.each(serverEngines)("behind a mux, with the $name server,", (engine) => {
  beforeEach(() => start(engine));

  describe("a call for a method that there is not, whose connection breaks at once,", () => {
    it("ends with the connection and not with the process", async () => {
      // grpc-js answers such a call, and throws where it cannot: this would be told as an error of the whole run.
      const all = Array.from({ length: 10 }, () => MISTAKES).flat();
      await Promise.all(all.map(([, bytes]) => answerTo(Buffer.concat([callFrame("127.0.0.1"), bytes]))));
    });
  });

  describe("CVE-2025-23085: a connection that the engine has given up", () => {
    it.each(MISTAKES)("after %s is told so and closed, though the client keeps it open", async (_name, bytes) => {
      expect((await answerTo(bytes)).at(-1)?.type, "GOAWAY").toBe(7);
    });

    it.each(MISTAKES)("after %s and a good call is too", async (_name, bytes) => {
      expect((await answerTo(Buffer.concat([callFrame("127.0.0.1"), bytes]))).at(-1)?.type, "GOAWAY").toBe(7);
    });

    it("with megabytes behind the mistake, which nobody reads, is closed", async () => {
      const wrong = frameBytes({ type: 4, flags: 0, streamId: 0 }, new Uint8Array(5));
      await answerTo(Buffer.concat([wrong, new Uint8Array(8 * 2 ** 20)]));
    });

    it("that the client ends in the middle of a frame is closed", async () => {
      const call = callFrame("127.0.0.1");
      for (const bytes of [halfFrame, call.subarray(0, 20), Buffer.concat([call, halfFrame.subarray(0, 5)])]) {
        await answerTo(bytes, { end: true });
      }
    });
  });
});
