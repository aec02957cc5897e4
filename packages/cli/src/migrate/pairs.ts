/** The pairs of a range in the order of keys at one revision, a page at a time: as many keys as make about a megabyte. */
import type { KeyRange } from "@kvorum/client";
import type { KeyValue } from "@kvorum/proto";
import type { Side } from "./side.js";

const PAGE_BYTES = 1024 * 1024;
const PAGE_KEYS_FIRST = 64;
const PAGE_KEYS_MAX = 4096;

/** The key itself, or everything up to the range's end. */
export interface ByteRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

export function byteRange({ key, end }: KeyRange): ByteRange {
  return { key, rangeEnd: end ?? new Uint8Array(0) };
}

/** The store's revision, and how many keys the range has, agreed on by a quorum. */
export async function survey(
  side: Side,
  range: ByteRange,
): Promise<{ readonly revision: bigint; readonly count: bigint; readonly clusterId: bigint }> {
  const answer = await side.patiently((client, options) => client.rpc.kv.range({ ...range, countOnly: true }, options));
  return {
    revision: answer.header?.revision ?? 0n,
    count: answer.count,
    clusterId: answer.header?.clusterId ?? 0n,
  };
}

/** Errors: `CompactedError` when the revision is given up meanwhile; those of `Side.patiently`. */
export async function* pairsAt(side: Side, range: ByteRange, revision: bigint): AsyncGenerator<KeyValue, void> {
  let limit = PAGE_KEYS_FIRST;
  let key = range.key;
  for (;;) {
    const request = { key, rangeEnd: range.rangeEnd, revision, limit: BigInt(limit) };
    const { kvs, more } = await side.patiently((client, options) => client.rpc.kv.range(request, options));
    yield* kvs;
    const last = kvs.at(-1);
    if (!more || last === undefined) return;
    key = successor(last.key);
    const bytes = kvs.reduce((sum, kv) => sum + kv.key.length + kv.value.length, 1);
    limit = Math.max(1, Math.min(PAGE_KEYS_MAX, limit * 2, Math.floor((PAGE_BYTES * kvs.length) / bytes)));
  }
}

/** The first key behind this one. */
function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
