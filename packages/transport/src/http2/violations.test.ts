/**
 * What a connection does about frames that are wrong: the stream is reset, or the connection ends, with the code that RFC 9113
 * asks for. Each row: what comes, and all that happens.
 */
import { describe, expect, it } from "vitest";
import { hex } from "../testing/hpack.js";
import { preface } from "../testing/http2-bytes.js";
import {
  block,
  CALL,
  data,
  END,
  frame,
  goAway,
  headers,
  ping,
  request,
  reset,
  Side,
  settings,
  settingsAck,
  text,
  uint32,
  windowUpdate,
} from "../testing/http2-script.js";

type Row = readonly [name: string, chunks: readonly Uint8Array[], code: string];

/** PADDED, and so many octets of padding announced. */
const padded = (type: "DATA" | "HEADERS", length: number, rest: string): Uint8Array =>
  frame(type, 0x8 | (type === "HEADERS" ? 0x4 : 0), 1, hex(`${length.toString(16).padStart(2, "0")}${rest}`));

/** Answers to every request that has ended: HEADERS with END_STREAM. */
function answering(): Side {
  const side = new Side("server");
  side.onEvent = (stream, event) => {
    if (event.endsWith("end")) stream.sendHeaders(block(":status: 200"), true);
  };
  return side;
}

