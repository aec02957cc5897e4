/** What gRPC writes into header fields: timeouts, status texts, metadata, and the status of an answer that is not gRPC's. */
import { describe, expect, it } from "vitest";
import type { MetadataInit } from "../metadata.js";
import { StatusCode } from "../status.js";
import { freshSeed, seeded } from "../testing/hpack.js";
import { statusOfHttp } from "./http-status.js";
import { fieldsOf, metadataFrom } from "./metadata-fields.js";
import { decodeStatusText, encodeStatusText } from "./status-text.js";
import { encodeTimeout, parseTimeout } from "./timeout.js";

describe("grpc-timeout", () => {
  it.each([
    [0, "0m"],
    [0.2, "1m"],
    [5_000, "5000m"],
    [99_999_999, "99999999m"],
    [99_999_999.5, "100000S"],
    [100_000_001, "100001S"],
    [99_999_999_001, "1666667M"],
    [6e12, "1666667H"],
    [Number.MAX_VALUE, "99999999H"],
  ])("of %d ms is %s", (ms, text) => {
    expect(encodeTimeout(ms)).toBe(text);
    expect(text.length).toBeLessThanOrEqual(9);
    expect(parseTimeout(text)).toBeGreaterThanOrEqual(Math.min(ms, 99_999_999 * 3_600_000));
  });

  it.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["4m", 4],
    ["500u", 0.5],
    ["99999999n", 99.999999],
    ["00000001m", 1],
  ])("%s is %d ms", (text, ms) => {
    expect(parseTimeout(text)).toBeCloseTo(ms, 9);
  });

  it.each(["", "m", "5", "5s", "-5m", "1.5S", "123456789m", "5 m", "5mm"])("%j is none", (text) => {
    expect(parseTimeout(text)).toBeUndefined();
  });
});

describe("grpc-message", () => {
  it.each([
    ["plain text, with 'marks' \"~", "plain text, with 'marks' \"~"],
    ["100 %", "100 %25"],
    ["grüße\n", "gr%C3%BC%C3%9Fe%0A"],
    ["a%2Fb", "a%252Fb"],
    ["\u{1f511}", "%F0%9F%94%91"],
    ["", ""],
  ])("%j is written as %j", (text, encoded) => {
    expect(encodeStatusText(text)).toBe(encoded);
    expect(decodeStatusText(encoded)).toBe(text);
  });

  it.each([
    ["50% off", "50% off"],
    ["%", "%"],
    ["%4", "%4"],
    ["%zz%41", "%zzA"],
    ["%c3%bc", "ü"],
    ["raw \xc3\xbc", "raw ü"],
    ["%ff", "\ufffd"],
  ])("%j is read as %j", (encoded, text) => {
    expect(decodeStatusText(encoded)).toBe(text);
  });

  it("comes back as it was, whatever it is", () => {
    const seed = freshSeed();
    const random = seeded(seed);
    for (let round = 0; round < 500; round++) {
      const points = Array.from({ length: random(20) }, () => random(random(2) === 0 ? 0x80 : 0xd800));
      const text = String.fromCodePoint(...points);
      expect(encodeStatusText(text)).toMatch(/^[\x20-\x7e]*$/);
      expect(decodeStatusText(encodeStatusText(text)), `HTTP2_SEED=${seed}`).toBe(text);
    }
  });
});

describe("metadata", () => {
  it("becomes fields in its order, keys in lower case, bytes as base64 without padding", () => {
    const init = { Token: "secret", "x-many": ["a", "b"], "x-proof-bin": Uint8Array.of(9, 0, 200, 1) };
    expect(fieldsOf(init)).toEqual([
      { name: "token", value: "secret" },
      { name: "x-many", value: "a" },
      { name: "x-many", value: "b" },
      { name: "x-proof-bin", value: "CQDIAQ" },
    ]);
  });

  it("sets no field that has a meaning of its own, and keeps what only looks like one", () => {
    const reserved = [":path", "content-type", "TE", "user-agent", "grpc-timeout", "grpc-status", "grpc-encoding"];
    const all = Object.fromEntries([...reserved, "connection", "grpc-retry-pushback-ms"].map((name) => [name, "1"]));
    expect(fieldsOf({ ...all, "grpc-status-details-bin": Uint8Array.of(1) })).toEqual([
      { name: "grpc-retry-pushback-ms", value: "1" },
      { name: "grpc-status-details-bin", value: "AQ" },
    ]);
  });

  it.each<[string, MetadataInit]>([
    ["a key with a space", { "a b": "1" }],
    ["a key that is empty", { "": "1" }],
    ["a key beyond ASCII", { größe: "1" }],
    ["a line end in a value", { a: "1\r\nb: 2" }],
    ["a value beyond ASCII", { a: "ü" }],
    ["text where bytes belong", { "a-bin": "1" }],
    ["bytes where text belongs", { a: Uint8Array.of(1) }],
  ])("with %s is a mistake", (_name, init) => {
    expect(() => fieldsOf(init)).toThrow(TypeError);
  });

  it("is read without what is reserved, with or without padding, several values in one field or not", () => {
    const fields = Object.entries({
      ":status": "200",
      "grpc-status": "0",
      "user-agent": "somebody",
      "x-bin": "AQ==,Ag,AwQ",
      "y-bin": "",
      "x-text": "a, b",
    }).map(([name, value]) => ({ name, value }));
    const metadata = metadataFrom([...fields, { name: "x-text", value: "c" }, { name: "x-bin", value: "BQ" }]);
    expect(metadata.get(":status")).toBeUndefined();
    expect(metadata.getAll("grpc-status")).toEqual([]);
    expect(metadata.get("X-Text")).toBe("a, b");
    expect(metadata.getAll("x-text")).toEqual(["a, b", "c"]);
    expect(metadata.get("x-bin")).toEqual(Uint8Array.of(1));
    expect(metadata.getAll("x-bin")).toEqual([[1], [2], [3, 4], [5]].map((bytes) => Uint8Array.from(bytes)));
    expect(metadata.get("y-bin")).toEqual(new Uint8Array(0));
    expect([...metadata.entries()].map(([name]) => name)).toEqual([
      ...["user-agent", "x-bin", "x-bin", "x-bin", "y-bin", "x-text", "x-text", "x-bin"],
    ]);
    expect(Object.getPrototypeOf(metadata.get("x-bin"))).toBe(Uint8Array.prototype);
  });
});

it.each([
  [400, StatusCode.INTERNAL],
  [401, StatusCode.UNAUTHENTICATED],
  [403, StatusCode.PERMISSION_DENIED],
  [404, StatusCode.UNIMPLEMENTED],
  [429, StatusCode.UNAVAILABLE],
  [502, StatusCode.UNAVAILABLE],
  [503, StatusCode.UNAVAILABLE],
  [504, StatusCode.UNAVAILABLE],
  [200, StatusCode.UNKNOWN],
  [500, StatusCode.UNKNOWN],
])("an answer of HTTP status %i is gRPC's %i", (httpStatus, code) => {
  expect(statusOfHttp(httpStatus)).toBe(code);
});
