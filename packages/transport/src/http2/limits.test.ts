/**
 * Attacks on HTTP/2, each with the limit that ends it, and the honest peers next to it that must not meet the limit. All of
 * them are bytes that a script can send over one connection.
 */
import { describe, expect, it } from "vitest";
import { hex } from "../testing/hpack.js";
import {
  block,
  CALL,
  data,
  END,
  frame,
  headers,
  ping,
  request,
  reset,
  Side,
  settings,
  settingsAck,
  text,
  windowUpdate,
} from "../testing/http2-script.js";
import type { Http2Limits } from "./limits.js";
import { octetString } from "./octets.js";

const CALM = "failed ENHANCE_YOUR_CALM";

function server(limits: Partial<Http2Limits> = {}): Side {
  return new Side("server", { limits });
}

/** Sends what `chunks` makes for 0, 1, … and says at which the connection failed, or how many it took. */
function flood(side: Side, times: number, chunks: (i: number) => readonly Uint8Array[]): number {
  for (let i = 0; i < times; i++) if (side.told(...chunks(i)).includes(CALM)) return i;
  return times;
}

describe("resets", () => {
  const limits = { resetsPerSecond: 10, resetsBurst: 100 };
  const openAndReset = (i: number): Uint8Array[] => [request(2 * i + 1), reset(2 * i + 1)];

  it("by the client come to an end (rapid reset, CVE-2023-44487)", () => {
    expect(flood(server(limits), 1_000, openAndReset)).toBe(100);
    expect(flood(server(), 20_000, openAndReset)).toBe(5_000);
  });

  it("at a rate that people have are taken for ever", () => {
    const side = server(limits);
    const slowly = (i: number): Uint8Array[] => {
      side.nowMs += 100;
      return openAndReset(i);
    };
    expect(flood(side, 1_000, slowly)).toBe(1_000);
  });

  it.each<readonly [name: string, chunks: (id: number) => readonly Uint8Array[]]>([
    ["a window that overflows", (id) => [request(id), windowUpdate(id, 2 ** 31 - 1)]],
    ["a WINDOW_UPDATE of nothing", (id) => [request(id), windowUpdate(id, 0)]],
    ["data behind the end", (id) => [request(id, END), data(id, "x")]],
    ["a body longer than announced", (id) => [request(id, 0, "content-length: 1"), data(id, "xx")]],
    ["a PRIORITY of the wrong size", (id) => [request(id), frame("PRIORITY", 0, id, hex("00"))]],
    ["trailers without an end", (id) => [request(id), request(id)]],
    ["malformed heads", (id) => [headers(id, 0, "a: b")]],
    ["streams that are refused", (id) => [request(id + 2 ** 20)]],
  ])("that a client makes the server send end too: %s (MadeYouReset, CVE-2025-8671)", (name, chunks) => {
    const side = server({ ...limits, concurrentStreamsMax: name.includes("refused") ? 0 : 100 });
    expect(flood(side, 1_000, (i) => chunks(2 * i + 1))).toBe(100);
  });

  it("of a client's own calls are its own business, and so are a server's", () => {
    const side = new Side("client", { limits });
    for (let i = 0; i < 1_000; i++) side.open().reset(8);
    for (let i = 0; i < 1_000; i++) side.told(reset(side.open().id));
    expect(side.connection.leaving).toBe(false);
  });
});

