/** Keys as strings: identity, order, and membership of ranges. */
import { fromKey, prefix, range } from "@kvorum/client";
import { describe, expect, it } from "vitest";
import { byteString, isInRange, toBytes } from "./keys.js";

describe("keys", () => {
  it("are the same string exactly when they are the same bytes, and order as bytes do", () => {
    expect(byteString(toBytes("ä"))).toBe("\u00c3\u00a4");
    expect(byteString(new Uint8Array([0, 255]))).toBe("\u0000\u00ff");
    const keys = [new Uint8Array([1]), new Uint8Array([1, 0]), new Uint8Array([2]), new Uint8Array([255])];
    const strings = keys.map(byteString);
    expect([...strings].sort()).toEqual(strings);
  });

  it("lie in one key, in a range, in a prefix and in a tail as etcd says", () => {
    const inside = (key: string, selector: Parameters<typeof isInRange>[1]): boolean =>
      isInRange(toBytes(key), selector);
    expect(["a", "ab"].map((key) => inside(key, { key: toBytes("a") }))).toEqual([true, false]);
    expect(["a", "b", "c"].map((key) => inside(key, range("a", "c")))).toEqual([true, true, false]);
    expect(["p", "p/", "p/x", "p0"].map((key) => inside(key, prefix("p/")))).toEqual([false, true, true, false]);
    expect(["a", "b", "z"].map((key) => inside(key, fromKey("b")))).toEqual([false, true, true]);
    expect(inside("anything", prefix(""))).toBe(true);
    expect(isInRange(new Uint8Array([255, 255, 1]), prefix(new Uint8Array([255, 255])))).toBe(true);
  });
});
