/** Answers of ranges: few rows as fields, many as bytes, and both the same message to whoever looks. */
import { create, toBinary } from "@bufbuild/protobuf";
import { encodeMessage, RangeResponseSchema, Slab } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import type { RangeResult } from "../core/mvcc/operations.js";
import { rangeResponse } from "../io/wire/results.js";
import type { NodeApi } from "../node/api.js";
import { headerOf } from "./header.js";
import { RangeAnswers } from "./range-answers.js";

const node = { header: { clusterId: 7n, memberId: 8n, raftTerm: 3, revision: 99n } } as unknown as NodeApi;

function resultOf(rows: number): RangeResult {
  const kvs = Array.from({ length: rows }, (_, i) => ({
    key: Buffer.from(`key ${i}`),
    value: Buffer.from(`value ${i}`),
    createRevision: 2n,
    modRevision: BigInt(i + 2),
    version: 1n,
    lease: 0n,
  }));
  return { kind: "range", kvs, count: rows + 5, more: true, revision: 40n };
}

const plain = (result: RangeResult) =>
  create(RangeResponseSchema, rangeResponse(result, headerOf(node, result.revision)));

describe("the answer of a range", () => {
  it("is the same message however many rows it has", () => {
    for (const rows of [0, 1, 15, 16, 17, 500]) {
      const result = resultOf(rows);
      const answers = new RangeAnswers(node);
      const bytes = Buffer.from(toBinary(RangeResponseSchema, plain(result)));
      // By its fields, which is how a gateway sees it, and by engines with and without memory of their own.
      expect(toBinary(RangeResponseSchema, create(RangeResponseSchema, answers.of(result)))).toEqual(
        new Uint8Array(bytes),
      );
      expect(bytes.equals(encodeMessage(RangeResponseSchema, answers.of(result)))).toBe(true);
      expect(bytes.equals(encodeMessage(RangeResponseSchema, answers.of(result), new Slab()))).toBe(true);
    }
  });

  it("forgets many rows when they are handed on, and says so to who looks later", () => {
    const answer = new RangeAnswers(node).of(resultOf(16));
    expect(answer.kvs).toHaveLength(16);
    encodeMessage(RangeResponseSchema, answer, new Slab());
    expect(() => answer.kvs).toThrow("the answer is sent");
  });
});
