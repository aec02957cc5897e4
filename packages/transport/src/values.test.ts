/** The number of values in encoded messages: as many as there are, at any depth, and soon. */
import { create, toBinary } from "@bufbuild/protobuf";
import { PutRequestSchema, TxnRequestSchema, WatchCreateRequestSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { ValueCounter } from "./values.js";

const counter = new ValueCounter();
/** By trying every bound. */
function valuesIn(schema: Parameters<ValueCounter["hasMoreThan"]>[1], bytes: Uint8Array): number {
  let max = 0;
  while (counter.hasMoreThan(max, schema, bytes)) max += 1;
  return max;
}

describe("values of a message", () => {
  it("are its fields, and those of the messages in it", () => {
    const key = new Uint8Array(300);
    const put = { request: { case: "requestPut", value: { key, lease: 1n } } } as const;
    // success, requestPut, key, lease: twice.
    expect(
      valuesIn(TxnRequestSchema, toBinary(TxnRequestSchema, create(TxnRequestSchema, { success: [put, put] }))),
    ).toBe(8);
    const nested = { request: { case: "requestTxn" as const, value: { success: [put] } } };
    expect(
      valuesIn(TxnRequestSchema, toBinary(TxnRequestSchema, create(TxnRequestSchema, { success: [nested] }))),
    ).toBe(6);
  });

  it("are few in a large value, and as many as its bytes in a packed list", () => {
    const put = create(PutRequestSchema, { key: new Uint8Array(1), value: new Uint8Array(1_000_000).fill(0x12) });
    expect(valuesIn(PutRequestSchema, toBinary(PutRequestSchema, put))).toBe(2);
    const watch = create(WatchCreateRequestSchema, { filters: Array(500).fill(1) });
    expect(valuesIn(WatchCreateRequestSchema, toBinary(WatchCreateRequestSchema, watch))).toBe(501);
  });

  it("are not looked for beyond a mistake, whatever the bytes are", () => {
    let seed = 1;
    for (let round = 0; round < 2000; round++) {
      const bytes = Uint8Array.from({ length: 40 }, () => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        return seed >>> 24;
      });
      expect(counter.hasMoreThan(30, TxnRequestSchema, bytes)).toBeTypeOf("boolean");
    }
    // A length beyond the end, and lengths beyond 32 bits.
    expect(valuesIn(TxnRequestSchema, Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0x0f))).toBe(1);
    expect(valuesIn(TxnRequestSchema, Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 1))).toBe(1);
  });

  it("are found to be too many at the first one that is", () => {
    const bytes = new Uint8Array(2 ** 21);
    for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x12;
    expect(counter.hasMoreThan(65_536, TxnRequestSchema, bytes)).toBe(true);
    expect(counter.hasMoreThan(2 ** 20, TxnRequestSchema, bytes)).toBe(false);
  });
});
