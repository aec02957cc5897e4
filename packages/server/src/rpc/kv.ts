/**
 * The KV service. What can be refused by looking at a request is refused here; writes are then proposed, reads go to the
 * node's read path. A transaction of plain ranges is a read and leaves no entry in the log (etcd's `isTxnReadonly`).
 */
import type { KV } from "@kvorum/proto";
import type { CallContext, ServiceImplementation } from "@kvorum/transport";
import type { Identity } from "../core/auth/types.js";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "../core/mvcc/check.js";
import type { TxnOperation } from "../core/mvcc/operations.js";
import { toDeleteRange, toPut, toRange, toTxn } from "../io/wire/operations.js";
import { deleteRangeResponse, putResponse, rangeResponse, txnResponse } from "../io/wire/results.js";
import { checkAnswerSize } from "./answer-size.js";
import { headerOf } from "./header.js";
import { isLarge, isLargeAnswer } from "./large-calls.js";
import type { RpcParts } from "./parts.js";
import { RangeAnswers } from "./range-answers.js";
import { streamRange } from "./range-stream.js";
import { traceOf } from "./trace.js";

export function kvService({
  node,
  auth,
  pause,
  maxTxnOps,
  maxRequestBytes,
}: RpcParts): ServiceImplementation<typeof KV> {
  const rangeAnswers = new RangeAnswers(node);
  const callerOf = (context: CallContext): Identity | undefined => auth?.identities.of(context);
  return {
    async range(request, context) {
      const operation = toRange(request);
      checkRange(operation);
      const answer = await node.range(operation, callerOf(context), (result) =>
        isLargeAnswer(result, checkAnswerSize(result)) ? result : rangeAnswers.of(result),
      );
      if (!("kind" in answer)) return answer;
      await pause();
      return rangeResponse(answer, headerOf(node, answer.revision));
    },

    async *rangeStream(request, context) {
      const operation = toRange(request);
      checkRange(operation);
      yield* streamRange(node, operation, maxRequestBytes, callerOf(context));
    },

    async put(request, context) {
      const operation = toPut(request);
      checkPut(operation);
      const result = await node.propose(operation, callerOf(context), traceOf(context));
      return putResponse(result, headerOf(node, result.revision));
    },

    async deleteRange(request, context) {
      const operation = toDeleteRange(request);
      checkDeleteRange(operation);
      const result = await node.propose(operation, callerOf(context), traceOf(context));
      return deleteRangeResponse(result, headerOf(node, result.revision));
    },

    async txn(request, context) {
      const operation = toTxn(request);
      checkTxn(operation, maxTxnOps);
      if (isLarge(operation)) await pause();
      const caller = callerOf(context);
      const result = await (isReadOnly(operation)
        ? node.readOnlyTxn(operation, caller)
        : node.propose(operation, caller, traceOf(context)));
      if (isLargeAnswer(result, checkAnswerSize(result))) await pause();
      return txnResponse(result, headerOf(node, result.revision));
    },

    async compact({ revision, physical }, context) {
      const result = await node.propose(
        { kind: "compaction", revision, physical },
        callerOf(context),
        traceOf(context),
      );
      if (physical) await node.waitCompacted(revision);
      return { header: headerOf(node, result.revision) };
    },
  };
}

/** A nested transaction goes through the log even if it only reads. */
function isReadOnly(operation: TxnOperation): boolean {
  return [...operation.success, ...operation.failure].every(({ kind }) => kind === "range");
}
