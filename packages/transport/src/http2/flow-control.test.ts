/** Windows (RFC 9113 §5.2, §6.9): what is sent waits for them, and what is received is granted anew when it was read. */
import { describe, expect, it } from "vitest";
import {
  block,
  data,
  END,
  headers,
  request,
  reset,
  Side,
  settings,
  settingsAck,
  windowUpdate,
} from "../testing/http2-script.js";

const bytes = (length: number): Uint8Array => new Uint8Array(length);

/** A server with these requests open, whose client grants streams so much. */
function serving(windowBytes: number, ...ids: readonly number[]): Side {
  const side = new Side("server");
  side.told(settings([4, windowBytes]), ...ids.map((id) => request(id)));
  return side;
}

describe("data that is sent", () => {
  it("waits for the stream's window, and trailers wait behind it", () => {
    const side = serving(10, 1);
    side.stream(1).sendData(bytes(15), false);
    side.stream(1).sendData(bytes(5), false);
    side.stream(1).sendHeaders(block("grpc-status: 0"), true);
    expect(side.lines()).toEqual(["> DATA 1 \0\0\0\0\0\0\0\0\0\0"]);
    expect([side.stream(1).queuedBytes, side.connection.bufferedBytes]).toEqual([10, 10]);
    expect(side.told(windowUpdate(1, 4))).toEqual(["> DATA 1 \0\0\0\0"]);
    expect(side.told(windowUpdate(1, 100))).toEqual(["> DATA 1 \0\0\0\0\0\0", "> HEADERS 1 end", "drained 1"]);
    expect(side.connection.bufferedBytes).toBe(0);
  });

  it("ends with its last frame", () => {
    const side = serving(3, 1);
    side.stream(1).sendData(Buffer.from("abcde"), true);
    expect([side.lines(), side.told(windowUpdate(1, 9))]).toEqual([["> DATA 1 abc"], ["> DATA 1 de end", "drained 1"]]);
  });

  it("of a message waits whole behind its prefix", () => {
    const side = serving(7, 1);
    side.stream(1).sendMessage(Buffer.from("abcde"), true);
    expect(side.lines()).toEqual(["> DATA 1 \0\0\0\0\u0005ab"]);
    expect(side.told(windowUpdate(1, 9))).toEqual(["> DATA 1 cde end", "drained 1"]);
  });

  it("is cut into frames that the other side takes, and is no news when nothing waits", () => {
    const side = serving(2 ** 20, 1);
    side.stream(1).sendMessage(bytes(40_000), false);
    expect(side.lines()).toEqual(["> DATA 1 16384 bytes", "> DATA 1 16384 bytes", "> DATA 1 7237 bytes"]);
    side.told(settings([5, 50_000]), windowUpdate(0, 2 ** 20));
    side.stream(1).sendData(bytes(40_000), false);
    expect(side.lines()).toEqual(["> DATA 1 40000 bytes"]);
  });

  it("can be empty with an end, whatever the windows are", () => {
    const side = serving(0, 1);
    side.stream(1).sendData(bytes(0), true);
    expect(side.lines()).toEqual(["> DATA 1 end"]);
  });

  it("shares the connection's window in turn", () => {
    const side = serving(2 ** 20, 1, 3, 5);
    side.stream(1).sendData(bytes(65_535), false);
    side.stream(1).sendData(bytes(40_000), false);
    side.stream(3).sendData(bytes(20_000), false);
    side.stream(5).sendData(bytes(100), true);
    side.lines();
    expect(side.told(windowUpdate(0, 100_000))).toEqual([
      "> DATA 1 16384 bytes",
      "> DATA 3 16384 bytes",
      "> DATA 5 100 bytes end",
      "drained 5",
      "> DATA 1 16384 bytes",
      "> DATA 3 3616 bytes",
      "drained 3",
      "> DATA 1 7232 bytes",
      "drained 1",
    ]);
  });

  it("does not overtake when a handler sends as soon as it may", () => {
    const side = serving(2 ** 20, 1, 3);
    side.stream(1).sendData(bytes(65_535), false);
    side.stream(1).sendData(bytes(100), false);
    side.stream(3).sendData(bytes(100), true);
    side.lines();
    let more = 1;
    side.onEvent = (stream, event) => {
      if (event === "drained 1" && more-- > 0) stream.sendData(bytes(50), false);
    };
    expect(side.told(windowUpdate(0, 1_000))).toEqual([
      "> DATA 1 100 bytes",
      "drained 1",
      "> DATA 3 100 bytes end",
      "drained 3",
      "> DATA 1 50 bytes",
      "drained 1",
    ]);
  });

  it("waits while a window that was lowered is below nothing", () => {
    const side = serving(100, 1);
    side.stream(1).sendData(bytes(80), false);
    side.told(settings([4, 30]));
    side.stream(1).sendData(bytes(40), false);
    expect(side.lines()).toEqual([]);
    expect(side.told(windowUpdate(1, 50))).toEqual([]);
    expect(side.told(windowUpdate(1, 15))).toEqual(["> DATA 1 \0".padEnd(24, "\0")]);
    expect(side.told(settings([4, 60]))).toEqual(["> SETTINGS ACK", "> DATA 1 25 bytes", "drained 1", "settings"]);
  });

  it("is dropped with its stream, and the others go on", () => {
    const side = serving(2 ** 20, 1, 3);
    side.stream(1).sendData(bytes(70_000), false);
    side.stream(3).sendData(bytes(50), false);
    side.lines();
    expect(side.told(reset(1))).toEqual(["reset 1 CANCEL"]);
    expect(side.connection.bufferedBytes).toBe(50);
    expect(side.told(windowUpdate(0, 1_000))).toEqual(["> DATA 3 50 bytes", "drained 3"]);
  });

  it("goes nowhere behind trailers that wait, and a head cannot wait", () => {
    const side = serving(1, 1);
    side.stream(1).sendData(bytes(2), false);
    expect(() => side.stream(1).sendHeaders(block("a: b"), false)).toThrow(RangeError);
    side.stream(1).sendHeaders(block("a: b"), true);
    side.stream(1).sendData(bytes(5), false);
    expect(side.stream(1).queuedBytes).toBe(1);
  });
});

