/** What a client of the lean server cannot make it keep: answers that are not read, requests that do not end, connections. */
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, Socket } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FrameType, frameBytes } from "../http2/frame.js";
import { encodeHeaders } from "../http2/hpack/encoder.js";
import { joined } from "../http2/octets.js";
import type { ServiceImplementation } from "../server.js";
import { Echo, NoteSchema } from "../testing/echo.js";
import { aborted, eventually, gate, settled } from "../testing/harness.js";
import { callFields, framesOf, preface, settings } from "../testing/http2-bytes.js";
import { LeanServer } from "./rpc-server.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

type Bounds = ConstructorParameters<typeof LeanServer>[1];

async function serve(
  implementation: ServiceImplementation<typeof Echo>,
  bounds: Bounds = {},
): Promise<{ port: number; server: LeanServer }> {
  const server = new LeanServer({}, bounds);
  server.add(Echo, implementation);
  const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
  cleanup.push(() => server.close());
  return { port: "port" in address ? address.port : 0, server };
}

/** A connection that gives streams and itself so much window, and collects what comes. */
async function open(port: number, windowBytes: number): Promise<{ socket: Socket; frames(): string[] }> {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {});
  cleanup.push(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  const setting = Buffer.alloc(6);
  setting.writeUInt16BE(4);
  setting.writeUInt32BE(windowBytes, 2);
  const more = Buffer.alloc(4);
  more.writeUInt32BE(2 ** 31 - 1 - 65_535);
  socket.write(
    joined([
      preface,
      frameBytes({ type: FrameType.SETTINGS, flags: 0, streamId: 0 }, setting),
      frameBytes({ type: FrameType.WINDOW_UPDATE, flags: 0, streamId: 0 }, more),
    ]),
  );
  await once(socket, "data");
  return {
    socket,
    frames: () => framesOf(Buffer.concat(chunks), 0).map(({ type, payload }) => `${type}:${payload[7] ?? ""}`),
  };
}

function head(method: string, streamId: number): Uint8Array {
  return frameBytes(
    { type: FrameType.HEADERS, flags: 4, streamId },
    encodeHeaders(callFields("a", `/kvorum.test.Echo/${method}`)),
  );
}

function framed(init: { text?: string; body?: Uint8Array; number?: bigint }): Uint8Array {
  const message = toBinary(NoteSchema, create(NoteSchema, init));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return joined([prefix, message]);
}

const data = (streamId: number, bytes: Uint8Array, flags = 0): Uint8Array =>
  frameBytes({ type: FrameType.DATA, flags, streamId }, bytes);
const ENHANCE_YOUR_CALM = "7:11";

