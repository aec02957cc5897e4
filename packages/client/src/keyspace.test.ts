/** How a namespace moves keys and ranges. */
import { describe, expect, it } from "vitest";
import { fromKey, keyText, prefix, range } from "./keys.js";
import { Keyspace } from "./keyspace.js";

const inner = new Keyspace().nested("app/").nested("v1/");
const text = ({ key, rangeEnd }: { key: Uint8Array; rangeEnd: Uint8Array }): string[] => [key, rangeEnd].map(keyText);

describe("a nested keyspace", () => {
  it("puts all its prefixes before a key and takes them off again", () => {
    const key = inner.key("a");
    expect(keyText(key)).toBe("app/v1/a");
    expect(keyText(inner.strip(key))).toBe("a");
  });

  it("moves both ends of a range", () => {
    expect(text(inner.range(range("a", "c")))).toEqual(["app/v1/a", "app/v1/c"]);
    expect(text(inner.range(prefix("a")))).toEqual(["app/v1/a", "app/v1/b"]);
    expect(text(inner.range("a"))).toEqual(["app/v1/a", ""]);
  });

  it("ends a range without an end at the end of the namespace", () => {
    expect(text(inner.range(fromKey("a")))).toEqual(["app/v1/a", "app/v10"]);
    expect(text(inner.range(prefix("")))).toEqual(["app/v1/\0", "app/v10"]);
    expect(text(new Keyspace().range(fromKey("a")))).toEqual(["a", "\0"]);
  });

  it("refuses an empty key, which etcd refuses as well", () => {
    expect(() => inner.key("")).toThrow(RangeError);
    expect(() => new Keyspace().range("")).toThrow(RangeError);
  });

  it("hands out copies, so that a small key does not hold a large message", () => {
    const frame = new Uint8Array(1_000);
    expect(new Keyspace().strip(frame.subarray(10, 13)).buffer.byteLength).toBe(3);
  });
});
