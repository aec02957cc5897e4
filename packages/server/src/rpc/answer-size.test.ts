/** The size of answers before they are bytes. */
import { describe, expect, it } from "vitest";
import type { KeyValue } from "../core/mvcc/key-value.js";
import type { OperationResult } from "../core/mvcc/operations.js";
import { checkAnswerSize } from "./answer-size.js";

const kv = (bytes: number): KeyValue => {
  const revision = { createRevision: 1n, modRevision: 1n, version: 1n, lease: 0n };
  return { key: new Uint8Array(1), value: new Uint8Array(bytes - 1), ...revision };
};
const range = (...sizes: number[]): OperationResult => {
  return { kind: "range", kvs: sizes.map(kv), count: sizes.length, more: false, revision: 1n };
};

describe("an answer", () => {
  it("of more than its limit is refused with grpc-go's text, however deep the bytes lie", () => {
    const put: OperationResult = { kind: "put", prevKv: kv(30), revision: 1n };
    const deleted: OperationResult = { kind: "delete-range", deleted: 1, prevKvs: [kv(20)], revision: 1n };
    const inner: OperationResult = {
      kind: "txn",
      succeeded: true,
      responses: [range(10, 10), put, deleted],
      revision: 1n,
    };
    const outer: OperationResult = { kind: "txn", succeeded: true, responses: [inner, range(30)], revision: 1n };
    expect(() => checkAnswerSize(outer, 100)).not.toThrow();
    expect(() => checkAnswerSize(outer, 99)).toThrow("grpc: trying to send message larger than max (100 vs. 99)");
  });

  it("that a transaction gave up to gather is refused with the size at which it did", () => {
    const given: OperationResult = { kind: "txn", succeeded: true, responses: [], revision: 1n, excess: 101 };
    expect(() => checkAnswerSize(given, 100)).toThrow("grpc: trying to send message larger than max (101 vs. 100)");
  });

  it("may point to one value many times and is counted by what it will send", () => {
    const large = kv(2 ** 20);
    const responses = Array.from(
      { length: 2048 },
      (): OperationResult => ({ ...range(), kind: "range", kvs: [large] }) as OperationResult,
    );
    expect(() => checkAnswerSize({ kind: "txn", succeeded: true, responses, revision: 1n })).toThrow("larger than max");
  });
});
