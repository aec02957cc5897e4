/**
 * What is large about a call. Such a call takes the event loop for a part at a time (taken apart, run, answered), and between the
 * parts the others have their turn: they wait for one of them and never for the whole.
 */
import type { OperationResult, TxnOperation } from "../core/mvcc/operations.js";

/** A transaction of so many operations takes some ten milliseconds to run. */
const OPERATIONS_MANY = 256;
/** So many bytes of keys and values take a millisecond or two to encode and to send. */
const BYTES_MANY = 2 ** 20;

export function isLarge(operation: TxnOperation): boolean {
  return operationsOf(operation) > OPERATIONS_MANY;
}

/** `bytes`: of the answer's keys and values. */
export function isLargeAnswer(result: OperationResult, bytes: number): boolean {
  return bytes > BYTES_MANY || answersOf(result) > OPERATIONS_MANY;
}

function operationsOf({ success, failure }: TxnOperation): number {
  let count = success.length + failure.length;
  for (const operation of success) if (operation.kind === "txn") count += operationsOf(operation);
  for (const operation of failure) if (operation.kind === "txn") count += operationsOf(operation);
  return count;
}

function answersOf(result: OperationResult): number {
  return result.kind === "txn" ? result.responses.reduce((sum, one) => sum + answersOf(one), 1) : 1;
}
