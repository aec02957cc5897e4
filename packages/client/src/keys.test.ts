/** Which keys a range holds, checked against the meaning of its name. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromKey, isZero, type KeyRange, keyText, prefix, prefixEnd, range, toBytes } from "./keys.js";

/** The server's reading of a range. */
function holds({ key, end }: KeyRange, candidate: Uint8Array): boolean {
  if (end === undefined) return Buffer.compare(candidate, key) === 0;
  if (Buffer.compare(candidate, key) < 0) return false;
  return isZero(end) || Buffer.compare(candidate, end) < 0;
}

// Few byte values, so that prefixes really are hit; 0xff among them, because there the end of a prefix carries over.
const key = fc
  .uint8Array({ minLength: 1, maxLength: 4 })
  .map((raw) => raw.map((byte) => [0, 1, 0xfe, 0xff][byte % 4] ?? 0));

describe("prefix", () => {
  it("holds exactly the keys that start with it", () => {
    fc.assert(
      fc.property(key, key, (start, candidate) => {
        const startsWith = start.every((byte, index) => candidate[index] === byte);
        expect(holds(prefix(start), candidate)).toBe(startsWith);
      }),
    );
  });

  it("holds every key when it is empty", () => {
    fc.assert(
      fc.property(key, (candidate) => {
        expect(holds(prefix(""), candidate)).toBe(true);
      }),
    );
  });

  it("has no end when it is all 0xff", () => {
    expect(isZero(prefixEnd(new Uint8Array([0xff, 0xff])))).toBe(true);
    expect([...prefixEnd(new Uint8Array([1, 0xff, 0xff]))]).toEqual([2]);
  });
});

describe("range and fromKey", () => {
  it("hold the keys between their bounds", () => {
    fc.assert(
      fc.property(key, key, key, (start, end, candidate) => {
        fc.pre(!isZero(end));
        const between = Buffer.compare(candidate, start) >= 0 && Buffer.compare(candidate, end) < 0;
        expect(holds(range(start, end), candidate)).toBe(between);
        expect(holds(fromKey(start), candidate)).toBe(Buffer.compare(candidate, start) >= 0);
      }),
    );
  });

  it("refuse an end that the wire would read as something else", () => {
    expect(() => range("a", "")).toThrow(RangeError);
    expect(() => range("a", "\0")).toThrow(RangeError);
  });
});

describe("keyText", () => {
  it("gives back the text a key was made from, a byte order mark included", () => {
    const texts = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(texts, (text) => {
        expect(keyText(toBytes(`\uFEFF${text}`))).toBe(`\uFEFF${text}`);
      }),
    );
  });
});
