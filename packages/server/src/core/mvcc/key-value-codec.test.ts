/** The hand-written codec, held against the generated one. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { KeyValueSchema } from "@kvorum/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyValue } from "./key-value.js";
import { decodeKeyValue, encodeKeyValue } from "./key-value-codec.js";

const int64 = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    127n,
    128n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 49n - 1n,
    2n ** 49n,
    2n ** 63n - 1n,
    -1n,
    -(2n ** 63n),
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const content = fc.uint8Array({ maxLength: 300 });
const keyValue: fc.Arbitrary<KeyValue> = fc.record({
  key: content,
  value: content,
  createRevision: int64,
  modRevision: int64,
  version: int64,
  lease: int64,
});

describe("key-value codec", () => {
  it("writes the bytes that the generated codec writes", () => {
    fc.assert(
      fc.property(keyValue, (kv) => {
        expect(encodeKeyValue(kv)).toEqual(toBinary(KeyValueSchema, create(KeyValueSchema, kv)));
      }),
    );
  });

  it("reads what it wrote, and the generated codec reads the same", () => {
    fc.assert(
      fc.property(keyValue, (kv) => {
        const encoded = encodeKeyValue(kv);
        expect(decodeKeyValue(encoded)).toEqual(kv);
        expect(fromBinary(KeyValueSchema, encoded)).toMatchObject(kv);
      }),
    );
  });

  it("skips fields of a later version", () => {
    const later = Uint8Array.from([0x0a, 1, 0x61, 0x38, 5, 0x42, 2, 9, 9, 0x20, 3]);
    expect(decodeKeyValue(later)).toMatchObject({ key: Uint8Array.of(0x61), version: 3n });
  });

  it("a record cut short breaks an invariant wherever the cut falls inside a field", () => {
    const kv = {
      key: Uint8Array.of(1, 2),
      value: Uint8Array.of(3),
      createRevision: 300n,
      modRevision: 0n,
      version: 0n,
      lease: 0n,
    };
    const encoded = encodeKeyValue(kv);
    // 4 and 7 are the ends of whole fields: what is left of the record is a record.
    for (let length = 1; length < encoded.length; length++) {
      if (length === 4 || length === 7) continue;
      expect(() => decodeKeyValue(encoded.subarray(0, length)), `${length} bytes`).toThrow(/stored key-value/);
    }
  });

  it("a number without an end breaks an invariant", () => {
    expect(() => decodeKeyValue(Uint8Array.from([0x10, ...new Array<number>(11).fill(0xff)]))).toThrow(/ten bytes/);
  });

  it("a field of a kind it does not know breaks an invariant", () => {
    expect(() => decodeKeyValue(Uint8Array.of(0x39, 0, 0, 0, 0, 0, 0, 0, 0))).toThrow(/wire type 1/);
  });
});
