/**
 * What the lean server says on the wire: refusals of requests that are none of gRPC's, of messages that are wrong, and how
 * an answer leaves. Clients are `node:http2` and bytes made by hand.
 */
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import { FrameType, frameBytes } from "../http2/frame.js";
import { HpackDecoder } from "../http2/hpack/decoder.js";
import { encodeHeaders } from "../http2/hpack/encoder.js";
import { joined } from "../http2/octets.js";
import type { CallContext, RpcServerOptions, ServiceImplementation } from "../server.js";
import { RpcError, StatusCode } from "../status.js";
import { Echo, NoteSchema } from "../testing/echo.js";
import { aborted, eventually, gate } from "../testing/harness.js";
import { callFields, framesOf, preface, settings } from "../testing/http2-bytes.js";
import { createLeanServer } from "./rpc-server.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

type Implementation = ServiceImplementation<typeof Echo>;

async function serve(implementation: Implementation, options: RpcServerOptions = {}): Promise<number> {
  const server = createLeanServer(options);
  server.add(Echo, implementation);
  const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
  cleanup.push(() => server.close());
  return "port" in address ? address.port : 0;
}

function session(port: number): ClientHttp2Session {
  const opened = connectHttp2(`http://127.0.0.1:${port}`).on("error", () => {});
  cleanup.push(() => opened.destroy());
  return opened;
}

interface Answer {
  readonly httpStatus: unknown;
  readonly code: number;
  readonly details: string;
  readonly bytes: Buffer;
}

/** Sends a request and waits for its end. Without a body it stays open, and the server has to end it. */
async function ask(client: ClientHttp2Session, fields: Record<string, string>, body?: Uint8Array): Promise<Answer> {
  const usual = Object.fromEntries(callFields("a", "/kvorum.test.Echo/Once").map(({ name, value }) => [name, value]));
  const stream = client.request({ ...usual, ...fields });
  let [head, trailers]: IncomingHttpHeaders[] = [{}, {}];
  const chunks: Buffer[] = [];
  stream.on("response", (headers) => {
    head = headers;
  });
  stream.on("trailers", (headers) => {
    trailers = headers;
  });
  stream.on("data", (chunk) => chunks.push(chunk)).on("error", () => {});
  if (body !== undefined) stream.end(body);
  await once(stream, "close");
  const all = { ...head, ...trailers };
  return {
    httpStatus: all[":status"],
    code: Number(all["grpc-status"] ?? Number.NaN),
    details: decodeURIComponent(String(all["grpc-message"] ?? "")),
    bytes: Buffer.concat(chunks),
  };
}

const note = (init: { text?: string; body?: Uint8Array }): Uint8Array => toBinary(NoteSchema, create(NoteSchema, init));

function framed(message: Uint8Array, flag = 0): Uint8Array {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return joined([prefix, message]);
}

const echo: Implementation = { once: (one) => one };

describe("a request that is none of gRPC's", () => {
  it.each([
    [{ "content-type": "text/plain" }, 415, 3, 'invalid gRPC request content-type "text/plain"'],
    [{ "content-type": "application/grpcx" }, 415, 3, 'invalid gRPC request content-type "application/grpcx"'],
    [{ ":method": "PUT" }, 405, 13, 'Received a HEADERS frame with :method "PUT" which should be POST'],
    [{ "grpc-timeout": "soon" }, 400, 13, 'malformed grpc-timeout: "soon"'],
    [{ ":path": "/a.B/C" }, 200, 12, "unknown service a.B"],
    [{ ":path": "/kvorum.test.Echo/None" }, 200, 12, "unknown method None for service kvorum.test.Echo"],
    [{ ":path": "/Once" }, 200, 12, 'malformed method name: "/Once"'],
    [{ ":path": "/kvorum.test.Echo/Sum" }, 200, 12, "unknown method Sum for service kvorum.test.Echo"],
  ])(
    "as by %o is refused in grpc-go's words, though its end never comes",
    async (fields, httpStatus, code, details) => {
      const client = session(await serve(echo));
      expect(await ask(client, fields as Record<string, string>)).toMatchObject({ httpStatus, code, details });
      expect(await ask(client, {}, framed(note({ text: "hello" })))).toMatchObject({ code: 0 });
    },
  );

  it.each(["application/grpc+proto", "application/grpc;charset=utf-8", "Application/gRPC"])(
    "is not one of the type %s",
    async (type) => {
      expect(await ask(session(await serve(echo)), { "content-type": type }, framed(note({})))).toMatchObject({
        code: 0,
      });
    },
  );
});

