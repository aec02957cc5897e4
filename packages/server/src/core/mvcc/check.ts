/**
 * What can be refused about a request by looking at it alone. The edge calls these before anything is proposed, so that a
 * malformed request never reaches the log; what depends on the state of the store is checked when it is applied.
 */
import { ServerError } from "../errors.js";
import { checkWriteConflicts } from "./conflict.js";
import type {
  DeleteRangeOperation,
  Operation,
  PutOperation,
  RangeOperation,
  SortOrder,
  SortTarget,
  TxnOperation,
} from "./operations.js";

const SORT_ORDERS: readonly SortOrder[] = ["none", "ascend", "descend"];
const SORT_TARGETS: readonly SortTarget[] = ["key", "version", "create", "mod", "value"];

/** Errors: `emptyKey`, `invalidSortOption`. */
export function checkRange(operation: RangeOperation): void {
  checkKey(operation.key);
  // The types rule other values out; an open enum of the wire does not.
  if (!SORT_ORDERS.includes(operation.sortOrder) || !SORT_TARGETS.includes(operation.sortTarget)) {
    throw new ServerError("invalidSortOption");
  }
}

/** Errors: `emptyKey`, `valueProvided`, `leaseProvided`. */
export function checkPut(operation: PutOperation): void {
  checkKey(operation.key);
  if (operation.ignoreValue && operation.value.length > 0) throw new ServerError("valueProvided");
  if (operation.ignoreLease && operation.lease !== 0n) throw new ServerError("leaseProvided");
}

/** Errors: `emptyKey`. */
export function checkDeleteRange(operation: DeleteRangeOperation): void {
  checkKey(operation.key);
}

/**
 * All conditions and operations of a transaction and of those nested in it, as a multiple of the bound of one list. The bound
 * of lists alone would let a request of a megabyte ask for tens of thousands of operations, which run in one turn; etcd has
 * no such bound.
 */
const TREE_LISTS_MAX = 32;

/**
 * `opsMax` bounds the longest of the three lists; a transaction nested in it may use what its parent's longest list left. All
 * of them together have 32 times that many.
 *
 * Errors: `tooManyOps`, `emptyKey`, `duplicateKey`, and those of its operations.
 */
export function checkTxn(operation: TxnOperation, opsMax: number): void {
  checkTree(operation, opsMax * TREE_LISTS_MAX);
  checkShape(operation, opsMax);
  checkWriteConflicts(operation);
}

/** What is left of `opsMax`. */
function checkTree({ compare, success, failure }: TxnOperation, opsMax: number): number {
  let left = opsMax - compare.length - success.length - failure.length;
  if (left < 0) throw new ServerError("tooManyOps");
  for (const list of [success, failure]) {
    for (const child of list) if (child.kind === "txn") left = checkTree(child, left);
  }
  return left;
}

function checkShape(operation: TxnOperation, opsMax: number): void {
  const ops = Math.max(operation.compare.length, operation.success.length, operation.failure.length);
  if (ops > opsMax) throw new ServerError("tooManyOps");
  for (const compare of operation.compare) checkKey(compare.key);
  for (const child of [...operation.success, ...operation.failure]) checkOperation(child, opsMax - ops);
}

function checkOperation(operation: Operation, opsMax: number): void {
  if (operation.kind === "range") checkRange(operation);
  else if (operation.kind === "put") checkPut(operation);
  else if (operation.kind === "delete-range") checkDeleteRange(operation);
  else checkShape(operation, opsMax);
}

function checkKey(key: Uint8Array): void {
  if (key.length === 0) throw new ServerError("emptyKey");
}
