/** Rows as they are stored: the same fields as rows that were taken apart, and the same bytes in an answer. */
import { encodeMessage, RangeResponseSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";

import { EMPTY_BYTES } from "../bytes.js";
import { type KeyValue, withoutValue } from "./key-value.js";
import { encodeKeyValue } from "./key-value-codec.js";
import { StoredKeyValue } from "./stored-key-value.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const ROWS: readonly KeyValue[] = [
  { key: bytes("a"), value: bytes("1"), createRevision: 2n, modRevision: 300n, version: 5n, lease: 0n },
  { key: bytes("b"), value: EMPTY_BYTES, createRevision: 2n ** 40n, modRevision: 2n ** 62n, version: 1n, lease: -1n },
  {
    key: bytes("k".repeat(200)),
    value: bytes("v".repeat(70_000)),
    createRevision: 3n,
    modRevision: 3n,
    version: 1n,
    lease: 7n,
  },
];

describe("a stored row", () => {
  it.each(ROWS)("has the fields of what was stored, and its bytes", (kv) => {
    const encoded = encodeKeyValue(kv);
    const { key, value, createRevision, modRevision, version, lease, $encoded } = new StoredKeyValue(encoded);
    expect({ key, value, createRevision, modRevision, version, lease }).toEqual(kv);
    expect($encoded).toBe(encoded);
  });

  it("is written into an answer as the row would be that it is made of", () => {
    const answerOf = (kvs: readonly KeyValue[]): Uint8Array =>
      encodeMessage(RangeResponseSchema, { header: { revision: 9n }, kvs: [...kvs], more: true, count: 3n });
    const stored = ROWS.map((kv) => new StoredKeyValue(encodeKeyValue(kv)));
    expect(answerOf(stored)).toEqual(answerOf(ROWS));
  });

  it.each(ROWS)("takes no bytes along when its value is left out", (kv) => {
    const bare = withoutValue(new StoredKeyValue(encodeKeyValue(kv)));
    const { key, value, createRevision, modRevision, version, lease } = bare;
    expect({ key, value, createRevision, modRevision, version, lease }).toEqual({ ...kv, value: EMPTY_BYTES });
    if (kv.value.length > 0) expect(bare.$encoded).toBeUndefined();
  });
});