describe("a request message", () => {
  const wrong = Uint8Array.of(0xff);
  it.each<[string, Record<string, string>, Uint8Array, number, string]>([
    ["that is missing", {}, new Uint8Array(0), 12, "no request message came, where one is expected"],
    [
      "too many",
      {},
      joined([framed(note({})), framed(note({}))]),
      12,
      "a second request message came, where one is expected",
    ],
    ["cut off", {}, framed(note({ text: "hello" })).subarray(0, 7), 13, "unexpected EOF"],
    ["that is no message", {}, framed(wrong), 13, "Error deserializing request"],
    ["over the limit", {}, framed(new Uint8Array(1_001)), 8, "grpc: received message larger than max (1001 vs. 1000)"],
    ["with too many values", {}, framed(new Uint8Array(100).fill(0x18)), 13, "Error deserializing request"],
    [
      "in gzip, unannounced",
      {},
      framed(gzipSync(wrong), 1),
      13,
      "grpc: compressed flag set with identity or empty encoding",
    ],
    [
      "in an unknown compression",
      { "grpc-encoding": "snappy" },
      framed(wrong, 1),
      12,
      'grpc: Decompressor is not installed for grpc-encoding "snappy"',
    ],
    [
      "that is a bomb",
      { "grpc-encoding": "gzip" },
      framed(gzipSync(new Uint8Array(500_000)), 1),
      8,
      "grpc: received message after decompression larger than max 1000",
    ],
  ])("%s is refused, and the connection goes on", async (_name, fields, body, code, details) => {
    let calls = 0;
    const count: Implementation = {
      once: () => {
        calls += 1;
        return {};
      },
    };
    const client = session(await serve(count, { receiveBytesMax: 1_000, requestValuesMax: 20 }));
    expect(await ask(client, fields, body)).toMatchObject({ httpStatus: 200, code, details });
    expect(calls).toBe(0);
    expect(await ask(client, {}, framed(note({})))).toMatchObject({ code: 0 });
  });

  it("may be compressed by gzip, and may come in any pieces", async () => {
    const client = session(await serve(echo));
    const message = note({ text: "hello", body: new Uint8Array(300) });
    expect((await ask(client, { "grpc-encoding": "gzip" }, framed(gzipSync(message), 1))).bytes).toEqual(
      Buffer.from(framed(message)),
    );
    const usual = Object.fromEntries(callFields("a", "/kvorum.test.Echo/Once").map(({ name, value }) => [name, value]));
    const stream = client.request(usual);
    const chunks: Buffer[] = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    for (const octet of framed(message).subarray(0, 40))
      await new Promise((done) => stream.write(Buffer.of(octet), done));
    stream.end(framed(message).subarray(40));
    await once(stream, "close");
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(framed(message)));
  });

  it("and its answer are counted, and an answer over the limit is refused", async () => {
    const seen: [string, number][] = [];
    const traffic = {
      received: (bytes: number) => void seen.push(["received", bytes]),
      sent: (bytes: number) => void seen.push(["sent", bytes]),
    };
    const client = session(
      await serve({ once: ({ text }) => ({ body: new Uint8Array(Number(text)) }) }, { traffic, sendBytesMax: 100 }),
    );
    expect(await ask(client, {}, framed(note({ text: "10" })))).toMatchObject({ code: 0 });
    const tooLarge = await ask(client, {}, framed(note({ text: "99" })));
    expect(tooLarge).toMatchObject({ code: 8, details: "Sent message larger than max (101 vs. 100)" });
    expect(seen).toEqual([
      ["received", 4],
      ["sent", 12],
      ["received", 4],
      ["sent", 101],
    ]);
  });
});

