/** How a namespace moves keys and ranges. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, fromKey, isZero, type KeyRange, keyText, prefix, range, toBytes } from "./keys.js";
import { Keyspace, type WireRange } from "./keyspace.js";

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

/** Is the key in the range, as a server reads it? */
function serverHolds({ key, rangeEnd }: WireRange, candidate: Uint8Array): boolean {
  if (rangeEnd.length === 0) return Buffer.compare(candidate, key) === 0;
  return Buffer.compare(candidate, key) >= 0 && (isZero(rangeEnd) || Buffer.compare(candidate, rangeEnd) < 0);
}

describe("a range in any namespaces", () => {
  // Few byte values, 0xff among them, where the end of a prefix carries over or there is none.
  const few = (minLength: number) =>
    fc
      .uint8Array({ minLength, maxLength: 3 })
      .map((raw) => new Uint8Array(raw.map((byte) => [0, 1, 0xfe, 0xff][byte % 4] ?? 0)));
  const startsWith = (key: Uint8Array, start: Uint8Array): boolean => start.every((byte, i) => key[i] === byte);
  const less = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) < 0;

  /** Every kind of range, and what its name says that it holds. */
  const ranges: readonly ((
    a: Uint8Array,
    b: Uint8Array,
  ) => readonly [KeyRange, (key: Uint8Array) => boolean] | undefined)[] = [
    (a) => [prefix(a), (key) => startsWith(key, a)],
    () => [prefix(""), () => true],
    (a) => [fromKey(a), (key) => !less(key, a)],
    (a, b) => (b.length === 0 || isZero(b) ? undefined : [range(a, b), (key) => !less(key, a) && less(key, b)]),
    (a) => (a.length === 0 ? undefined : [{ key: a }, (key) => Buffer.compare(key, a) === 0]),
  ];

  it("holds the keys that it names and that start with all the namespaces, and no other key of the server", () => {
    const arbitrary = [fc.array(few(0), { maxLength: 3 }), few(0), few(0), few(1), fc.nat(ranges.length - 1)] as const;
    fc.assert(
      fc.property(...arbitrary, (prefixes, a, b, tail, kind) => {
        const named = ranges[kind]?.(a, b);
        fc.pre(named !== undefined);
        const [selected, holds] = named ?? [prefix(""), () => true];
        const keyspace = prefixes.reduce((outer, inner) => outer.nested(inner), new Keyspace());
        const joined = prefixes.reduce(concatBytes, new Uint8Array(0));
        const wire = keyspace.range(selected);
        expect(serverHolds(wire, concatBytes(joined, tail))).toBe(holds(tail));
        // Any other key of the server, in the namespace or beside it.
        const inside = startsWith(tail, joined) && tail.length > joined.length && holds(tail.subarray(joined.length));
        expect(serverHolds(wire, tail)).toBe(inside);
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes off what it put on", () => {
    fc.assert(
      fc.property(fc.array(few(0), { maxLength: 3 }), few(1), (prefixes, key) => {
        const keyspace = prefixes.reduce((outer, inner) => outer.nested(inner), new Keyspace());
        expect([...keyspace.strip(keyspace.key(key))]).toEqual([...key]);
        expect(keyspace.prefix).toEqual(prefixes.reduce(concatBytes, toBytes("")));
      }),
    );
  });
});
