/**
 * Refuses what is too large to be sent before it is encoded. A transaction may ask for one large value thousands of times: that
 * costs nothing as long as the answer only points to it, and gigabytes and seconds of the main thread once it is bytes.
 */
import { RpcError, StatusCode } from "@kvorum/transport";
import { ANSWER_BYTES_MAX, bytesOf } from "../core/mvcc/answer-size.js";
import type { OperationResult } from "../core/mvcc/operations.js";

/** The bytes of keys and values. Errors: an `RpcError` with RESOURCE_EXHAUSTED and grpc-go's text. A write that was asked for has been done all the same. */
export function checkAnswerSize(result: OperationResult, bytesMax: number = ANSWER_BYTES_MAX): number {
  const bytes = bytesOf(result);
  if (bytes <= bytesMax) return bytes;
  const message = `grpc: trying to send message larger than max (${bytes} vs. ${bytesMax})`;
  throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, message);
}
