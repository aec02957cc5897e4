/**
 * How large an answer is, found out before it is encoded. The bound is that of what servers of etcd send (grpc-go's
 * `MaxSendMsgSize`, which etcd sets to the largest int32).
 */
import type { KeyValue } from "./key-value.js";
import type { OperationResult } from "./operations.js";

export const ANSWER_BYTES_MAX: number = 2 ** 31 - 1;

/** What a row of a transaction counts beside its key and value: about the memory it takes, whatever is in it. */
export const ROW_BYTES = 512;

/** Of keys and values; what stands around them is small beside it, and counts only where it is at hand. */
export function bytesOf(result: OperationResult): number {
  switch (result.kind) {
    case "range":
      return sumOf(result.kvs);
    case "put":
      return result.prevKv === undefined ? 0 : sumOf([result.prevKv]);
    case "delete-range":
      return sumOf(result.prevKvs);
    case "txn":
      return result.excess ?? result.responses.reduce((sum, one) => sum + bytesOf(one), 0);
  }
}

/** Of rows that are held in memory together. */
export function bytesOfRows(rows: readonly KeyValue[]): number {
  return sumOf(rows) + rows.length * ROW_BYTES;
}

function sumOf(kvs: readonly KeyValue[]): number {
  return kvs.reduce((sum, kv) => sum + (kv.$encoded?.length ?? kv.key.length + kv.value.length), 0);
}
