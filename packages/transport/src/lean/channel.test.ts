/** What the lean channel makes of answers that are cut, compressed, wrong or missing, against a bare HTTP/2 server. */
import { getEventListeners } from "node:events";
import { constants, type ServerHttp2Stream } from "node:http2";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import type { Channel, ChannelOptions } from "../channel.js";
import { RpcError, StatusCode } from "../status.js";
import { answerWith, BareServer, type OnStream } from "../testing/bare-server.js";
import { Echo, type Note, NoteSchema } from "../testing/echo.js";
import { collect, EndlessNotes, eventually, failure, gate } from "../testing/harness.js";
import { leanChannel } from "./channel.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function channelTo(onStream: OnStream, options: ChannelOptions = {}): Promise<Channel> {
  const server = await BareServer.start(onStream);
  const channel = leanChannel(server.endpoint, options);
  cleanup.push(
    () => server[Symbol.asyncDispose](),
    () => channel.close(),
  );
  return channel;
}

function framed(note: Partial<Note>, pack?: (bytes: Uint8Array) => Uint8Array): Buffer {
  const bytes = toBinary(NoteSchema, create(NoteSchema, note as { text?: string }));
  const body = pack?.(bytes) ?? bytes;
  const prefix = Buffer.alloc(5);
  prefix[0] = pack === undefined ? 0 : 1;
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

async function* notes(text: string): AsyncGenerator<{ text: string }> {
  yield { text };
}

const once = (channel: Channel, text = ""): Promise<Note> => channel.unary(Echo.method.once, { text });

describe("an answer", () => {
  it("may be cut anywhere", async () => {
    const body = framed({ text: "slowly" });
    const channel = await channelTo(async (stream) => {
      stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      for (const octet of body) {
        stream.write(Uint8Array.of(octet));
        await new Promise((resolve) => setImmediate(resolve));
      }
      stream.end();
    });
    expect((await once(channel)).text).toBe("slowly");
  });

  it("may be compressed with gzip, and is held to the same limit", async () => {
    const channel = await channelTo(
      (stream, headers) => {
        expect(headers["grpc-accept-encoding"]).toBe("identity,gzip");
        const text = "zip".repeat(headers["x-large"] === "yes" ? 1_000 : 10);
        answerWith(stream, framed({ text }, gzipSync), undefined, { "grpc-encoding": "gzip" });
      },
      { receiveBytesMax: 1_000 },
    );
    expect((await once(channel)).text).toBe("zip".repeat(10));
    const large = channel.unary(Echo.method.once, {}, { metadata: { "x-large": "yes" } });
    const error = await failure(large, StatusCode.RESOURCE_EXHAUSTED);
    expect(error.details).toBe("grpc: received message after decompression larger than max 1000");
  });

  it("that is too large says so in words that are no server's refusal of the request", async () => {
    const channel = await channelTo((stream) => answerWith(stream, framed({ text: "x".repeat(99) })), {
      receiveBytesMax: 100,
    });
    const error = await failure(once(channel), StatusCode.RESOURCE_EXHAUSTED);
    expect(error.details).toBe("Received message larger than max (101 vs 100)");
    expect(error).toMatchObject({ method: "/kvorum.test.Echo/Once", maybeSent: true });
  });

  it.each<[string, Uint8Array, StatusCode]>([
    ["two messages", Buffer.concat([framed({ text: "a" }), framed({ text: "b" })]), StatusCode.INTERNAL],
    ["a message that is not finished", framed({ text: "abc" }).subarray(0, 7), StatusCode.INTERNAL],
    ["no message", new Uint8Array(0), StatusCode.UNIMPLEMENTED],
    ["what is no message", Uint8Array.of(0, 0, 0, 0, 1, 0xff), StatusCode.INTERNAL],
    ["an unknown flag", Uint8Array.of(7, 0, 0, 0, 0), StatusCode.INTERNAL],
  ])("to a unary call with %s is an error", async (_name, body, code) => {
    const channel = await channelTo((stream) => answerWith(stream, body));
    expect((await failure(once(channel), code)).maybeSent).toBe(true);
  });

  it.each<[string, OnStream, StatusCode, string]>([
    [
      "a page of a proxy",
      (stream) => {
        stream.respond({ ":status": 502, "content-type": "text/html" });
        stream.end("<html>".repeat(1_000));
      },
      StatusCode.UNAVAILABLE,
      "Received HTTP status code 502",
    ],
    [
      "a page that claims to be well",
      (stream) => {
        stream.respond({ "content-type": "text/html" });
        stream.end("<html>");
      },
      StatusCode.UNKNOWN,
      "Received HTTP status code 200",
    ],
    [
      "data without trailers",
      (stream) => {
        stream.respond({ "content-type": "application/grpc" });
        stream.end(framed({ text: "a" }));
      },
      StatusCode.INTERNAL,
      "server closed the stream without sending trailers",
    ],
  ])("that is %s has the status that fits", async (_name, onStream, code, details) => {
    const channel = await channelTo(onStream);
    expect((await failure(once(channel), code)).details).toBe(details);
    const stream = collect(channel.stream(Echo.method.talk, new EndlessNotes()));
    expect((await failure(stream, code)).details).toBe(details);
  });

  it.each([
    [constants.NGHTTP2_REFUSED_STREAM, StatusCode.UNAVAILABLE, false],
    [constants.NGHTTP2_CANCEL, StatusCode.CANCELLED, true],
    [constants.NGHTTP2_ENHANCE_YOUR_CALM, StatusCode.RESOURCE_EXHAUSTED, true],
    [constants.NGHTTP2_INADEQUATE_SECURITY, StatusCode.PERMISSION_DENIED, true],
    [constants.NGHTTP2_INTERNAL_ERROR, StatusCode.INTERNAL, true],
    [constants.NGHTTP2_PROTOCOL_ERROR, StatusCode.INTERNAL, true],
    [constants.NGHTTP2_FLOW_CONTROL_ERROR, StatusCode.INTERNAL, true],
  ])("that is a reset with code %i is status %i", async (reset, code, maybeSent) => {
    const channel = await channelTo((stream) => stream.close(reset));
    expect((await failure(once(channel), code)).maybeSent).toBe(maybeSent);
  });
});

describe("a stream", () => {
  it("that has ended and is not read to its end takes no window from the others", async () => {
    const more = Array.from({ length: 60 }, () => framed({ body: new Uint8Array(15_000) }));
    const body = Buffer.concat([framed({ text: "first" }), ...more]);
    const channel = await channelTo((stream) => answerWith(stream, body));
    // Together more than the window of the connection.
    for (let i = 0; i < 80; i++) {
      const { passed, open } = gate();
      const options = { timeoutMs: 5_000, onTrailer: open };
      const stream = channel.stream(Echo.method.count, notes("all"), options)[Symbol.asyncIterator]();
      expect((await stream.next()).value?.text).toBe("first");
      await passed;
    }
  });

  it("that fails hands out all that came before, however much nobody has read", async () => {
    const channel = await channelTo((stream) => {
      const body = Buffer.concat(Array.from({ length: 100 }, (_, i) => framed({ text: String(i) })));
      answerWith(stream, body, { "grpc-status": "14", "grpc-message": "g%C3%BCt" });
    });
    const stream = channel.stream(Echo.method.talk, new EndlessNotes())[Symbol.asyncIterator]();
    await stream.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let i = 1; i < 100; i++) expect((await stream.next()).value?.text).toBe(String(i));
    expect((await failure(stream.next(), StatusCode.UNAVAILABLE)).details).toBe("güt");
    expect((await stream.next()).done).toBe(true);
  });

  it("answers several next() in their order, and each of them when it ends", async () => {
    const go = gate();
    const channel = await channelTo(async (stream) => {
      await go.passed;
      answerWith(stream, Buffer.concat([framed({ text: "a" }), framed({ text: "b" })]));
    });
    const stream = channel.stream(Echo.method.talk, new EndlessNotes())[Symbol.asyncIterator]();
    const asked = [stream.next(), stream.next(), stream.next(), stream.next()];
    go.open();
    expect((await Promise.all(asked)).map(({ done, value }) => (done ? "done" : value.text))).toEqual([
      ...["a", "b", "done", "done"],
    ]);
  });

  it("whose server has had enough is reset without an error, and its requests are returned", async () => {
    const codes: (number | undefined)[] = [];
    const channel = await channelTo((stream) => {
      stream.on("close", () => codes.push(stream.rstCode));
      answerWith(stream, framed({ text: "enough" }));
    });
    const requests = new EndlessNotes();
    const answers = await collect(channel.stream(Echo.method.talk, requests));
    expect(answers.map(({ text }) => text)).toEqual(["enough"]);
    expect(requests.returned).toBe(true);
    await eventually(() => codes.length === 1, "the end of the stream");
    expect(codes).toEqual([constants.NGHTTP2_NO_ERROR]);
  });

  it("that is thrown into is cancelled on the server", async () => {
    const codes: (number | undefined)[] = [];
    const channel = await channelTo((stream) => {
      stream.on("close", () => codes.push(stream.rstCode));
      stream.respond({ "content-type": "application/grpc" });
      stream.write(framed({ text: "hello" }));
    });
    const stream = channel.stream(Echo.method.talk, new EndlessNotes())[Symbol.asyncIterator]();
    await stream.next();
    const mistake = new Error("I cannot go on");
    await expect(stream.throw?.(mistake)).rejects.toBe(mistake);
    await eventually(() => codes.length === 1, "the cancel");
    expect(codes).toEqual([constants.NGHTTP2_CANCEL]);
  });

  it("refuses a request over the limit, and options that cannot be, at its next()", async () => {
    const channel = await channelTo((stream) => answerWith(stream, framed({})), { sendBytesMax: 10 });
    const talk = (text: string, timeoutMs = 1_000): Promise<unknown> =>
      collect(channel.stream(Echo.method.talk, notes(text), { timeoutMs }));
    expect(await failure(talk("x".repeat(20)), StatusCode.RESOURCE_EXHAUSTED)).toMatchObject({
      details: "trying to send message larger than max (22 vs. 10)",
    });
    await expect(talk("", -1)).rejects.toThrow(RangeError);
  });
});

