/** The conditions of a transaction, evaluated against the newest revision. */
import { compareBytes, EMPTY_BYTES } from "../bytes.js";
import type { KeyIndex } from "./key-index.js";
import type { Compare, CompareResult } from "./operations.js";
import type { StoreState } from "./store-state.js";
import { keyRange } from "./tree-index.js";

/**
 * True when every key of the compare's range satisfies it. A range without keys counts as one missing key: all its
 * numbers are 0, and a compare of its value is false whatever it asks.
 */
export function compareHolds(state: StoreState, compare: Compare): boolean {
  let empty = true;
  for (const index of state.index.visit(keyRange(compare.key, compare.rangeEnd))) {
    if (!index.isLive) continue;
    empty = false;
    if (!satisfies(compare.result, orderOf(state, compare, index))) return false;
  }
  if (!empty) return true;
  return compare.target !== "value" && satisfies(compare.result, compareNumbers(0n, numberOperand(compare)));
}

/** Negative, zero or positive, as the stored field sorts before, with or after the operand. */
function orderOf(state: StoreState, compare: Compare, index: KeyIndex): number {
  switch (compare.target) {
    case "value":
      return compareBytes(state.table.read(index, index.length - 1).value, bytesOperand(compare));
    case "version":
      return compareNumbers(BigInt(index.version), numberOperand(compare));
    case "create":
      return compareNumbers(BigInt(index.created), numberOperand(compare));
    case "mod":
      return compareNumbers(BigInt(index.modified), numberOperand(compare));
    case "lease":
      return compareNumbers(index.lease, numberOperand(compare));
  }
}

/** "Greater" means that what is stored is greater than the operand. */
function satisfies(result: CompareResult, order: number): boolean {
  switch (result) {
    case "equal":
      return order === 0;
    case "not-equal":
      return order !== 0;
    case "greater":
      return order > 0;
    case "less":
      return order < 0;
  }
}

/** An operand of the wrong kind is one that was not set. */
function numberOperand(compare: Compare): bigint {
  return typeof compare.operand === "bigint" ? compare.operand : 0n;
}

function bytesOperand(compare: Compare): Uint8Array {
  return typeof compare.operand === "bigint" ? EMPTY_BYTES : compare.operand;
}

function compareNumbers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
