/**
 * RangeStream (etcd 3.7): a range in many messages, all read at one revision. Merged, they are the answer that Range
 * would have given; header, `more` and `count` stand on the last one.
 *
 * The first message has few keys, so that it comes soon; then the number of keys doubles or halves to keep messages near
 * the size of the largest request.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RangeStreamResponseSchema } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import type { Identity } from "../core/auth/types.js";
import type { KeyValue } from "../core/mvcc/key-value.js";
import type { RangeOperation } from "../core/mvcc/operations.js";
import { rangeResponse } from "../io/wire/results.js";
import type { NodeApi } from "../node/api.js";
import { headerOf } from "./header.js";

type Message = MessageInitShape<typeof RangeStreamResponseSchema>;

const FIRST_CHUNK_KEYS = 10;
const CHUNK_KEYS_MAX = 65_536;

/** Errors: UNIMPLEMENTED for sorted or filtered ranges, and those of a range; `compacted`, and `authOldRevision` where users change, may come in between. */
export async function* streamRange(
  node: NodeApi,
  operation: RangeOperation,
  chunkBytes: number,
  caller?: Identity,
): AsyncGenerator<Message, void, undefined> {
  checkStreamable(operation);
  if (operation.countOnly) {
    const result = await node.range(operation, caller);
    yield { rangeResponse: rangeResponse(result, headerOf(node, result.revision)) };
    return;
  }
  const limit = operation.limit > 0 ? operation.limit : Number.POSITIVE_INFINITY;
  let ask = { ...operation, limit: Math.min(FIRST_CHUNK_KEYS, limit) };
  let sent = 0;
  let total: number | undefined;
  for (;;) {
    const result = await node.range(ask, caller);
    total ??= result.count;
    sent += result.kvs.length;
    const last = result.kvs.at(-1);
    if (sent >= Math.min(limit, total) || last === undefined) {
      const end = { ...result, count: total, more: sent < total };
      yield { rangeResponse: rangeResponse(end, headerOf(node, result.revision)) };
      return;
    }
    yield { rangeResponse: { kvs: [...result.kvs] } };
    const revision = ask.revision > 0n ? ask.revision : result.revision;
    const keys = nextKeys(result.kvs, chunkBytes);
    // The revision is pinned and applied here, so no further round to the leader is needed.
    ask = { ...ask, key: justAfter(last.key), revision, serializable: true, limit: Math.min(keys, limit - sent) };
  }
}

function checkStreamable(operation: RangeOperation): void {
  if (operation.sortTarget !== "key" || operation.sortOrder === "descend") {
    throw new RpcError(StatusCode.UNIMPLEMENTED, "RangeStream does not support custom sort orders");
  }
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = operation;
  if ([minModRevision, maxModRevision, minCreateRevision, maxCreateRevision].some((bound) => bound !== 0n)) {
    throw new RpcError(StatusCode.UNIMPLEMENTED, "RangeStream does not support revision filters");
  }
}

function nextKeys(kvs: readonly KeyValue[], chunkBytes: number): number {
  const bytes = kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const keys = bytes * 2 <= chunkBytes ? kvs.length * 2 : bytes > chunkBytes ? kvs.length / 2 : kvs.length;
  return Math.min(CHUNK_KEYS_MAX, Math.max(1, Math.floor(keys)));
}

/** The next key in order: the same key with a zero byte behind it. */
function justAfter(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
