/**
 * Transactions: decide every condition first, check every operation of the taken branches second, write last. What fails,
 * fails before anything is written (etcd crashed or diverged where it did not: issues 18667, 18799).
 */
import { byteString } from "../bytes.js";
import { ServerError } from "../errors.js";
import { Change, checkKept, checkLease } from "./change.js";
import { compareHolds } from "./compare.js";
import { KeyRangeSet } from "./key-range-set.js";
import type {
  DeleteRangeOperation,
  Operation,
  OperationResult,
  PutOperation,
  RangeOperation,
  RangeResult,
  TxnOperation,
  TxnResult,
} from "./operations.js";
import { rangeSlices } from "./range.js";
import { finish } from "./slices.js";
import { readableRevision, type StoreState } from "./store-state.js";
import { keyRange } from "./tree-index.js";
import { TxnRows } from "./txn-rows.js";

/** A transaction whose conditions are decided: only what will run is left. */
interface DecidedTxn {
  readonly kind: "decided";
  readonly succeeded: boolean;
  readonly steps: readonly Step[];
}

type Step = RangeOperation | PutOperation | DeleteRangeOperation | DecidedTxn;

/**
 * Runs the transaction and returns its answer with the change it made, which may be empty.
 *
 * Errors, each without effect: `keyNotFound`, `leaseNotFound`, `futureRevision`, `compacted`.
 */
export function runTxn(state: StoreState, operation: TxnOperation): { result: TxnResult; change: Change } {
  const decided = decide(state, operation);
  check(state, decided);
  const change = new Change(state);
  return { result: answer(state, decided, change), change };
}

/** Writes are done all the same when the reads among them are more than can be answered, as in etcd. */
function answer(state: StoreState, decided: DecidedTxn, change: Change): TxnResult {
  const rows = new TxnRows(state.table);
  const result = execute(state, decided, change, rows);
  return rows.excess === undefined ? result : { ...result, responses: [], excess: rows.excess };
}

/** Conditions of nested transactions too are decided now: they do not see what the operations before them write. */
function decide(state: StoreState, operation: TxnOperation): DecidedTxn {
  const succeeded = operation.compare.every((compare) => compareHolds(state, compare));
  const branch = succeeded ? operation.success : operation.failure;
  return { kind: "decided", succeeded, steps: branch.map((step) => stepOf(state, step)) };
}

function stepOf(state: StoreState, operation: Operation): Step {
  return operation.kind === "txn" ? decide(state, operation) : operation;
}

/**
 * Of several errors the first in etcd's order is the answer: puts before ranges, a missing key before a missing lease.
 *
 * A put may want to keep the value of a key that a delete before it takes away: a delete from a key on passes the check of
 * conflicts. etcd 3.4 panics there, on every member; here the key is not found.
 */
function check(state: StoreState, decided: DecidedTxn): void {
  const steps = Array.from(flatten(decided));
  const deleted = new KeyRangeSet();
  for (const step of steps) {
    if (step.kind === "delete-range") deleted.add(keyRange(step.key, step.rangeEnd));
    if (step.kind !== "put") continue;
    checkKept(state, step);
    if ((step.ignoreValue || step.ignoreLease) && deleted.has(byteString(step.key)))
      throw new ServerError("keyNotFound");
    checkLease(state, step);
  }
  for (const step of steps) {
    if (step.kind === "range") readableRevision(state, step.revision, state.currentRevision);
  }
}

function* flatten(decided: DecidedTxn): Generator<Exclude<Step, DecidedTxn>, void, void> {
  for (const step of decided.steps) {
    if (step.kind === "decided") yield* flatten(step);
    else yield step;
  }
}

function execute(state: StoreState, decided: DecidedTxn, change: Change, rows: TxnRows): TxnResult {
  const responses = decided.steps.map((step) => executeStep(state, step, change, rows));
  return { kind: "txn", succeeded: decided.succeeded, responses, revision: BigInt(change.newest) };
}

function executeStep(state: StoreState, step: Step, change: Change, rows: TxnRows): OperationResult {
  switch (step.kind) {
    case "range":
      return executeRange(state, step, change, rows);
    case "put":
      return change.put(step);
    case "delete-range":
      return change.deleteRange(step);
    case "decided":
      return execute(state, step, change, rows);
  }
}

function executeRange(state: StoreState, range: RangeOperation, change: Change, rows: TxnRows): RangeResult {
  // Nobody will see it.
  if (rows.excess !== undefined) return { kind: "range", kvs: [], count: 0, more: false, revision: 0n };
  const result = finish(rangeSlices(state, range, () => change.newest, undefined, rows.sourceOf(range)));
  rows.count(result.kvs);
  return result;
}