describe("answers", () => {
  it("of a stream stop when the socket is full, whatever window the client gives, and go on when it is read", async () => {
    let sent = 0;
    const body = new Uint8Array(64 * 1024);
    const { port } = await serve({
      count: async function* () {
        for (; sent < 1_000; sent++) yield { body };
      },
      once: (note) => note,
    });
    const { socket, frames } = await open(port, 2 ** 31 - 1);
    socket.pause();
    socket.write(joined([head("Count", 1), data(1, framed({}), 1)]));
    const standing = await settled(() => sent);
    expect(standing).toBeGreaterThan(0);
    expect(standing * body.length).toBeLessThan(24 * 1024 * 1024);
    socket.resume();
    await eventually(() => sent === 1_000, "the end of the answers");
    await eventually(() => frames().at(-1)?.startsWith("1:") === true, "the trailers");
  });

  it("of one turn go out before it ends where they are many", async () => {
    const write = vi.spyOn(Socket.prototype, "write");
    cleanup.push(() => write.mockRestore());
    const answer = { body: new Uint8Array(1_000) };
    const writes: number[] = [];
    const answers = {
      ready: () => (writes.push(write.mock.calls.length) > 200 ? undefined : answer),
      next: () => new Promise<IteratorResult<typeof answer>>(() => {}),
      return: async () => ({ done: true as const, value: undefined }),
      [Symbol.asyncIterator]: () => answers,
    };
    const { port } = await serve({ count: () => answers, once: (note) => note });
    const { socket } = await open(port, 2 ** 31 - 1);
    socket.write(joined([head("Count", 1), data(1, framed({}), 1)]));
    await eventually(() => writes.length > 200, "all answers");
    // One turn asked for all of them; the first were on their way when it asked for those behind.
    const [first = 0, before = 0, after = 0, last = 0] = [writes[0], writes[20], writes[30], writes[200]];
    expect(before).toBe(first);
    expect(after).toBeGreaterThan(before);
    expect(last).toBeGreaterThanOrEqual(first + 3);
  });

  it("of a stream leave other calls their turn", async () => {
    const port = (
      await serve({
        count: async function* (_note, { signal }) {
          while (!signal.aborted) yield {};
        },
        once: (note) => note,
      })
    ).port;
    const { socket, frames } = await open(port, 2 ** 31 - 1);
    socket.write(joined([head("Count", 1), data(1, framed({}), 1)]));
    await eventually(() => frames().length > 100, "answers");
    const client = connectHttp2(`http://127.0.0.1:${port}`).on("error", () => {});
    cleanup.push(() => client.destroy());
    const usual = Object.fromEntries(callFields("a", "/kvorum.test.Echo/Once").map(({ name, value }) => [name, value]));
    const stream = client.request(usual).resume();
    stream.end(framed({}));
    expect((await once(stream, "trailers"))[0]["grpc-status"]).toBe("0");
  });

  it("that the client has no window for end its connection when they are too many", async () => {
    const { port } = await serve({ once: () => ({ body: new Uint8Array(100_000) }) }, { untakenBytesMax: 1_000_000 });
    const { socket, frames } = await open(port, 0);
    for (let id = 1; id < 19; id += 2) socket.write(joined([head("Once", id), data(id, framed({}), 1)]));
    await settled(() => frames().length);
    expect(frames()).not.toContain(ENHANCE_YOUR_CALM);
    for (let id = 19; id < 30; id += 2) socket.write(joined([head("Once", id), data(id, framed({}), 1)]));
    await eventually(() => frames().includes(ENHANCE_YOUR_CALM), "GOAWAY");
    await eventually(() => socket.closed, "the end");
    await eventually(() => socket.closed, "the end");
  });
});

describe("requests", () => {
  it("that do not end are refused when too much of them is kept, and those that end are served", async () => {
    const { port } = await serve({ once: (note) => note }, { keptBytesMax: 100_000 });
    const { socket, frames } = await open(port, 65_535);
    const half = framed({ body: new Uint8Array(100_000) }).subarray(0, 16_000);
    const ends = (): number => frames().filter((frame) => frame.startsWith("1:")).length;
    for (let id = 1; id < 13; id += 2) socket.write(joined([head("Once", id), data(id, half)]));
    await settled(() => frames().length);
    expect(ends()).toBe(0);
    socket.write(joined([head("Once", 13), data(13, half)]));
    await eventually(() => ends() === 1, "the refusal");
    socket.write(joined([head("Once", 15), data(15, framed({}), 1)]));
    await eventually(() => ends() === 3, "a head and trailers");
  });

  it("that are not read wait as they came, in the smallest pieces too, and arrive whole", async () => {
    const started = gate();
    const go = gate();
    const { port } = await serve({
      sum: async (requests) => {
        started.open();
        await go.passed;
        let [sum, count] = [0n, 0];
        for await (const note of requests) {
          sum += note.number;
          count += 1;
        }
        return { number: sum, text: String(count) };
      },
    });
    const client = connectHttp2(`http://127.0.0.1:${port}`).on("error", () => {});
    cleanup.push(() => client.destroy());
    const usual = Object.fromEntries(callFields("a", "/kvorum.test.Echo/Sum").map(({ name, value }) => [name, value]));
    const stream = client.request(usual);
    const answer: Buffer[] = [];
    stream.on("data", (chunk) => answer.push(chunk));
    await started.passed;
    const all = joined(Array.from({ length: 300 }, (_, i) => framed({ number: BigInt(i), text: "x".repeat(i % 7) })));
    // Single octets, then a large piece, then single ones again.
    const cuts = [
      ...Array.from({ length: 700 }, (_, i) => i),
      3_000,
      ...Array.from({ length: 200 }, (_, i) => 3_001 + i),
    ];
    for (const [i, from] of cuts.entries()) {
      await new Promise((done) => stream.write(all.subarray(from, cuts[i + 1] ?? all.length), done));
    }
    stream.end();
    go.open();
    await once(stream, "close");
    expect(Buffer.concat(answer)).toEqual(Buffer.from(framed({ number: 44_850n, text: "300" })));
  });

  it("that go on after the answer do not use up the connection's window, though the answer is not read", async () => {
    const { port } = await serve({ sum: () => ({ text: "enough" }), once: (note) => note });
    const { socket, frames } = await open(port, 0);
    const piece = new Uint8Array(16_000);
    socket.write(joined([head("Sum", 1), ...Array.from({ length: 64 }, () => data(1, piece))]));
    await eventually(() => frames().filter((frame) => frame.startsWith("8:")).length >= 2, "more window");
    expect(frames().filter((frame) => frame.startsWith("3:"))).toEqual([]);
  });
});

