/**
 * The KV service. What can be refused by looking at a request is refused here; writes are then proposed, reads go to the
 * node's read path. A transaction of plain ranges is a read and leaves no entry in the log (etcd's `isTxnReadonly`).
 */
import type { KV } from "@kvorum/proto";
import type { ServiceImplementation } from "@kvorum/transport";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "../core/mvcc/check.js";
import type { TxnOperation } from "../core/mvcc/operations.js";
import { toDeleteRange, toPut, toRange, toTxn } from "../io/wire/operations.js";
import { deleteRangeResponse, putResponse, rangeResponse, txnResponse } from "../io/wire/results.js";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";
import { streamRange } from "./range-stream.js";

export function kvService({ node, maxTxnOps, maxRequestBytes }: RpcParts): ServiceImplementation<typeof KV> {
  return {
    async range(request) {
      const operation = toRange(request);
      checkRange(operation);
      const result = await node.range(operation);
      return rangeResponse(result, headerOf(node, result.revision));
    },

    async *rangeStream(request) {
      const operation = toRange(request);
      checkRange(operation);
      yield* streamRange(node, operation, maxRequestBytes);
    },

    async put(request) {
      const operation = toPut(request);
      checkPut(operation);
      const result = await node.propose(operation);
      return putResponse(result, headerOf(node, result.revision));
    },

    async deleteRange(request) {
      const operation = toDeleteRange(request);
      checkDeleteRange(operation);
      const result = await node.propose(operation);
      return deleteRangeResponse(result, headerOf(node, result.revision));
    },

    async txn(request) {
      const operation = toTxn(request);
      checkTxn(operation, maxTxnOps);
      const result = await (isReadOnly(operation) ? node.readOnlyTxn(operation) : node.propose(operation));
      return txnResponse(result, headerOf(node, result.revision));
    },

    async compact({ revision, physical }) {
      const result = await node.propose({ kind: "compaction", revision, physical });
      if (physical) await node.waitCompacted(revision);
      return { header: headerOf(node, result.revision) };
    },
  };
}

/** A nested transaction goes through the log even if it only reads. */
function isReadOnly(operation: TxnOperation): boolean {
  return [...operation.success, ...operation.failure].every(({ kind }) => kind === "range");
}
