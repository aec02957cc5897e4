/**
 * Key-value requests between etcd's messages and the core's operations, both ways: the RPC layer reads requests and
 * writes answers with it, the command codec writes operations into the log and reads them back.
 *
 * Byte fields are passed on, not copied. A decoded one is a view into its whole message: who keeps it beyond the request
 * copies it (the store encodes values and turns keys into strings, which are copies).
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type Compare_CompareResult,
  Compare_CompareTarget,
  type Compare as CompareMessage,
  type CompareSchema,
  type DeleteRangeRequest,
  type DeleteRangeRequestSchema,
  type PutRequest,
  type PutRequestSchema,
  type RangeRequest,
  type RangeRequest_SortOrder,
  type RangeRequest_SortTarget,
  type RangeRequestSchema,
  type RequestOp,
  type RequestOpSchema,
  type TxnRequest,
  type TxnRequestSchema,
} from "@kvorum/proto";
import { EMPTY_BYTES } from "../../core/bytes.js";
import { ServerError } from "../../core/errors.js";
import type {
  Compare,
  CompareResult,
  DeleteRangeOperation,
  Operation,
  PutOperation,
  RangeOperation,
  SortOrder,
  SortTarget,
  TxnOperation,
} from "../../core/mvcc/operations.js";

const SORT_ORDERS: readonly SortOrder[] = ["none", "ascend", "descend"];
const SORT_TARGETS: readonly SortTarget[] = ["key", "version", "create", "mod", "value"];
const COMPARE_RESULTS: readonly CompareResult[] = ["equal", "greater", "less", "not-equal"];
const COMPARE_TARGETS: readonly Compare["target"][] = ["version", "create", "mod", "value", "lease"];

/** Errors: `emptyKey`, which etcd looks at first, and `invalidSortOption` for an order or target outside the enums. */
export function toRange(request: RangeRequest): RangeOperation {
  if (request.key.length === 0) throw new ServerError("emptyKey");
  const sortOrder = SORT_ORDERS[request.sortOrder];
  const sortTarget = SORT_TARGETS[request.sortTarget];
  if (sortOrder === undefined || sortTarget === undefined) throw new ServerError("invalidSortOption");
  return {
    kind: "range",
    key: request.key,
    rangeEnd: request.rangeEnd,
    limit: clampToSafe(request.limit),
    revision: request.revision,
    sortOrder,
    sortTarget,
    serializable: request.serializable,
    keysOnly: request.keysOnly,
    countOnly: request.countOnly,
    minModRevision: request.minModRevision,
    maxModRevision: request.maxModRevision,
    minCreateRevision: request.minCreateRevision,
    maxCreateRevision: request.maxCreateRevision,
  };
}

export function toPut(request: PutRequest): PutOperation {
  const { key, value, lease, prevKv, ignoreValue, ignoreLease } = request;
  return { kind: "put", key, value, lease, prevKv, ignoreValue, ignoreLease };
}

export function toDeleteRange(request: DeleteRangeRequest): DeleteRangeOperation {
  return { kind: "delete-range", key: request.key, rangeEnd: request.rangeEnd, prevKv: request.prevKv };
}

/** Errors: `keyNotFound` for an operation without a request in it (etcd's answer), `invalidSortOption`. */
export function toTxn(request: TxnRequest): TxnOperation {
  return {
    kind: "txn",
    compare: request.compare.map(toCompare),
    success: request.success.map(toOperation),
    failure: request.failure.map(toOperation),
  };
}

function toOperation({ request }: RequestOp): Operation {
  switch (request.case) {
    case "requestRange":
      return toRange(request.value);
    case "requestPut":
      return toPut(request.value);
    case "requestDeleteRange":
      return toDeleteRange(request.value);
    case "requestTxn":
      return toTxn(request.value);
    default:
      throw new ServerError("keyNotFound");
  }
}