describe("a connection", () => {
  it("that does not finish its handshake is closed, one that has is not", async () => {
    const { port } = await serve({}, { handshakeMs: 100 });
    const silent = connect({ port, host: "127.0.0.1" }).on("error", () => {});
    const half = connect({ port, host: "127.0.0.1" }).on("error", () => {});
    half.write(joined([preface, settings.subarray(0, 5)]));
    const good = await open(port, 65_535);
    await Promise.all([silent.resume(), half.resume()].map((socket) => once(socket, "close")));
    expect(good.socket.closed).toBe(false);
  });

  it("is told of the server's end twice: first that there is one, then which calls are served", async () => {
    const finish = gate();
    const { port, server } = await serve({
      once: async (note) => {
        await finish.passed;
        return note;
      },
    });
    const client = connectHttp2(`http://127.0.0.1:${port}`).on("error", () => {});
    cleanup.push(() => client.destroy());
    const told: number[] = [];
    client.on("goaway", (_code, lastStreamId) => told.push(lastStreamId));
    const usual = Object.fromEntries(callFields("a", "/kvorum.test.Echo/Once").map(({ name, value }) => [name, value]));
    const stream = client.request(usual).resume();
    stream.end(framed({}));
    await once(client, "remoteSettings");
    await settled(() => told.length);
    const closing = server.close({ graceMs: 10_000 });
    await eventually(() => told.length === 2, "both");
    expect(told).toEqual([2 ** 31 - 1, 1]);
    finish.open();
    expect((await once(stream, "trailers"))[0]["grpc-status"]).toBe("0");
    await closing;
  });

  it("that comes after the end is closed", async () => {
    const { server } = await serve({});
    await server.close();
    const socket = connect({ port: 1, host: "127.0.0.1" }).on("error", () => {});
    server.accept(socket, {});
    expect(socket.destroyed).toBe(true);
    // One that is lost before it comes is never waited for.
    const other = new LeanServer({});
    other.accept(socket, {});
    await other.close();
  });

  it("that is lost tells its handlers, whichever way they wait", async () => {
    const seen: string[] = [];
    const { port } = await serve({
      once: async (_note, { signal }) => {
        await aborted(signal);
        seen.push("unary");
        return {};
      },
      talk: async function* (requests) {
        yield {};
        try {
          for await (const _ of requests);
        } catch (error) {
          seen.push(`requests: ${(error as Error).name}`);
        }
      },
      count: async function* () {
        try {
          for (;;) yield { body: new Uint8Array(100_000) };
        } finally {
          seen.push("answers");
        }
      },
    });
    const { socket, frames } = await open(port, 65_535);
    socket.write(
      joined([head("Once", 1), data(1, framed({}), 1), head("Talk", 3), head("Count", 5), data(5, framed({}), 1)]),
    );
    await eventually(() => frames().filter((frame) => frame.startsWith("0:")).length >= 2, "answers");
    socket.resetAndDestroy();
    await eventually(() => seen.length === 3, "three ends");
    expect(seen.sort()).toEqual(["answers", "requests: AbortError", "unary"]);
  });
});
