/** Revision keys: round trips and order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareBytes } from "../bytes.js";
import { decodeCounter, decodeRevision, encodeCounter, encodeRevision, safeRevision } from "./revision.js";

const main = fc.maxSafeNat();
const sub = fc.nat();

describe("revision keys", () => {
  it("a revision survives encoding, and says whether it is a tombstone", () => {
    fc.assert(
      fc.property(main, sub, fc.boolean(), (main, sub, tombstone) => {
        expect(decodeRevision(encodeRevision(main, sub, tombstone))).toEqual({ main, sub, tombstone });
      }),
    );
  });

  it("keys sort by main revision, then by sub revision", () => {
    fc.assert(
      fc.property(main, sub, main, sub, fc.boolean(), (mainA, subA, mainB, subB, tombstone) => {
        fc.pre(mainA !== mainB || subA !== subB);
        const order = compareBytes(encodeRevision(mainA, subA, tombstone), encodeRevision(mainB, subB));
        expect(Math.sign(order)).toBe(Math.sign(mainA - mainB || subA - subB));
      }),
    );
  });

  it("the layout is etcd's", () => {
    expect(Array.from(encodeRevision(0x0102_0304_0506, 7, true))).toEqual([
      0, 0, 1, 2, 3, 4, 5, 6, 0x5f, 0, 0, 0, 0, 0, 0, 0, 7, 0x74,
    ]);
  });

  it("malformed keys break an invariant", () => {
    const good = encodeRevision(1, 0);
    for (const bad of [good.subarray(0, 16), Uint8Array.from([...good, 0x75]), good.map((byte) => byte ^ 0xff)]) {
      expect(() => decodeRevision(bad)).toThrow(/stored revision/);
    }
  });

  it("counters survive encoding", () => {
    fc.assert(
      fc.property(main, (value) => {
        expect(decodeCounter(encodeCounter(value))).toBe(value);
      }),
    );
    expect(() => decodeCounter(new Uint8Array(7))).toThrow(/counter/);
  });

  it("a revision that no longer counts exactly is refused", () => {
    expect(safeRevision(2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => safeRevision(2n ** 53n)).toThrow(/out of range/);
  });
});
