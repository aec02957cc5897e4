/** Requests and answers: what is handed on, and which heads are malformed (RFC 9113 §8). */
import { describe, expect, it } from "vitest";
import { hex } from "../testing/hpack.js";
import { block, CALL, data, END, frame, headers, request, Side, settings } from "../testing/http2-script.js";
import type { HeaderField } from "./hpack/header-field.js";
import { joined } from "./octets.js";

describe("a request", () => {
  it("is told of with its data and trailers", () => {
    const side = new Side("server");
    expect(side.told(request(1), data(1, "abc"), data(1, "def"), headers(1, END, "a: b"))).toEqual([
      "request 1",
      "data 1 abc",
      "data 1 def",
      "headers 1 a=b end",
    ]);
  });

  it("is read without padding and priority, and from CONTINUATION frames", () => {
    const side = new Side("server");
    const head = block(...CALL);
    const first = Uint8Array.from([2, 0, 0, 0, 0, 9, ...head.subarray(0, 3), 0, 0]);
    expect(
      side.told(
        frame("HEADERS", 0x8 | 0x20 | END, 1, first),
        frame("CONTINUATION", 0, 1, head.subarray(3, 9)),
        frame("CONTINUATION", 0, 1, hex("")),
        frame("CONTINUATION", 4, 1, head.subarray(9)),
        request(3),
        frame("DATA", 0x8, 3, hex("03 616263 000000")),
        frame("DATA", 0x8 | END, 3, hex("00")),
      ),
    ).toEqual(["request 1 end", "request 3", "data 3 abc", "data 3 end"]);
  });

  it("says the same whatever the bytes are cut into", () => {
    const bytes = Buffer.concat([settings(), request(1), data(1, "abc"), request(3, END), data(1, "", END)]);
    const whole = new Side("server").told(bytes);
    for (let size = 1; size < 40; size++) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      expect(new Side("server").told(...chunks), `in chunks of ${size}`).toEqual(whole);
    }
  });

  it("has the same array of fields as the one before with the same block", () => {
    const side = new Side("server");
    const seen: (readonly HeaderField[])[] = [];
    const tell = side.request.bind(side);
    side.request = (stream, fields, endStream) => {
      seen.push(fields as readonly HeaderField[]);
      tell(stream, fields, endStream);
    };
    side.told(request(1), request(3), request(5, 0, "a: b"));
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).not.toBe(seen[0]);
  });

  it.each([
    ["no method", [":scheme: http", ":path: /"]],
    ["no scheme", [":method: POST", ":path: /"]],
    ["no path", [":method: POST", ":scheme: http"]],
    ["an empty path", [":method: POST", ":scheme: http", ":path: "]],
    ["two methods", [...CALL.slice(0, 3), ":method: POST"]],
    ["a pseudo field of answers", [...CALL, ":status: 200"].sort()],
    ["an unknown pseudo field", [":x: y", ...CALL]],
    ["a pseudo field behind others", [...CALL, ":authority: a"]],
    ["a capital letter", [...CALL, "X-a: b"]],
    ["a blank in a name", [...CALL, "x a: b"]],
    ["a control in a name", [...CALL, "x\u0001: b"]],
    ["a name beyond ASCII", [...CALL, "x\u00e4: b"]],
    ["an empty name", [...CALL, ": b"]],
    ["a line feed in a value", [...CALL, "x: a\nb"]],
    ["a NUL in a value", [...CALL, "x: a\0"]],
    ["connection", [...CALL, "connection: close"]],
    ["keep-alive", [...CALL, "keep-alive: 1"]],
    ["proxy-connection", [...CALL, "proxy-connection: close"]],
    ["transfer-encoding", [...CALL, "transfer-encoding: chunked"]],
    ["upgrade", [...CALL, "upgrade: h2c"]],
    ["te of more than trailers", [...CALL.slice(0, 3), "te: trailers, deflate"]],
    ["CONNECT with a path", [":method: CONNECT", ":authority: a:1", ":path: /"]],
    ["a content-length that is no number", [...CALL, "content-length: -1"]],
    ["two content-lengths", [...CALL, "content-length: 1", "content-length: 2"]],
  ])("is malformed with %s: its stream is reset, and nobody is told", (_name, fields) => {
    const side = new Side("server");
    expect(side.told(headers(1, 0, ...fields))).toEqual(["> RST_STREAM 1 PROTOCOL_ERROR"]);
    expect(side.told(request(3))).toEqual(["request 3"]);
  });

  it.each([
    ["CONNECT with an authority alone", [":method: CONNECT", ":authority: a:1"]],
    ["te in capitals", [...CALL.slice(0, 3), "te: Trailers"]],
    ["any octets in a value", [...CALL, "x: \t\u00e4\u00ff "]],
    ["the same content-length twice", [...CALL, "content-length: 1", "content-length: 1"]],
  ])("is well formed with %s", (_name, fields) => {
    expect(new Side("server").told(headers(1, 0, ...fields))).toEqual(["request 1"]);
  });

  it.each([
    ["an end instead of it", [request(1, END, "content-length: 3")], []],
    ["less", [request(1, 0, "content-length: 3"), data(1, "ab", END)], ["request 1"]],
    ["more", [request(1, 0, "content-length: 3"), data(1, "abcd")], ["request 1"]],
    ["trailers instead", [request(1, 0, "content-length: 3"), headers(1, END, "a: b")], ["request 1"]],
  ])("must have as many bytes as content-length says, not %s", (_name, chunks, before) => {
    const told = before.length > 0 ? ["reset 1 PROTOCOL_ERROR"] : [];
    const expected = [...before, "> RST_STREAM 1 PROTOCOL_ERROR", ...told];
    expect(new Side("server").told(...chunks)).toEqual(expected);
  });

  it("is taken with as many bytes as content-length says", () => {
    const chunks = [request(1, 0, "content-length: 3"), data(1, "ab"), data(1, "c"), data(1, "", END)];
    expect(new Side("server").told(...chunks).at(-1)).toBe("data 1 end");
  });

  it.each([
    ["a pseudo field", ":path: /"],
    ["a field of connections", "connection: close"],
  ])("is reset for trailers with %s", (_name, field) => {
    const told = new Side("server").told(request(1), headers(1, END, field));
    expect(told.slice(1)).toEqual(["> RST_STREAM 1 PROTOCOL_ERROR", "reset 1 PROTOCOL_ERROR"]);
  });
});