/**
 * An operand that is missing, or is not the target's own, counts as zero or empty. A result or target outside the enums
 * is a mistake that etcd does not report: an unknown result always holds, an unknown target is equal to everything.
 */
function toCompare(message: CompareMessage): Compare {
  const { key, rangeEnd } = message;
  const result = COMPARE_RESULTS[message.result];
  const target = COMPARE_TARGETS[message.target];
  if (result === undefined || target === undefined) {
    const holds = result === undefined || result === "equal";
    // Versions are never negative, so this comparison has the same answer for every key, there or not.
    return { target: "version", result: holds ? "greater" : "less", key, rangeEnd, operand: -1n };
  }
  return { target, result, key, rangeEnd, operand: operandOf(message) };
}

function operandOf({ target, targetUnion }: CompareMessage): bigint | Uint8Array {
  const given = targetUnion.case;
  switch (target) {
    case Compare_CompareTarget.VALUE:
      return given === "value" ? targetUnion.value : EMPTY_BYTES;
    case Compare_CompareTarget.VERSION:
      return given === "version" ? targetUnion.value : 0n;
    case Compare_CompareTarget.CREATE:
      return given === "createRevision" ? targetUnion.value : 0n;
    case Compare_CompareTarget.MOD:
      return given === "modRevision" ? targetUnion.value : 0n;
    default:
      return given === "lease" ? targetUnion.value : 0n;
  }
}

export function rangeRequest(operation: RangeOperation): MessageInitShape<typeof RangeRequestSchema> {
  const { kind: _, limit, sortOrder, sortTarget, ...same } = operation;
  return {
    ...same,
    limit: BigInt(limit),
    sortOrder: SORT_ORDERS.indexOf(sortOrder) as RangeRequest_SortOrder,
    sortTarget: SORT_TARGETS.indexOf(sortTarget) as RangeRequest_SortTarget,
  };
}

/** The operation itself: its fields have the names of the message's, and `kind`, which no message has, is not looked at. */
export function putRequest(operation: PutOperation): MessageInitShape<typeof PutRequestSchema> {
  return operation;
}

/** As `putRequest`. */
export function deleteRangeRequest(operation: DeleteRangeOperation): MessageInitShape<typeof DeleteRangeRequestSchema> {
  return operation;
}

export function txnRequest(operation: TxnOperation): MessageInitShape<typeof TxnRequestSchema> {
  return {
    compare: operation.compare.map(compareMessage),
    success: operation.success.map(requestOp),
    failure: operation.failure.map(requestOp),
  };
}

function requestOp(operation: Operation): MessageInitShape<typeof RequestOpSchema> {
  switch (operation.kind) {
    case "range":
      return { request: { case: "requestRange", value: rangeRequest(operation) } };
    case "put":
      return { request: { case: "requestPut", value: putRequest(operation) } };
    case "delete-range":
      return { request: { case: "requestDeleteRange", value: deleteRangeRequest(operation) } };
    case "txn":
      return { request: { case: "requestTxn", value: txnRequest(operation) } };
  }
}

const OPERAND_CASES = {
  version: "version",
  create: "createRevision",
  mod: "modRevision",
  lease: "lease",
} as const;

function compareMessage(compare: Compare): MessageInitShape<typeof CompareSchema> {
  const { target, operand, key, rangeEnd } = compare;
  return {
    key,
    rangeEnd,
    result: COMPARE_RESULTS.indexOf(compare.result) as Compare_CompareResult,
    target: COMPARE_TARGETS.indexOf(target) as Compare_CompareTarget,
    targetUnion:
      target === "value"
        ? { case: "value", value: operand as Uint8Array }
        : { case: OPERAND_CASES[target], value: operand as bigint },
  };
}

/** A limit beyond 2^53 means the same as one at it. */
function clampToSafe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return Number.MAX_SAFE_INTEGER;
  return value < 0n ? 0 : Number(value);
}