describe("the connection ends", () => {
  it.each<Row>([
    ["DATA on the connection", [data(0, "x")], "PROTOCOL_ERROR"],
    ["DATA on a stream nobody opened", [data(1, "x")], "PROTOCOL_ERROR"],
    ["DATA with more padding than it has", [request(1), padded("DATA", 2, "00")], "PROTOCOL_ERROR"],
    ["HEADERS on the connection", [request(0)], "PROTOCOL_ERROR"],
    ["HEADERS on an even stream", [request(2)], "PROTOCOL_ERROR"],
    ["HEADERS with more padding than it has", [padded("HEADERS", 9, "82")], "PROTOCOL_ERROR"],
    ["HEADERS shorter than its priority", [frame("HEADERS", 0x24, 1, hex("0000"))], "FRAME_SIZE_ERROR"],
    ["a stream below one before", [request(5), request(3)], "PROTOCOL_ERROR"],
    ["a block that HPACK does not know", [frame("HEADERS", 0x4, 1, hex("ff"))], "COMPRESSION_ERROR"],
    ["CONTINUATION without HEADERS", [frame("CONTINUATION", 4, 1, hex("82"))], "PROTOCOL_ERROR"],
    [
      "CONTINUATION of another stream",
      [frame("HEADERS", 0, 1, hex("82")), frame("CONTINUATION", 4, 3, hex("86"))],
      "PROTOCOL_ERROR",
    ],
    ["a frame inside a header block", [frame("HEADERS", 0, 1, hex("82")), ping("12345678")], "PROTOCOL_ERROR"],
    [
      "an unknown frame inside a header block",
      [frame("HEADERS", 0, 1, hex("82")), frame(99, 0, 1, hex(""))],
      "PROTOCOL_ERROR",
    ],
    ["PRIORITY on the connection", [frame("PRIORITY", 0, 0, hex("0000000010"))], "PROTOCOL_ERROR"],
    ["PRIORITY of a stream on itself", [frame("PRIORITY", 0, 1, hex("0000000110"))], "PROTOCOL_ERROR"],
    ["PRIORITY of four octets, without a stream", [frame("PRIORITY", 0, 1, hex("00000000"))], "FRAME_SIZE_ERROR"],
    ["RST_STREAM on the connection", [reset(0)], "PROTOCOL_ERROR"],
    ["RST_STREAM for a stream nobody opened", [reset(1)], "PROTOCOL_ERROR"],
    ["RST_STREAM of five octets", [request(1), frame("RST_STREAM", 0, 1, hex("0000000000"))], "FRAME_SIZE_ERROR"],
    ["SETTINGS on a stream", [frame("SETTINGS", 0, 1, hex(""))], "PROTOCOL_ERROR"],
    ["SETTINGS of five octets", [frame("SETTINGS", 0, 0, hex("0000000000"))], "FRAME_SIZE_ERROR"],
    ["SETTINGS that acknowledge and set", [frame("SETTINGS", 1, 0, hex("000100000000"))], "FRAME_SIZE_ERROR"],
    ["ENABLE_PUSH of 2", [settings([2, 2])], "PROTOCOL_ERROR"],
    ["a window of 2^31", [settings([4, 2 ** 31])], "FLOW_CONTROL_ERROR"],
    ["frames of less than 16,384 bytes", [settings([5, 16_383])], "PROTOCOL_ERROR"],
    ["frames of 2^24 bytes", [settings([5, 2 ** 24])], "PROTOCOL_ERROR"],
    ["PUSH_PROMISE", [frame("PUSH_PROMISE", 4, 1, hex("00000002 82"))], "PROTOCOL_ERROR"],
    ["PING on a stream", [frame("PING", 0, 1, text("12345678"))], "PROTOCOL_ERROR"],
    ["PING of seven octets", [ping("1234567")], "FRAME_SIZE_ERROR"],
    ["GOAWAY on a stream", [frame("GOAWAY", 0, 1, uint32(0, 0))], "PROTOCOL_ERROR"],
    ["GOAWAY of four octets", [frame("GOAWAY", 0, 0, uint32(0))], "FRAME_SIZE_ERROR"],
    ["WINDOW_UPDATE of three octets", [frame("WINDOW_UPDATE", 0, 0, hex("000001"))], "FRAME_SIZE_ERROR"],
    ["WINDOW_UPDATE of 0 for the connection", [windowUpdate(0, 0)], "PROTOCOL_ERROR"],
    ["WINDOW_UPDATE for a stream nobody opened", [windowUpdate(1, 1)], "PROTOCOL_ERROR"],
    ["a window of the connection above 2^31 - 1", [windowUpdate(0, 2 ** 31 - 1)], "FLOW_CONTROL_ERROR"],
    [
      "SETTINGS that make a stream's window too large",
      [request(1), windowUpdate(1, 2 ** 31 - 1 - 65_535), settings([4, 65_536])],
      "FLOW_CONTROL_ERROR",
    ],
    ["a frame longer than allowed", [hex("004001 00 00 00000001")], "FRAME_SIZE_ERROR"],
  ])("on %s", (_name, chunks, code) => {
    const side = new Side("server");
    const lines = side.told(...chunks);
    expect(lines.slice(-1)).toEqual([`failed ${code}`]);
    expect(lines.find((line) => line.startsWith("> GOAWAY"))).toMatch(new RegExp(`^> GOAWAY \\d ${code} `));
    // It is over: nothing is heard or said any more.
    expect(side.told(ping("12345678"), request(7))).toEqual([]);
  });

  it.each<Row>([
    ["no preface", [text("GET / HTTP/1.1\r\n\r\n       ")], "PROTOCOL_ERROR"],
    ["a preface that is wrong in the end", [preface.subarray(0, 23), text("x")], "PROTOCOL_ERROR"],
    ["no SETTINGS behind the preface", [preface, ping("12345678")], "PROTOCOL_ERROR"],
    ["an acknowledgement behind the preface", [preface, settingsAck], "PROTOCOL_ERROR"],
  ])("on %s", (_name, chunks, code) => {
    expect(new Side("server", {}, true).told(...chunks).slice(-1)).toEqual([`failed ${code}`]);
  });

  it.each<Row>([
    ["an answer on a stream that was not opened", [headers(3, 0, ":status: 200")], "PROTOCOL_ERROR"],
    ["a stream of the server's", [headers(2, 0, ":status: 200")], "PROTOCOL_ERROR"],
    ["PUSH_PROMISE", [frame("PUSH_PROMISE", 4, 1, hex("00000002 82"))], "PROTOCOL_ERROR"],
    ["ENABLE_PUSH of 1 from a server", [settings([2, 1])], "PROTOCOL_ERROR"],
  ])("of a client, on %s", (_name, chunks, code) => {
    const side = new Side("client");
    side.open();
    expect(side.told(...chunks).slice(-2)).toEqual([`reset 1 ${code}`, `failed ${code}`]);
  });

  it("on HEADERS for a stream that was answered", () => {
    expect(answering().told(request(1, END), request(1, END)).slice(-1)).toEqual(["failed STREAM_CLOSED"]);
  });
});

