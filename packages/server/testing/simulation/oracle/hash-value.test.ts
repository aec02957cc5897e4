/** The hash of plain data sees every difference and no order of fields. */
import { describe, expect, it } from "vitest";
import { hashValue } from "./hash-value.js";

const hash = (value: unknown): number => hashValue(0, value);

describe("the hash of a value", () => {
  it("is the same for the same fields in whatever order", () => {
    const [key, revision] = [Uint8Array.of(1, 2), 2n ** 40n];
    expect(hash({ key, revision, more: [true] })).toBe(hash({ more: [true], revision, key: Uint8Array.of(1, 2) }));
    expect(hash(new Error("x"))).toBe(hash(new RangeError("x")));
  });

  it("differs for whatever differs", () => {
    const values = [
      ...[undefined, null, true, false, 0, 1, -1, 2 ** 32, 1n, 2n ** 32n, "a", "b", [], ["a"], [["a"]], ["a", "b"]],
      ...[["b", "a"], {}, { a: 1 }, { b: 1 }, { a: "b", b: "a" }, { a: "a", b: "b" }, Uint8Array.of(1), new Error("x")],
    ];
    expect(new Set(values.map(hash)).size).toBe(values.length);
  });

  it("refuses what is no plain data", () => {
    expect(() => hash(() => {})).toThrow(TypeError);
  });
});