describe("data that is received", () => {
  const options = { streamWindowBytes: 100_000, connectionWindowBytes: 200_000 };
  const part = (id: number, flags = 0): Uint8Array => data(id, "x".repeat(10_000), flags);

  it("is announced with a window for streams, and one for the connection", () => {
    expect(new Side("server", options, true).lines()).toEqual(["> SETTINGS", "> WINDOW_UPDATE 134465"]);
  });

  it("is granted anew when half of a window was read", () => {
    const side = new Side("server", options);
    side.reads = false;
    side.told(request(1), ...Array.from({ length: 9 }, () => part(1)));
    side.stream(1).consumed(49_999);
    expect(side.lines()).toEqual([]);
    side.stream(1).consumed(1);
    expect(side.lines()).toEqual(["> WINDOW_UPDATE 1 50000"]);
    // No more than was received, whatever is said.
    side.stream(1).consumed(1_000_000);
    expect(side.lines()).toEqual([]);
    expect(side.told(...Array.from({ length: 6 }, () => part(1))).slice(1)).toEqual(
      Array(5).fill("data 1 10000 bytes"),
    );
    side.stream(1).consumed(10_000);
    expect(side.lines()).toEqual(["> WINDOW_UPDATE 100000", "> WINDOW_UPDATE 1 50000"]);
  });

  it("may not be more than the stream's window, which is given back to the connection", () => {
    const side = new Side("server", options);
    side.reads = false;
    const told = side.told(request(1), ...Array.from({ length: 11 }, () => part(1)));
    expect(told.slice(-3)).toEqual([
      "> RST_STREAM 1 FLOW_CONTROL_ERROR",
      "> WINDOW_UPDATE 110000",
      "reset 1 FLOW_CONTROL_ERROR",
    ]);
  });

  it("may not be more than the connection's window", () => {
    const side = new Side("server", options);
    side.reads = false;
    const chunks = [1, 3, 5].flatMap((id) => [request(id), ...Array.from({ length: 7 }, () => part(id))]);
    expect(side.told(...chunks).at(-1)).toBe("failed FLOW_CONTROL_ERROR");
  });

  it("counts by the default until our SETTINGS are acknowledged", () => {
    const side = new Side("client", { streamWindowBytes: 1_000 }, true);
    side.reads = false;
    side.told(settings());
    side.open();
    const chunks = [headers(1, 0, ":status: 200"), part(1), part(1)];
    expect(side.told(...chunks).at(-1)).toBe("data 1 10000 bytes");
    side.told(settingsAck);
    expect(side.told(part(1)).at(-1)).toBe("reset 1 FLOW_CONTROL_ERROR");
  });

  it.each(["a reset of ours", "a reset of theirs", "both ends and a reset"])(
    "and not read is given back to the connection with %s",
    (how) => {
      const side = new Side("server", options);
      side.reads = false;
      const ended = how.startsWith("both");
      const parts = Array.from({ length: 9 }, () => part(1));
      side.told(request(1), ...parts, part(1, ended ? END : 0));
      if (ended) side.stream(1).sendHeaders(block(":status: 200"), true);
      side.lines();
      if (how.includes("theirs")) side.receive(reset(1));
      else side.stream(1).reset(8);
      side.stream(1).reset(8);
      side.stream(1).consumed(5_000);
      expect(side.lines().filter((line) => line.includes("WINDOW"))).toEqual(["> WINDOW_UPDATE 100000"]);
    },
  );
});