describe("an answer", () => {
  const opened = (): Side => {
    const side = new Side("client");
    side.open(END);
    side.lines();
    return side;
  };

  it("is told of with its data and trailers, and its interim heads are skipped", () => {
    const chunks = [
      headers(1, 0, ":status: 100"),
      headers(1, 0, ":status: 103", "a: b"),
      headers(1, 0, ":status: 200"),
      data(1, "abc"),
      headers(1, END, "grpc-status: 0"),
    ];
    expect(opened().told(...chunks)).toEqual(["headers 1 :status=200", "data 1 abc", "headers 1 grpc-status=0 end"]);
  });

  it.each([
    ["no status", ["a: b"]],
    ["two", [":status: 200", ":status: 200"]],
    ["a status of four digits", [":status: 2000"]],
    ["a status that is no number", [":status: ok"]],
    ["the status 101", [":status: 101"]],
    ["a pseudo field of requests", [":status: 200", ":path: /"]],
  ])("is malformed with %s", (_name, fields) => {
    expect(opened().told(headers(1, 0, ...fields))).toEqual([
      "> RST_STREAM 1 PROTOCOL_ERROR",
      "reset 1 PROTOCOL_ERROR",
    ]);
  });

  it("cannot end with an interim head", () => {
    const told = opened().told(headers(1, END, ":status: 100"));
    expect(told).toEqual(["> RST_STREAM 1 PROTOCOL_ERROR", "reset 1 PROTOCOL_ERROR"]);
  });

  it("goes out as it was given, cut into frames that the other side takes", () => {
    const side = new Side("server");
    side.told(request(1, END));
    side.stream(1).sendHeaders(block(":status: 200", `a: ${"x".repeat(40_000)}`), false);
    side.stream(1).sendMessage(new Uint8Array(3).fill(0x61), false);
    side.stream(1).sendData(new Uint8Array(0), false);
    side.stream(1).sendHeaders(block("grpc-status: 0"), true);
    expect(side.lines()).toEqual([
      "> HEADERS 1",
      "> CONTINUATION 1",
      "> CONTINUATION 1",
      "> DATA 1 \0\0\0\0\u0003aaa",
      "> HEADERS 1 end",
    ]);
    expect(side.connection.openStreams).toBe(0);
  });

  it("begins with taking up a smaller table of HPACK's, once", () => {
    const side = new Side("server");
    side.told(request(1, END), settings([1, 0]), settings([1, 4_096]), settings([1, 100]));
    const blocks: string[] = [];
    for (let i = 0; i < 3; i++) {
      side.stream(1).sendHeaders(block(":status: 200"), false);
      blocks.push(Buffer.from(joined(side.connection.takeOutput())).toString("hex", 9));
      side.receive(settings([1, 50]));
      side.lines();
    }
    expect(blocks).toEqual(["2088", "88", "88"]);
  });

  it("is over after its end: what is sent then goes nowhere", () => {
    const side = new Side("server");
    side.told(request(1, END));
    const stream = side.stream(1);
    stream.sendHeaders(block(":status: 200"), true);
    side.lines();
    stream.sendData(new Uint8Array(3), true);
    stream.sendMessage(new Uint8Array(3), true);
    stream.sendHeaders(block("a: b"), true);
    stream.reset(8);
    stream.consumed(100);
    expect([side.lines(), stream.ended]).toEqual([[], true]);
  });
});