describe("control frames", () => {
  const limits = { controlFramesPerSecond: 10, controlFramesBurst: 100, pingIntervalMsMin: 0 };

  it.each<readonly [name: string, frames: readonly Uint8Array[]]>([
    ["PING (CVE-2019-9512)", [ping("12345678")]],
    ["PING with ACK", [ping("12345678", 1)]],
    ["SETTINGS (CVE-2019-9515)", [settings()]],
    ["SETTINGS with ACK", [settingsAck]],
    ["SETTINGS that change the windows of all streams", [settings([4, 65_536]), settings([4, 65_535])]],
    ["empty DATA (CVE-2019-9518)", [data(1, "")]],
    ["DATA of nothing but padding", [frame("DATA", 0x8, 1, hex("03 000000"))]],
    ["PRIORITY (CVE-2019-9513)", [frame("PRIORITY", 0, 1, hex("0000000310"))]],
    ["WINDOW_UPDATE of one byte for a stream (CVE-2019-9511)", [windowUpdate(1, 1)]],
    ["WINDOW_UPDATE of one byte", [windowUpdate(0, 1)]],
    ["RST_STREAM for a stream that is over", [reset(3)]],
    ["DATA for a stream that we have reset", [data(5, "x")]],
    ["trailers for a stream that we have reset", [headers(5, END, "a: b")]],
    ["GOAWAY", [frame("GOAWAY", 0, 0, hex("00000000 00000000"))]],
    ["frames of an unknown type", [frame(77, 0, 0, hex(""))]],
  ])("come to an end: %s", (_name, frames) => {
    const side = server(limits);
    side.told(request(1), request(3), reset(3), request(5));
    side.stream(5).reset(8);
    side.lines();
    const taken = flood(side, 1_000, () => frames) * frames.length;
    expect(taken).toBeGreaterThanOrEqual(95);
    expect(taken).toBeLessThanOrEqual(100);
  });

  it("at a rate that people have are taken for ever", () => {
    const side = server(limits);
    const slowly = (): Uint8Array[] => {
      side.nowMs += 100;
      return [ping("12345678")];
    };
    expect(flood(side, 1_000, slowly)).toBe(1_000);
  });

  it("that answer what we send are free: pings that measure, windows that are updated for every message", () => {
    const side = server({ ...limits, pingIntervalMsMin: 5_000 });
    const call = (i: number): Uint8Array[] => {
      side.told(request(2 * i + 1, END));
      side.stream(2 * i + 1).sendHeaders(block(":status: 200"), false);
      side.stream(2 * i + 1).sendHeaders(block("grpc-status: 0"), true);
      return [ping("12345678"), windowUpdate(0, 5)];
    };
    expect(flood(side, 1_000, call)).toBe(1_000);
    expect(flood(side, 1_000, () => [windowUpdate(0, 5)])).toBeLessThan(3_000);
  });

  it("of a server with interim heads come to an end at its client", () => {
    const side = new Side("client", { limits });
    side.open();
    expect(flood(side, 1_000, () => [headers(1, 0, ":status: 103")])).toBeLessThan(101);
  });

  it("whose answers nobody takes come to an end", () => {
    const side = server({ outputBytesMax: 1_000, pingIntervalMsMin: 0 });
    side.receive(...Array.from({ length: 58 }, () => ping("12345678")));
    expect(side.lines()).toHaveLength(58);
    side.receive(...Array.from({ length: 60 }, () => ping("12345678")));
    expect(side.lines().at(-1)).toBe(CALM);
  });
});

describe("header blocks", () => {
  it("of endless CONTINUATION frames come to an end (CVE-2024-27316)", () => {
    const side = server();
    side.told(frame("HEADERS", 0, 1, block(...CALL)));
    expect(flood(side, 100, () => [frame("CONTINUATION", 0, 1, hex(""))])).toBe(8);
  });

  it("that are too many bytes come to an end before they are decoded, and are not kept", () => {
    const side = server({ headerListBytesMax: 20_000 });
    const part = new Uint8Array(16_000);
    side.told(frame("HEADERS", 0, 1, part));
    expect(side.connection.unfinishedBytes).toBe(16_000);
    expect(side.told(frame("CONTINUATION", 0, 1, part)).at(-1)).toBe(CALM);
  });

  it.each([
    ["bytes", { headerListBytesMax: 1_000 }, [`x: ${"y".repeat(1_000)}`]],
    ["fields", { headerFieldsMax: 20 }, Array.from({ length: 21 }, (_, i) => `x${i}: y`)],
  ])("with a list of too many %s are refused, and the next one is not", (_name, limits, more) => {
    const side = server(limits);
    expect(side.told(request(1, 0, ...more), request(3))).toEqual(["> RST_STREAM 1 ENHANCE_YOUR_CALM", "request 3"]);
    expect(side.told(headers(3, END, ...more))).toEqual([
      "> RST_STREAM 3 ENHANCE_YOUR_CALM",
      "reset 3 ENHANCE_YOUR_CALM",
    ]);
    const client = new Side("client", { limits });
    client.open();
    expect(client.told(headers(1, 0, ":status: 200", ...more)).at(-1)).toBe("reset 1 ENHANCE_YOUR_CALM");
  });

  it("that say a large field of the table again and again make no large list (HPACK bomb, CVE-2016-1544)", () => {
    const side = server();
    const value = "x".repeat(4_000);
    const add = Uint8Array.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e, ...text(value)]);
    const bomb = new Uint8Array(16_000).fill(0xbe);
    const call = [...block(...CALL)];
    side.told(frame("HEADERS", 4, 1, Uint8Array.from([...call, ...add])));
    expect(side.told(frame("HEADERS", 4, 3, Uint8Array.from([...call, ...bomb])))).toEqual([
      "> RST_STREAM 3 ENHANCE_YOUR_CALM",
    ]);
  });
});

