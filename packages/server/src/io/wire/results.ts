/**
 * Key-value answers from the core's results to etcd's messages. A header inside a transaction's answer carries the
 * revision only; the header of a nested transaction's answer is there but empty (etcd's txn.go).
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  DeleteRangeResponseSchema,
  PutResponseSchema,
  RangeResponseSchema,
  ResponseHeaderSchema,
  ResponseOpSchema,
  TxnResponseSchema,
} from "@kvorum/proto";
import type {
  DeleteRangeResult,
  OperationResult,
  PutResult,
  RangeResult,
  TxnResult,
} from "../../core/mvcc/operations.js";

type Header = MessageInitShape<typeof ResponseHeaderSchema>;

export function rangeResponse(result: RangeResult, header: Header): MessageInitShape<typeof RangeResponseSchema> {
  return { header, kvs: [...result.kvs], more: result.more, count: BigInt(result.count) };
}

export function putResponse(result: PutResult, header: Header): MessageInitShape<typeof PutResponseSchema> {
  return result.prevKv === undefined ? { header } : { header, prevKv: result.prevKv };
}

export function deleteRangeResponse(
  result: DeleteRangeResult,
  header: Header,
): MessageInitShape<typeof DeleteRangeResponseSchema> {
  return { header, deleted: BigInt(result.deleted), prevKvs: [...result.prevKvs] };
}

export function txnResponse(result: TxnResult, header: Header): MessageInitShape<typeof TxnResponseSchema> {
  return { header, succeeded: result.succeeded, responses: result.responses.map(responseOp) };
}

function responseOp(result: OperationResult): MessageInitShape<typeof ResponseOpSchema> {
  const header = { revision: result.revision };
  switch (result.kind) {
    case "range":
      return { response: { case: "responseRange", value: rangeResponse(result, header) } };
    case "put":
      return { response: { case: "responsePut", value: putResponse(result, header) } };
    case "delete-range":
      return { response: { case: "responseDeleteRange", value: deleteRangeResponse(result, header) } };
    case "txn":
      return { response: { case: "responseTxn", value: txnResponse(result, {}) } };
  }
}
