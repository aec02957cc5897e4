/** The estimate of what a command will cost on disk, held against etcd's figures. */
import { describe, expect, it } from "vitest";
import { EMPTY_BYTES } from "../bytes.js";
import type { Operation, PutOperation } from "../mvcc/operations.js";
import { spaceCost } from "./space.js";

const put = (valueBytes: number): PutOperation => ({
  kind: "put",
  key: new Uint8Array(10),
  value: new Uint8Array(valueBytes),
  lease: 0n,
  prevKv: false,
  ignoreValue: false,
  ignoreLease: false,
});
const remove: Operation = { kind: "delete-range", key: new Uint8Array(10), rangeEnd: EMPTY_BYTES, prevKv: false };
const txn = (success: Operation[], failure: Operation[]): Operation & { kind: "txn" } => ({
  kind: "txn",
  compare: [],
  success,
  failure,
});

describe("the space a command needs", () => {
  it("is 256 bytes and key and value for a put, 64 for a lease", () => {
    expect(spaceCost(put(100))).toBe(366);
    expect(spaceCost({ kind: "lease-grant", id: 1n, ttlSeconds: 5 })).toBe(64);
  });

  it("is that of the dearer branch for a transaction, nested ones included", () => {
    expect(spaceCost(txn([put(0), put(0)], [put(100)]))).toBe(532);
    expect(spaceCost(txn([remove], [txn([remove], [put(0)])]))).toBe(266);
  });

  it("is nothing for deletes, transactions without puts, compactions and revocations", () => {
    expect(spaceCost(txn([remove], []))).toBe(0);
    expect(spaceCost(remove as Extract<Operation, { kind: "delete-range" }>)).toBe(0);
    expect(spaceCost({ kind: "compaction", revision: 5n, physical: false })).toBe(0);
    expect(spaceCost({ kind: "lease-revoke", id: 1n, leaderTerm: 0 })).toBe(0);
  });
});