describe("the stream ends", () => {
  it.each<Row>([
    ["DATA behind its end", [request(1, END), data(1, "x")], "STREAM_CLOSED"],
    ["HEADERS behind its end", [request(1, END), headers(1, END, "a: b")], "STREAM_CLOSED"],
    ["HEADERS in the middle without an end", [request(1), headers(1, 0, "a: b")], "PROTOCOL_ERROR"],
    ["WINDOW_UPDATE of 0", [request(1), windowUpdate(1, 0)], "PROTOCOL_ERROR"],
    ["a window above 2^31 - 1", [request(1), windowUpdate(1, 2 ** 31 - 1)], "FLOW_CONTROL_ERROR"],
    ["PRIORITY on itself", [request(1), frame("PRIORITY", 0, 1, hex("0000000110"))], "PROTOCOL_ERROR"],
    ["PRIORITY of four octets", [request(1), frame("PRIORITY", 0, 1, hex("00000000"))], "FRAME_SIZE_ERROR"],
  ])("on %s, and the connection goes on", (_name, chunks, code) => {
    const side = new Side("server");
    expect(side.told(...chunks).slice(-2)).toEqual([`> RST_STREAM 1 ${code}`, `reset 1 ${code}`]);
    expect(side.told(request(3, END))).toEqual(["request 3 end"]);
  });

  it("on HEADERS that make it depend on itself, before anybody hears of it", () => {
    const dependent = frame("HEADERS", 0x24, 1, Uint8Array.from([...hex("0000000110"), ...block(...CALL)]));
    expect(new Side("server").told(dependent, request(3))).toEqual(["> RST_STREAM 1 PROTOCOL_ERROR", "request 3"]);
  });

  it("on DATA for one that was answered", () => {
    const side = answering();
    expect(side.told(request(1, END), data(1, "x"))).toEqual([
      "request 1 end",
      "> HEADERS 1 end",
      "> RST_STREAM 1 STREAM_CLOSED",
    ]);
  });

  it("on an answer's DATA before its head", () => {
    const side = new Side("client");
    side.open();
    side.lines();
    expect(side.told(data(1, "x"))).toEqual(["> RST_STREAM 1 PROTOCOL_ERROR", "reset 1 PROTOCOL_ERROR"]);
  });
});

describe("nothing happens", () => {
  it("on frames that were sent before our reset was seen, and their window is given back", () => {
    const side = new Side("server", { connectionWindowBytes: 65_535 });
    side.told(request(1));
    side.stream(1).reset(8);
    expect(side.lines()).toEqual(["> RST_STREAM 1 CANCEL"]);
    const late = [data(1, "x".repeat(16_000)), data(1, "x".repeat(16_000)), headers(1, END, "a: b")];
    expect(side.told(...late, windowUpdate(1, 1), reset(1))).toEqual([]);
    expect(side.told(data(1, "x".repeat(16_000)))).toEqual(["> WINDOW_UPDATE 48000"]);
  });

  it("on WINDOW_UPDATE, PRIORITY and RST_STREAM for a stream that is over", () => {
    const side = answering();
    side.told(request(1, END));
    expect(side.told(windowUpdate(1, 5), frame("PRIORITY", 0, 1, hex("0000000010")), reset(1))).toEqual([]);
  });

  it("on frames of unknown types, unknown settings and flags, and the reserved bit", () => {
    const side = new Side("server");
    const reserved = ping("12345678", 0xfe);
    reserved[5] = 0x80;
    expect(side.told(frame(99, 0xff, 1, text("x")), settings([0xfff, 1]), reserved)).toEqual([
      "> SETTINGS ACK",
      "settings",
      "> PING ACK",
    ]);
  });

  it("on a client's GOAWAY but to tell of it", () => {
    const side = new Side("server");
    expect(side.told(goAway(0), request(1, END))).toEqual(["goAway 0 NO_ERROR", "request 1 end"]);
  });
});
