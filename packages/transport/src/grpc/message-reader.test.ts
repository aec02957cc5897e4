/** Messages out of the data of a stream: however it is cut, however large it claims to be, compressed or not. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { joined } from "../http2/octets.js";
import { RpcError, StatusCode } from "../status.js";
import { freshSeed, seeded } from "../testing/hpack.js";
import { MessageReader } from "./message-reader.js";

const framed = (message: Uint8Array, flag = 0): Uint8Array => {
  const prefix = new Uint8Array(5);
  prefix[0] = flag;
  new DataView(prefix.buffer).setUint32(1, message.length);
  return joined([prefix, message]);
};

const counted = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251);
const gzipped = (message: Uint8Array): Uint8Array => framed(new Uint8Array(gzipSync(message)), 1);

function all(reader: MessageReader): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message);
  return messages;
}

function refusal(reader: MessageReader): { code: StatusCode; details: string } {
  try {
    reader.next();
  } catch (error) {
    if (error instanceof RpcError) return { code: error.code, details: error.details };
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("the reader", () => {
  it("finds the same messages wherever the bytes are cut", () => {
    const seed = freshSeed();
    const random = seeded(seed);
    for (let round = 0; round < 60; round++) {
      const sent = Array.from({ length: random(6) }, () => counted(random(3) * random(1_500)));
      const bytes = joined([...sent.map((message) => framed(message)), new Uint8Array(0)]);
      const reader = new MessageReader(10_000);
      const received: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + random(round % 2 ? 4 : 2_000);
        reader.push(bytes.subarray(at, end));
        received.push(...all(reader));
        at = end;
      }
      expect(received, `HTTP2_SEED=${seed}`).toEqual(sent);
      expect(reader.atBoundary).toBe(true);
    }
  });

  it("copies nothing that lies whole in its chunk", () => {
    const bytes = joined([framed(counted(300)), framed(counted(0)), framed(counted(7))]);
    const reader = new MessageReader(1_000);
    reader.push(bytes);
    const messages = all(reader);
    expect(messages.map(({ length }) => length)).toEqual([300, 0, 7]);
    expect(messages.every(({ buffer }) => buffer === bytes.buffer)).toBe(true);
  });

  it("takes a chunk before the one before is used up", () => {
    const reader = new MessageReader(1_000);
    const message = framed(counted(9));
    reader.push(joined([message, message]));
    reader.next();
    reader.push(message);
    expect(all(reader)).toEqual([counted(9), counted(9)]);
  });

  it("knows whether a message is unfinished", () => {
    const reader = new MessageReader(1_000);
    for (const end of [1, 5, 8]) {
      const begun = new MessageReader(1_000);
      begun.push(framed(counted(9)).subarray(0, end));
      expect(begun.next()).toBeUndefined();
      expect(begun.atBoundary, `${end} bytes`).toBe(false);
    }
    reader.push(framed(counted(9)));
    expect(reader.atBoundary).toBe(false);
    all(reader);
    expect(reader.atBoundary).toBe(true);
  });

  it("refuses a message over the limit when its length is known, in grpc-go's words or in given ones", () => {
    const reader = new MessageReader(1_000);
    reader.push(framed(counted(1_000)));
    expect(reader.next()?.length).toBe(1_000);
    reader.push(framed(counted(1_001)).subarray(0, 5));
    const { RESOURCE_EXHAUSTED } = StatusCode;
    const details = "grpc: received message larger than max (1001 vs. 1000)";
    expect(refusal(reader)).toEqual({ code: RESOURCE_EXHAUSTED, details });
    const other = new MessageReader(0, (bytes, max) => `${bytes} over ${max}`);
    other.push(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff));
    expect(refusal(other)).toEqual({ code: RESOURCE_EXHAUSTED, details: "4294967295 over 0" });
  });

  it("takes memory for what has come, not for what is announced", () => {
    const readers = Array.from({ length: 1_000 }, () => new MessageReader(2 ** 31 - 1));
    const before = process.memoryUsage().arrayBuffers;
    for (const reader of readers) {
      reader.push(Uint8Array.of(0, 0x7f, 0, 0, 0, 1));
      reader.next();
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });
});

describe("a compressed message", () => {
  const reading = (encoding: string | undefined, bytes: Uint8Array, max = 1_000): MessageReader => {
    const reader = new MessageReader(max);
    if (encoding !== undefined) reader.setEncoding(encoding);
    reader.push(bytes);
    return reader;
  };

  it("is unpacked where gzip was announced; one without the flag is left alone", () => {
    const bytes = joined([gzipped(counted(900)), framed(counted(3)), framed(new Uint8Array(0), 1)]);
    const [packed, bare, nothing] = all(reading("gzip", bytes));
    expect(packed).toEqual(counted(900));
    expect(Object.getPrototypeOf(packed)).toBe(Uint8Array.prototype);
    expect(bare).toEqual(counted(3));
    expect(nothing).toEqual(new Uint8Array(0));
  });

  it("is bounded by the same limit as any other", () => {
    const bomb = gzipped(new Uint8Array(10 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(20_000);
    expect(refusal(reading("gzip", bomb, 20_000))).toEqual({
      code: StatusCode.RESOURCE_EXHAUSTED,
      details: "grpc: received message after decompression larger than max 20000",
    });
    expect(refusal(reading("gzip", gzipped(counted(1_001)))).code).toBe(StatusCode.RESOURCE_EXHAUSTED);
    expect(reading("gzip", gzipped(counted(1_000))).next()?.length).toBe(1_000);
  });

  it.each([
    [undefined, 1, StatusCode.INTERNAL, "grpc: compressed flag set with identity or empty encoding"],
    ["identity", 1, StatusCode.INTERNAL, "grpc: compressed flag set with identity or empty encoding"],
    ["snappy", 1, StatusCode.UNIMPLEMENTED, 'grpc: Decompressor is not installed for grpc-encoding "snappy"'],
    ["gzip", 2, StatusCode.INTERNAL, "grpc: received unexpected payload format 2"],
    ["gzip", 1, StatusCode.INTERNAL, "grpc: failed to decompress the received message: incorrect header check"],
  ])("of the encoding %s with the flag %i is refused where it is not what it says", (encoding, flag, code, details) => {
    expect(refusal(reading(encoding, framed(counted(40), flag)))).toEqual({ code, details });
  });
});