describe("a call", () => {
  it("leaves nothing on its signal, however it ends", async () => {
    const channel = await channelTo((stream, headers) => {
      if (headers["x-fail"] === "yes") stream.close(constants.NGHTTP2_CANCEL);
      else answerWith(stream, framed({ text: "a" }));
    });
    const { signal } = new AbortController();
    await channel.unary(Echo.method.once, {}, { signal });
    await collect(channel.stream(Echo.method.talk, new EndlessNotes(), { signal }));
    const failing = channel.unary(Echo.method.once, {}, { signal, metadata: { "x-fail": "yes" } });
    await failure(failing, StatusCode.CANCELLED);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("whose listener throws fails with that, alone", async () => {
    const channel = await channelTo((stream) => answerWith(stream, framed({ text: "a" })));
    const mistake = new Error("a mistake of the caller");
    const throwing = (): never => {
      throw mistake;
    };
    await expect(channel.unary(Echo.method.once, {}, { onHeader: throwing })).rejects.toBe(mistake);
    await expect(channel.unary(Echo.method.once, {}, { onTrailer: throwing })).rejects.toBe(mistake);
    expect((await once(channel)).text).toBe("a");
  });

  it("has no metadata that cannot stand in a header", async () => {
    const channel = await channelTo((stream) => answerWith(stream, framed({})));
    await expect(channel.unary(Echo.method.once, {}, { metadata: { a: "\n" } })).rejects.toThrow(TypeError);
  });

  it("sends what is reserved as it must be, whatever its metadata says", async () => {
    const seen: Record<string, unknown>[] = [];
    const channel = await channelTo((stream, headers) => {
      seen.push(headers);
      answerWith(stream, framed({}));
    });
    const metadata = { te: "nothing", "content-type": "text/plain", "grpc-timeout": "1n", token: "t" };
    await channel.unary(Echo.method.once, {}, { metadata, timeoutMs: 60_000 });
    expect(seen[0]).toMatchObject({
      ...{ ":method": "POST", ":scheme": "http", ":path": "/kvorum.test.Echo/Once", te: "trailers", token: "t" },
      ...{
        "content-type": "application/grpc",
        "grpc-timeout": expect.stringMatching(/^(60000|59\d{3})m$/),
        "user-agent": "grpc-kvorum",
      },
    });
    expect(channel.endpoint).toBe(`http://${seen[0]?.[":authority"]}`);
  });

  it("is told that it may have been carried out when its connection is lost", async () => {
    const channel = await channelTo((stream: ServerHttp2Stream) => stream.session?.destroy());
    const error = await failure(once(channel), StatusCode.UNAVAILABLE);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ details: "Connection dropped", maybeSent: true });
  });
});
