/** The beginning and the end of connections: SETTINGS, GOAWAY (RFC 9113 §6.8), a socket that is gone. */
import { describe, expect, it } from "vitest";
import {
  block,
  CALL,
  data,
  END,
  goAway,
  headers,
  ping,
  request,
  reset,
  Side,
  settings,
} from "../testing/http2-script.js";
import { ErrorCode } from "./error-code.js";

describe("a client", () => {
  it("says its preface and SETTINGS, and is ready with the server's", () => {
    const side = new Side("client", {}, true);
    expect(side.lines()).toEqual(["> SETTINGS", "> WINDOW_UPDATE 8323073"]);
    expect(side.connection.ready).toBe(false);
    expect(side.told(settings([3, 2]))).toEqual(["> SETTINGS ACK", "settings"]);
    expect([side.connection.ready, side.connection.peerStreamsMax]).toEqual([true, 2]);
  });

  it("opens as many streams as the server allows", () => {
    const side = new Side("client");
    side.told(settings([3, 2]));
    side.open(END);
    side.open();
    expect([side.connection.canOpen, side.connection.openStreams]).toEqual([false, 2]);
    expect(() => side.open()).toThrow();
    expect(side.lines()).toEqual(["> HEADERS 1 end", "> HEADERS 3"]);
    side.told(headers(1, END, ":status: 200"));
    expect(side.connection.canOpen).toBe(true);
    expect(side.open().id).toBe(5);
  });

  it("hears which streams a GOAWAY leaves out, and opens none after it", () => {
    const side = new Side("client");
    for (let i = 0; i < 3; i++) side.open();
    side.lines();
    expect(side.told(goAway(3))).toEqual(["reset 5 NO_ERROR refused", "goAway 3 NO_ERROR"]);
    expect([side.connection.canOpen, side.connection.leaving]).toEqual([false, true]);
    // A second one takes more away; the streams that are left go on.
    expect(side.told(goAway(1, 11))).toEqual(["reset 3 ENHANCE_YOUR_CALM refused", "goAway 1 ENHANCE_YOUR_CALM"]);
    expect(side.told(headers(1, END, ":status: 200"))).toEqual(["headers 1 :status=200 end"]);
  });

  it("hears that a stream was refused", () => {
    const side = new Side("client");
    side.open();
    side.open();
    side.lines();
    expect(side.told(reset(1, ErrorCode.REFUSED_STREAM), reset(3, ErrorCode.INTERNAL_ERROR))).toEqual([
      "reset 1 REFUSED_STREAM refused",
      "reset 3 INTERNAL_ERROR",
    ]);
  });

  it("whose socket is gone tells which streams were never sent", () => {
    const side = new Side("client");
    side.open();
    side.lines();
    side.open();
    side.connection.closed();
    side.connection.closed();
    // The stream's HEADERS of the second are in the output, which nobody takes any more.
    expect(side.lines().filter((line) => !line.startsWith(">"))).toEqual(["reset 1 CANCEL", "reset 3 CANCEL refused"]);
    side.stream(1).sendData(new Uint8Array(3), true);
    side.connection.ping(new Uint8Array(8));
    side.connection.goAway(0);
    expect([side.told(ping("12345678")), side.connection.canOpen]).toEqual([[], false]);
  });

  it("resets what it does not want, without being told", () => {
    const side = new Side("client");
    side.open().reset(ErrorCode.CANCEL);
    side.stream(1).reset(ErrorCode.CANCEL);
    expect(side.lines()).toEqual(["> HEADERS 1", "> RST_STREAM 1 CANCEL"]);
    expect(side.told(headers(1, 0, ":status: 200"), data(1, "abc"), headers(1, END, "a: b"))).toEqual([]);
  });

  it("knows its own ping by what comes back", () => {
    const side = new Side("client");
    side.connection.ping(Buffer.from("abcdefgh"));
    expect(side.told(ping("abcdefgh", 1))).toEqual(["> PING", "pong abcdefgh"]);
    expect(() => side.connection.ping(new Uint8Array(7))).toThrow(RangeError);
  });

  it("is told that the connection is broken after its streams", () => {
    const side = new Side("client");
    side.open();
    side.lines();
    side.onEvent = (stream) => stream.sendData(new Uint8Array(5), true);
    expect(side.told(data(0, "x"))).toEqual([
      "> GOAWAY 0 PROTOCOL_ERROR DATA on the connection",
      "reset 1 PROTOCOL_ERROR",
      "failed PROTOCOL_ERROR",
    ]);
    expect(side.connection.open(block(...CALL), true, side.stream(1).handler)).toBeUndefined();
  });
});

describe("a server", () => {
  it("goes in two steps: nothing new, please, and then nothing new at all", () => {
    const side = new Side("server");
    side.told(request(1));
    side.connection.shutdownNotice();
    expect(side.lines()).toEqual(["> GOAWAY 2147483647 NO_ERROR"]);
    expect(side.told(request(3))).toEqual(["request 3"]);
    side.connection.goAway(ErrorCode.NO_ERROR, "bye");
    side.connection.shutdownNotice();
    expect(side.lines()).toEqual(["> GOAWAY 3 NO_ERROR bye"]);
    expect(side.told(request(5), data(5, "abc", END))).toEqual(["> RST_STREAM 5 REFUSED_STREAM"]);
    expect(side.told(data(3, "abc", END))).toEqual(["data 3 abc end"]);
    side.stream(3).sendHeaders(block(":status: 200"), true);
    expect([side.lines(), side.connection.openStreams]).toEqual([["> HEADERS 3 end"], 1]);
    // A GOAWAY never names a later stream than the one before.
    side.told(request(7), data(0, "x"));
    expect(side.connection.leaving).toBe(true);
  });

  it("names the last request that was handed out, not the last that came", () => {
    const side = new Side("server");
    side.told(request(1), headers(3, 0, ":method: GET"));
    side.connection.goAway(0);
    expect(side.lines()).toEqual(["> GOAWAY 1 NO_ERROR"]);
  });

  it("refuses a stream above the number that it has announced", () => {
    const side = new Side("server", { limits: { concurrentStreamsMax: 2 } });
    expect(side.told(request(1), request(3), request(5))).toEqual([
      "request 1",
      "request 3",
      "> RST_STREAM 5 REFUSED_STREAM",
    ]);
    side.told(reset(1));
    expect(side.told(request(7))).toEqual(["request 7"]);
  });

  it("tells each stream of a failure once, and nothing after it", () => {
    const side = new Side("server");
    side.told(request(1), request(3));
    expect(side.told(ping("123"))).toEqual([
      "> GOAWAY 3 FRAME_SIZE_ERROR PING of 3 bytes",
      "reset 1 FRAME_SIZE_ERROR",
      "reset 3 FRAME_SIZE_ERROR",
      "failed FRAME_SIZE_ERROR",
    ]);
    side.connection.closed();
    expect(side.lines()).toEqual([]);
  });

  it("whose socket is gone has processed its requests", () => {
    const side = new Side("server");
    side.told(request(1));
    side.connection.closed();
    expect(side.lines()).toEqual(["reset 1 CANCEL"]);
  });
});
