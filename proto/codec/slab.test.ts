/** Pieces of a slab are nobody else's, and what is large does not come from one. */
import { describe, expect, it } from "vitest";
import { PutRequestSchema, WatchResponseSchema } from "../gen/index.js";
import { decodeMessage, encodeMessage } from "./message.js";
import { Slab } from "./slab.js";

describe("a slab", () => {
  it("gives pieces that do not overlap", () => {
    const slab = new Slab();
    const pieces = Array.from({ length: 200 }, (_, index) => slab.take(65 + ((index * 37) % 900)).fill(index));
    expect(pieces.every((piece, index) => piece.every((byte) => byte === index))).toBe(true);
    const memories = new Set(pieces.map(({ buffer }) => buffer));
    expect(memories.size).toBeLessThan(pieces.length / 5);
  });

  it("gives zeros, and as many bytes as were asked for", () => {
    const slab = new Slab();
    for (const size of [0, 1, 64, 65, 1_023, 1_024, 100_000]) expect(slab.take(size)).toEqual(new Uint8Array(size));
  });

  it("takes what is large from where it is told to", () => {
    const asked: number[] = [];
    const slab = new Slab((bytes) => {
      asked.push(bytes);
      return new Uint8Array(bytes).fill(7);
    });
    expect([64, 65, 1_023, 1_024, 100_000].map((size) => slab.take(size).length)).toEqual([
      64, 65, 1_023, 1_024, 100_000,
    ]);
    expect(asked).toEqual([1_024, 100_000]);
  });

  it("does not keep what is large, which has memory of its own", () => {
    const slab = new Slab();
    expect(slab.take(1_023).buffer.byteLength).toBe(8_192);
    expect(slab.take(1_024).buffer.byteLength).toBe(1_024);
  });

  it("takes nothing for a message that is there encoded, of which others want bytes of their own", () => {
    const $encoded = encodeMessage(WatchResponseSchema, { watchId: 7n });
    const message = { watchId: 7n, $encoded };
    expect(encodeMessage(WatchResponseSchema, message, new Slab())).toBe($encoded);
    const own = encodeMessage(WatchResponseSchema, message);
    expect(own).toEqual($encoded);
    expect(own).not.toBe($encoded);
  });

  it("holds messages one after the other", () => {
    const slab = new Slab();
    const requests = Array.from({ length: 50 }, (_, index) => ({ key: new Uint8Array(100).fill(index) }));
    const written = requests.map((request) => encodeMessage(PutRequestSchema, request, slab));
    expect(written).toEqual(requests.map((request) => encodeMessage(PutRequestSchema, request)));
    expect(written.map((bytes) => decodeMessage(PutRequestSchema, bytes).key)).toEqual(requests.map(({ key }) => key));
  });
});