describe("keepalive pings", () => {
  const limits = { pingIntervalMsMin: 1_000, pingStrikes: 2 };
  /** When the client is sent away, pinging at this interval. */
  const pings = (side: Side, everyMs: number): number =>
    flood(side, 50, () => {
      side.nowMs += everyMs;
      return [ping("12345678")];
    });

  it("below the floor are put up with twice", () => {
    const side = server(limits);
    side.told(request(1));
    expect(pings(side, 999)).toBe(3);
    const again = server(limits);
    again.told(request(1), ...Array.from({ length: 3 }, () => ping("12345678")));
    expect(again.told(ping("12345678"))).toEqual([
      "> GOAWAY 1 ENHANCE_YOUR_CALM too_many_pings",
      "reset 1 ENHANCE_YOUR_CALM",
      CALM,
    ]);
  });

  it("at the floor are taken while a stream is open, and else at two hours", () => {
    const side = server(limits);
    side.told(request(1));
    expect(pings(side, 1_000)).toBe(50);
    expect(pings(server(limits), 1_000)).toBe(3);
    expect(pings(server(limits), 2 * 3_600_000)).toBe(50);
  });

  it("are forgiven by what the server sends of a call", () => {
    const side = server(limits);
    side.told(request(1, END));
    for (let i = 0; i < 20; i++) {
      expect(side.told(ping("12345678"), ping("12345678"), ping("12345678"))).toHaveLength(3);
      if (i === 0) side.stream(1).sendHeaders(block(":status: 200"), false);
      side.stream(1).sendData(text("x"), false);
      side.lines();
    }
  });

  it("of a server have no floor", () => {
    expect(pings(new Side("client", { limits }), 1)).toBe(50);
  });
});

describe("frames", () => {
  it("of more bytes than announced are not waited for, and others are kept until they are whole", () => {
    const side = server({ frameBytesMax: 20_000 });
    expect(new Side("server", { limits: { frameBytesMax: 20_000 } }, true).lines()[0]).toBe("> SETTINGS");
    side.told(request(1), hex("004e20 00 00 00000001"), new Uint8Array(19_999));
    expect(side.connection.unfinishedBytes).toBe(20_008);
    expect(side.told(new Uint8Array(1))).toEqual(["data 1 20000 bytes"]);
    expect(side.told(hex("004e21 00 00 00000001")).at(-1)).toBe("failed FRAME_SIZE_ERROR");
  });

  it("of data are views that nobody writes again", () => {
    const side = server();
    const seen: Uint8Array[] = [];
    side.told(request(1));
    side.stream(1).handler = { headers() {}, reset() {}, drained() {}, data: (chunk) => void seen.push(chunk) };
    const whole = Buffer.concat([data(1, "abc"), data(1, "defg"), data(1, "hi")]);
    for (const byte of whole) side.receive(Uint8Array.of(byte));
    side.receive(whole);
    expect(seen.map((chunk) => octetString(chunk)).join(" ")).toBe("abc defg hi abc defg hi");
    expect(seen.at(-1)?.buffer).toBe(whole.buffer);
  });
});