describe("an answer", () => {
  /** All that the server writes until it is quiet, as the sizes of its writes. */
  async function raw(port: number): Promise<{ socket: Socket; chunks: Buffer[] }> {
    const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {});
    cleanup.push(() => socket.destroy());
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.write(joined([preface, settings]));
    await eventually(() => framesOf(Buffer.concat(chunks), 0).length >= 2, "the server's settings");
    chunks.length = 0;
    return { socket, chunks };
  }

  function request(streamId: number, fields: Record<string, string> = {}): Uint8Array {
    const more = Object.entries(fields).map(([name, value]) => ({ name, value }));
    const block = encodeHeaders([...callFields("a", "/kvorum.test.Echo/Once"), ...more]);
    return joined([
      frameBytes({ type: 1, flags: 4, streamId }, block),
      frameBytes({ type: 0, flags: 1, streamId }, framed(note({ text: "hello" }))),
    ]);
  }

  it("leaves in one write with its head and its trailers, and with those of all requests of one read", async () => {
    const server = createLeanServer();
    server.add(Echo, echo);
    const writes: number[] = [];
    const listener = createServer({ allowHalfOpen: true }, (socket) => {
      const write = socket.write.bind(socket) as (chunk: Uint8Array) => boolean;
      Object.assign(socket, {
        write: (chunk: Uint8Array) => {
          writes.push(chunk.length);
          return write(chunk);
        },
      });
      server.accept(socket, {});
    });
    cleanup.push(
      () => listener.close(),
      () => server.close(),
    );
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { socket, chunks } = await raw((listener.address() as AddressInfo).port);
    writes.length = 0;
    socket.write(joined([request(1), request(3), request(5)]));
    const frames = (): string[] =>
      framesOf(Buffer.concat(chunks), 0).flatMap(({ type, streamId }) => (type === 8 ? [] : [`${type}:${streamId}`]));
    await eventually(() => frames().includes("1:5") && frames().length >= 9, "three answers");
    expect(frames()).toEqual([1, 3, 5].flatMap((id) => [`1:${id}`, `0:${id}`, `1:${id}`]));
    expect(writes).toEqual([Buffer.concat(chunks).length]);
  });

  it("of an error is one header block, and carries its trailers", async () => {
    const { socket, chunks } = await raw(
      await serve({
        once: (_note, context) => {
          context.setTrailer({ "x-a": "1", "x-b": "1" });
          context.setTrailer({ "X-B": "2" });
          throw new RpcError(StatusCode.NOT_FOUND, "ключ");
        },
      }),
    );
    socket.write(request(1));
    await eventually(() => framesOf(Buffer.concat(chunks), 0).some(({ type }) => type === 1), "the answer");
    const [block] = framesOf(Buffer.concat(chunks), 0).filter(({ type }) => type === FrameType.HEADERS);
    expect(block?.flags).toBe(5);
    expect(
      new HpackDecoder().decode(block?.payload as Uint8Array).fields.map(({ name, value }) => [name, value]),
    ).toEqual([
      [":status", "200"],
      ["content-type", "application/grpc"],
      ["grpc-status", "5"],
      ["grpc-message", "%D0%BA%D0%BB%D1%8E%D1%87"],
      ["x-a", "1"],
      ["x-b", "2"],
    ]);
  });

  it("that comes too late is DEADLINE_EXCEEDED, and its handler is told", async () => {
    const ended = gate();
    const port = await serve({
      once: async (_note, { signal }) => {
        await aborted(signal);
        ended.open();
        return {};
      },
    });
    const answer = await ask(session(port), { "grpc-timeout": "50m" }, framed(note({})));
    expect(answer).toMatchObject({ code: 4, details: "Deadline exceeded" });
    await ended.passed;
  });

  it("is nothing that a handler can forget or spoil", async () => {
    const answers: unknown[] = [undefined, null, { number: "no bigint" }];
    const client = session(await serve({ once: ({ text }) => answers[Number(text)] as never }));
    const seen: [number, string][] = [];
    for (const text of ["0", "1", "2"]) {
      const { code, details } = await ask(client, {}, framed(note({ text })));
      seen.push([code, details]);
    }
    const forgotten = "the handler gave no answer";
    expect(seen).toEqual([
      [2, forgotten],
      [2, forgotten],
      [13, "Error serializing response"],
    ]);
  });

  it("has no header or trailer that cannot be sent: the handler hears of it", async () => {
    const client = session(
      await serve({
        once: (_note, context: CallContext) => {
          expect(() => context.setTrailer({ "no good": "1" })).toThrow(TypeError);
          expect(() => context.sendHeader({ a: "ü" })).toThrow(TypeError);
          context.sendHeader({ "x-a": "1" });
          context.sendHeader({ "x-a": "2" });
          return {};
        },
      }),
    );
    expect(await ask(client, {}, framed(note({})))).toMatchObject({ code: 0 });
  });
});
