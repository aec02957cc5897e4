/** The small binary records of the core survive a round trip, and damage to them is noticed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, MessageWriter, readMessage } from "./wire-format.js";

describe("UTF-8", () => {
  it("agrees with the platform's encoder on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        const bytes = encodeUtf8(text);
        expect(bytes.join()).toBe(new TextEncoder().encode(text).join());
        expect(decodeUtf8(Uint8Array.from(bytes))).toBe(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes)),
        );
      }),
    );
  });

  it("writes a lone surrogate as the replacement character", () => {
    expect(encodeUtf8("\ud800")).toEqual([0xef, 0xbf, 0xbd]);
  });
});

describe("a message", () => {
  it("leaves out zero and empty fields", () => {
    expect(new MessageWriter().varint(1, 0n).text(2, "").finish()).toEqual(new Uint8Array(0));
  });

  it("gives back its fields in order, negative numbers as unsigned 64-bit ones", () => {
    const bytes = new MessageWriter().varint(1, -1n).text(2, "ä").element(3, "").varint(20, 300n).finish();
    expect([...readMessage(bytes)].map(({ number, varint, bytes: content }) => [number, varint, [...content]])).toEqual(
      [
        [1, 0xffff_ffff_ffff_ffffn, []],
        [2, 0n, [0xc3, 0xa4]],
        [3, 0n, []],
        [20, 300n, []],
      ],
    );
  });

  it("breaks an invariant when it was cut short", () => {
    const bytes = new MessageWriter().varint(1, 300n).text(2, "text").finish();
    for (const length of [1, 2, 4, 6]) {
      expect(() => [...readMessage(bytes.subarray(0, length))]).toThrow(/stored record ends/);
    }
  });
});
