/**
 * A walk over a range of any size in bounded memory: pages at one pinned revision. The page shrinks by half whenever an
 * answer does not fit into a message. Ends with `CompactedError` when the pinned revision is compacted meanwhile.
 */
import { KV, type RangeResponse } from "@kvorum/proto";
import { isEtcdError } from "../errors.js";
import { concatBytes, type KeyRange } from "../keys.js";
import type { Caller } from "../net/caller.js";
import type { ScanOptions } from "../options.js";
import { type RangeInit, rangeRequest } from "./requests.js";
import { type KeyValue, toKeyValue, type View } from "./results.js";

const DEFAULT_PAGE_SIZE = 1_000;

export async function* scan<V>(
  caller: Caller,
  view: View<V>,
  range: KeyRange,
  options: ScanOptions = {},
): AsyncGenerator<KeyValue<V>, void, undefined> {
  const first = rangeRequest(view.keyspace, range, options);
  let pageSize = options.pageSize ?? DEFAULT_PAGE_SIZE;
  if (!Number.isSafeInteger(pageSize) || pageSize < 1)
    throw new RangeError(`pageSize must be at least 1, not ${pageSize}`);
  let position: Pick<RangeInit, "key" | "revision"> = {};
  for (;;) {
    let page: RangeResponse;
    try {
      page = await caller.unary(KV.method.range, { ...first, ...position, limit: BigInt(pageSize) }, "read", options);
    } catch (error) {
      if (!isEtcdError(error, "message-too-large") || pageSize === 1) throw error;
      pageSize = Math.ceil(pageSize / 2);
      continue;
    }
    const revision = first.revision || position.revision || page.header?.revision || 0n;
    for (const kv of page.kvs) yield await toKeyValue(view, kv);
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return;
    // The smallest key above the last one is that key with a zero byte behind it.
    position = { key: concatBytes(last.key, ZERO), revision };
  }
}

const ZERO = new Uint8Array([0]);
