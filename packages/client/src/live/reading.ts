/**
 * How a cache reads: a whole range page by page at one revision, values decoded by the policy for bad ones; and, without the
 * pairs, what tells whether the range has changed.
 */
import { KV, RangeRequest_SortOrder, RangeRequest_SortTarget } from "@kvorum/proto";
import { type Codec, SchemaMismatchError } from "../codec.js";
import { DecodeError, isEtcdError } from "../errors.js";
import type { KeyRange } from "../keys.js";
import { type KeyValue, toHeader, type View } from "../kv/results.js";
import type { Caller } from "../net/caller.js";
import type { CallOptions, ScanOptions } from "../options.js";
import type { Batch, RangeFacts, Write } from "./key-map.js";
import type { CacheOptions } from "./options.js";

/** So often a read of a range is begun again because its revision was compacted under it. */
const SCANS_MAX = 5;

/** A value, or why there is none. */
export type Attempt<V> = { readonly value: V } | { readonly error: unknown };

/** A codec that never throws, so that one bad value does not end the reading of others. */
export function attempting<V>(codec: Pick<Codec<V>, "decode">): Codec<Attempt<V>> {
  return {
    encode: () => {
      throw new TypeError("this codec only reads");
    },
    decode: (bytes) => {
      try {
        const decoded = codec.decode(bytes);
        if (!(decoded instanceof Promise)) return { value: decoded };
        return decoded.then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        );
      } catch (error) {
        return { error };
      }
    },
  };
}

/** Errors: `DecodeError` where the policy is to throw; what a policy function throws. */
export function toWrite<V>(kv: KeyValue<Attempt<V>>, policy: CacheOptions<V>["onDecodeError"]): Write<V> {
  const { key, keyBytes, modRevision, value: attempt } = kv;
  if ("value" in attempt) return { type: "put", keyBytes, modRevision, kv: { ...kv, value: attempt.value } };
  const issues = attempt.error instanceof SchemaMismatchError ? attempt.error.issues : [];
  const error = new DecodeError(key, modRevision, issues, attempt.error);
  if (policy === undefined || policy === "throw") throw error;
  if (policy !== "keep") policy(error);
  return { type: "put", keyBytes, modRevision, kv: undefined };
}

/** Where a cache reads. */
export interface Source<V> {
  readonly caller: Caller;
  /** The store's own scan, of this range. */
  readonly scan: (range: KeyRange, options: ScanOptions) => AsyncIterable<KeyValue<Attempt<V>>>;
  readonly view: View<Attempt<V>>;
  readonly range: KeyRange;
}

/** All pairs of the range at one revision. Errors: `EtcdError`, `DecodeError`, `signal.reason`. */
export async function readRange<V>(
  source: Source<V>,
  options: ScanOptions,
  policy: CacheOptions<V>["onDecodeError"],
): Promise<Batch<V>> {
  for (let scans = 1; ; scans += 1) {
    const revision = await readRevision(source, options);
    const writes: Write<V>[] = [];
    try {
      for await (const kv of source.scan(source.range, { ...options, revision })) {
        writes.push(toWrite(kv, policy));
      }
      return { revision, writes };
    } catch (error) {
      if (!isEtcdError(error, "compacted") || scans === SCANS_MAX) throw error;
    }
  }
}

/** The store's revision, at least as new as everything acknowledged before the call. */
export async function readRevision<V>(source: Source<V>, options: CallOptions): Promise<bigint> {
  // One key of the range: cheap, and allowed to whoever may read the range.
  const { key } = source.view.keyspace.range(source.range);
  const answer = await source.caller.unary(KV.method.range, { key, keysOnly: true }, "read", options);
  return toHeader(answer.header).revision;
}

export async function readFacts<V>(source: Source<V>, options: CallOptions): Promise<RangeFacts> {
  const request = {
    ...source.view.keyspace.range(source.range),
    sortTarget: RangeRequest_SortTarget.MOD,
    sortOrder: RangeRequest_SortOrder.DESCEND,
    limit: 1n,
    keysOnly: true,
  };
  const answer = await source.caller.unary(KV.method.range, request, "read", options);
  const { revision } = toHeader(answer.header);
  return { revision, newest: answer.kvs[0]?.modRevision ?? 0n, count: answer.count };
}
