/** Requests and answers across the border between messages and the core. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CompareSchema, RangeRequestSchema, TxnRequestSchema, TxnResponseSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { EMPTY_BYTES } from "../../core/bytes.js";
import type { Compare, RangeOperation, TxnOperation } from "../../core/mvcc/operations.js";
import { toRange, toTxn, txnRequest } from "./operations.js";
import { txnResponse } from "./results.js";

const a = Uint8Array.of(97);
const z = Uint8Array.of(122);

const range: RangeOperation = {
  kind: "range",
  key: a,
  rangeEnd: z,
  limit: 7,
  revision: 11n,
  sortOrder: "descend",
  sortTarget: "mod",
  serializable: true,
  keysOnly: true,
  countOnly: true,
  minModRevision: 1n,
  maxModRevision: 2n,
  minCreateRevision: 3n,
  maxCreateRevision: 4n,
};

/** A number that no enum of the contract has. */
const unknown: number = 9;

const inner: TxnOperation = { kind: "txn", compare: [], success: [range], failure: [] };

const txn: TxnOperation = {
  kind: "txn",
  compare: [
    { target: "version", result: "equal", key: a, rangeEnd: EMPTY_BYTES, operand: 1n },
    { target: "create", result: "greater", key: a, rangeEnd: z, operand: 2n },
    { target: "mod", result: "less", key: a, rangeEnd: EMPTY_BYTES, operand: 3n },
    { target: "value", result: "not-equal", key: a, rangeEnd: EMPTY_BYTES, operand: z },
    { target: "lease", result: "equal", key: a, rangeEnd: EMPTY_BYTES, operand: 2n ** 62n },
  ],
  success: [
    { kind: "put", key: a, value: z, lease: 9n, prevKv: true, ignoreValue: false, ignoreLease: true },
    { kind: "delete-range", key: a, rangeEnd: z, prevKv: true },
  ],
  failure: [range, inner],
};

function compareOf(init: Parameters<typeof create<typeof CompareSchema>>[1]): Compare {
  const { compare } = toTxn(create(TxnRequestSchema, { compare: [create(CompareSchema, init)] }));
  return compare[0] as Compare;
}

describe("operations on the wire", () => {
  it("come back as they went, nested transactions and all compare targets included", () => {
    const bytes = toBinary(TxnRequestSchema, create(TxnRequestSchema, txnRequest(txn)));
    expect(toTxn(fromBinary(TxnRequestSchema, bytes))).toEqual(txn);
  });

  const key = Uint8Array.of(1);

  it("read a limit of any size", () => {
    expect(toRange(create(RangeRequestSchema, { key, limit: 2n ** 62n })).limit).toBe(Number.MAX_SAFE_INTEGER);
    expect(toRange(create(RangeRequestSchema, { key, limit: -5n })).limit).toBe(0);
  });

  it("refuse a sort order or target outside the enums", () => {
    for (const wrong of [{ sortOrder: 3 }, { sortTarget: 9 }, { sortOrder: -1 }]) {
      expect(() => toRange(create(RangeRequestSchema, { key, ...wrong }))).toThrow("etcdserver: invalid sort option");
      expect(() => toRange(create(RangeRequestSchema, wrong))).toThrow("etcdserver: key is not provided");
    }
  });

  it("answer an operation without a request as etcd does", () => {
    expect(() => toTxn(create(TxnRequestSchema, { success: [{}] }))).toThrow("etcdserver: key not found");
  });

  it("read a missing or foreign operand as zero or empty", () => {
    expect(compareOf({ key: a, target: 3 }).operand).toEqual(EMPTY_BYTES);
    expect(compareOf({ key: a, target: 0 }).operand).toBe(0n);
    expect(compareOf({ key: a, target: 0, targetUnion: { case: "modRevision", value: 5n } }).operand).toBe(0n);
  });

  it("let an unknown comparison hold and an unknown target equal everything, as etcd does", () => {
    const always = { target: "version", result: "greater", operand: -1n };
    expect(compareOf({ key: a, result: unknown })).toMatchObject(always);
    expect(compareOf({ key: a, target: unknown, result: 0 })).toMatchObject(always);
    expect(compareOf({ key: a, target: unknown, result: 1 })).toMatchObject({ ...always, result: "less" });
  });
});

describe("answers on the wire", () => {
  it("give each operation of a transaction its revision and a nested transaction an empty header", () => {
    const message = create(
      TxnResponseSchema,
      txnResponse(
        {
          kind: "txn",
          succeeded: true,
          revision: 6n,
          responses: [
            { kind: "put", prevKv: undefined, revision: 6n },
            { kind: "txn", succeeded: false, responses: [], revision: 6n },
          ],
        },
        { clusterId: 1n, memberId: 2n, revision: 6n, raftTerm: 3n },
      ),
    );
    const decoded = fromBinary(TxnResponseSchema, toBinary(TxnResponseSchema, message));
    expect(decoded.header).toMatchObject({ clusterId: 1n, memberId: 2n, revision: 6n, raftTerm: 3n });
    expect(decoded.responses[0]?.response.value?.header).toMatchObject({ clusterId: 0n, revision: 6n });
    expect(decoded.responses[1]?.response.value?.header).toMatchObject({ clusterId: 0n, revision: 0n });
  });
});
