/**
 * How large an answer is, found out before it is encoded. A transaction may ask for one large value thousands of times: that
 * costs nothing as long as the answer only points to it, and gigabytes and seconds of the main thread once it is bytes.
 */
import { RpcError, StatusCode } from "@kvorum/transport";
import type { KeyValue } from "../core/mvcc/key-value.js";
import type { OperationResult } from "../core/mvcc/operations.js";

/** What servers of etcd send at most (grpc-go's `MaxSendMsgSize`, which etcd sets to the largest int32), in bytes. */
const ANSWER_BYTES_MAX: number = 2 ** 31 - 1;

/** Errors: an `RpcError` with RESOURCE_EXHAUSTED and grpc-go's text. A write that was asked for has been done all the same. */
export function checkAnswerSize(result: OperationResult, bytesMax: number = ANSWER_BYTES_MAX): void {
  const bytes = bytesOf(result);
  if (bytes <= bytesMax) return;
  const message = `grpc: trying to send message larger than max (${bytes} vs. ${bytesMax})`;
  throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, message);
}

/** Of keys and values; what stands around them is small beside it. */
function bytesOf(result: OperationResult): number {
  switch (result.kind) {
    case "range":
      return sumOf(result.kvs);
    case "put":
      return result.prevKv === undefined ? 0 : sumOf([result.prevKv]);
    case "delete-range":
      return sumOf(result.prevKvs);
    case "txn":
      return result.responses.reduce((sum, one) => sum + bytesOf(one), 0);
  }
}

function sumOf(kvs: readonly KeyValue[]): number {
  return kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
}
