/** Which requests are refused for their form, and with which error. */
import { describe, expect, it } from "vitest";
import { ServerError } from "../errors.js";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "./check.js";
import type { Operation, RangeOperation, TxnOperation } from "./operations.js";
import { compareOf, deleteOf, putOf, rangeOf, txnOf } from "./test-support.js";

function verdict(check: () => void): string {
  try {
    check();
    return "accepted";
  } catch (error) {
    if (error instanceof ServerError) return error.reason;
    throw error;
  }
}

const verdictOf = (txn: TxnOperation, opsMax = 128): string => verdict(() => checkTxn(txn, opsMax));
const puts = (count: number): Operation[] => Array.from({ length: count }, (_, i) => putOf(`k${i}`, "v"));

describe("single requests", () => {
  it("an empty key is refused everywhere", () => {
    expect(verdict(() => checkRange(rangeOf("")))).toBe("emptyKey");
    expect(verdict(() => checkPut(putOf("", "v")))).toBe("emptyKey");
    expect(verdict(() => checkDeleteRange(deleteOf("", "\0")))).toBe("emptyKey");
    for (const operation of [rangeOf(""), putOf("", "v"), deleteOf("")]) {
      expect(verdictOf(txnOf([operation]))).toBe("emptyKey");
      expect(verdictOf(txnOf([], [txnOf([], [operation])]))).toBe("emptyKey");
    }
    expect(verdictOf(txnOf([], [], [compareOf("mod", "", "equal", 0n)]))).toBe("emptyKey");
  });

  it("a sort outside the enum is refused", () => {
    const wrong = [{ sortOrder: "sideways" }, { sortTarget: "colour" }] as unknown as Partial<RangeOperation>[];
    for (const options of wrong) expect(verdict(() => checkRange(rangeOf("a", "", options)))).toBe("invalidSortOption");
    expect(verdict(() => checkRange(rangeOf("a", "", { sortOrder: "descend", sortTarget: "value" })))).toBe("accepted");
  });

  it("a put that keeps the value or the lease must not bring one", () => {
    expect(verdict(() => checkPut(putOf("a", "v", { ignoreValue: true })))).toBe("valueProvided");
    expect(verdict(() => checkPut(putOf("a", "", { ignoreValue: true, lease: 1n })))).toBe("accepted");
    expect(verdict(() => checkPut(putOf("a", "v", { ignoreLease: true, lease: 1n })))).toBe("leaseProvided");
    expect(verdict(() => checkPut(putOf("a", "v", { ignoreLease: true })))).toBe("accepted");
  });
});

describe("number of operations", () => {
  it("the longest of the three lists counts", () => {
    const compares = (count: number) => Array.from({ length: count }, () => compareOf("mod", "a", "equal", 0n));
    expect(verdictOf(txnOf(puts(3), puts(3), compares(3)), 3)).toBe("accepted");
    expect(verdictOf(txnOf(puts(4)), 3)).toBe("tooManyOps");
    expect(verdictOf(txnOf([], puts(4)), 3)).toBe("tooManyOps");
    expect(verdictOf(txnOf([], [], compares(4)), 3)).toBe("tooManyOps");
  });

  it("a nested transaction may use what its parent's longest list left", () => {
    expect(verdictOf(txnOf([txnOf(puts(2)), rangeOf("a")]), 4)).toBe("accepted");
    expect(verdictOf(txnOf([txnOf(puts(3)), rangeOf("a")]), 4)).toBe("tooManyOps");
    expect(verdictOf(txnOf([txnOf([txnOf([])])]), 2)).toBe("accepted");
    expect(verdictOf(txnOf([txnOf([txnOf([rangeOf("a")])])]), 2)).toBe("tooManyOps");
  });
});

describe("a transaction with others in it", () => {
  const ranges = (count: number): Operation[] => Array.from({ length: count }, () => rangeOf("a"));
  const nested = (count: number, inside: Operation[]): TxnOperation =>
    txnOf(Array.from({ length: count }, () => txnOf(inside)));

  it("has 32 times as many operations as a list, and no more", () => {
    expect(verdictOf(nested(63, ranges(64)))).toBe("accepted");
    expect(verdictOf(nested(64, ranges(64)))).toBe("tooManyOps");
    expect(verdictOf(txnOf(nested(40, ranges(40)).success, nested(40, ranges(40)).success))).toBe("accepted");
    expect(verdictOf(txnOf([nested(40, ranges(40)), nested(40, ranges(40)), nested(40, ranges(40))]))).toBe(
      "tooManyOps",
    );
  });
});

describe("write conflicts", () => {
  const [putA, putB, deleteA, deleteAll] = [putOf("a", "v"), putOf("b", "v"), deleteOf("a"), deleteOf("\0", "\0")];
  const nested = (success: Operation[], failure: Operation[] = []): Operation => txnOf(success, failure);

  it.each<[string, Operation[], string]>([
    ["two puts of one key", [putA, putA], "duplicateKey"],
    ["puts of two keys", [putA, putB], "accepted"],
    ["a put, then a delete of its key", [putA, deleteA], "duplicateKey"],
    ["a delete, then a put of its key", [deleteA, putA], "duplicateKey"],
    ["a put inside a deleted range", [putB, deleteOf("a", "c")], "duplicateKey"],
    ["a put at the open end of a deleted range", [putB, deleteOf("a", "b")], "accepted"],
    // etcd takes the one zero byte for an end before the key: such a delete clashes with nothing.
    ["a put and a delete from an earlier key on", [putB, deleteOf("a", "\0")], "accepted"],
    ["a put and a delete of everything", [deleteAll, putA], "accepted"],
    ["a put and a delete of a range without keys", [putA, deleteOf("b", "a")], "accepted"],
    ["deletes that overlap", [deleteA, deleteA, deleteAll], "accepted"],
    ["a range over written keys", [putA, rangeOf("a", "c"), deleteOf("b")], "accepted"],
    ["a put and the same put nested", [putA, nested([putA])], "duplicateKey"],
    ["a nested put and the same put after it", [nested([], [putA]), putA], "duplicateKey"],
    ["a nested put of a key deleted beside it", [nested([putA]), deleteA], "duplicateKey"],
    ["a put of a key deleted in a nested one", [putA, nested([], [deleteOf("a", "c")])], "duplicateKey"],
    ["a nested delete and a delete", [nested([deleteA]), deleteAll], "accepted"],
    ["a put in both branches of a nested one", [nested([putA], [putA])], "accepted"],
    ["a put in one branch, a delete in the other", [nested([putA], [deleteA])], "accepted"],
    ["a put in two siblings", [nested([putA]), nested([putA])], "duplicateKey"],
    ["a put in branches of two siblings that exclude each other", [nested([putA]), nested([], [putA])], "duplicateKey"],
    ["a delete in one sibling, a put in a later one", [nested([deleteA]), nested([putA])], "duplicateKey"],
    ["a put in one sibling, a delete in a later one", [nested([putA]), nested([deleteA])], "accepted"],
    ["a put two levels down", [putA, nested([nested([putA])])], "duplicateKey"],
    ["both branches two levels down, and beside them", [nested([nested([putA], [putA])]), putA], "duplicateKey"],
  ])("%s", (_, operations, expected) => {
    expect(verdictOf(txnOf(operations))).toBe(expected);
    // Both branches are looked at, whichever will run; between them there is no conflict.
    expect(verdictOf(txnOf([], operations))).toBe(expected);
    expect(verdictOf(txnOf(operations, operations))).toBe(expected);
  });
});
