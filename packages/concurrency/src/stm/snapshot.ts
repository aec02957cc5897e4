/**
 * The state of some keys and ranges at one revision, as one request gives it: what was prefetched before the first attempt,
 * what made an attempt fail (the `else` of its commit reads it in the same step), or what is read again after a wait.
 */
import type { Key, KeyRange, KeyValue, Op, Store } from "@kvorum/client";
import { byteString } from "../keys.js";

export type Pair = KeyValue<Uint8Array>;

export interface Read {
  readonly key: Uint8Array;
  readonly kv: Pair | undefined;
}

export interface Snapshot {
  readonly revision: bigint;
  readonly keys: ReadonlyMap<string, Read>;
  /** By `rangeId`. */
  readonly ranges: ReadonlyMap<string, readonly Pair[]>;
}

/** What a body has asked for, and will probably ask for again. */
export interface Wanted {
  readonly keys: readonly Uint8Array[];
  readonly ranges: readonly KeyRange[];
}

/** Most reads of one request; below etcd's limit of 128 operations. What is more is read when the body asks for it. */
const READS_MAX = 100;

export interface SnapshotReads {
  readonly operations: readonly Op[];
  /** Errors: a response that is none of these operations'. */
  toSnapshot(revision: bigint, responses: readonly unknown[]): Snapshot;
}

/** The reads of what is wanted, for a branch of a txn. */
export function snapshotReads(store: Store<Uint8Array>, wanted: Wanted): SnapshotReads {
  const keys = wanted.keys.slice(0, READS_MAX);
  const ranges = wanted.ranges.slice(0, READS_MAX - keys.length);
  return {
    operations: [...keys.map((key) => store.op.get(key)), ...ranges.map((range) => store.op.list(range))],
    // The responses are those of the operations, in their order.
    toSnapshot: (revision, responses) => ({
      revision,
      keys: new Map(keys.map((key, index) => [byteString(key), { key, kv: responses[index] as Pair | undefined }])),
      ranges: new Map(
        ranges.map((range, index) => [rangeId(range), (responses[keys.length + index] as { kvs: Pair[] }).kvs]),
      ),
    }),
  };
}

/** Reads what is wanted in one request; undefined where nothing is. */
export async function readSnapshot(
  store: Store<Uint8Array>,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  if (wanted.keys.length + wanted.ranges.length === 0) return undefined;
  const reads = snapshotReads(store, wanted);
  const { header, responses } = await store.txn({ then: reads.operations }, { signal });
  return reads.toSnapshot(header.revision, responses);
}

/** One string for each range. */
export function rangeId({ key, end }: KeyRange): string {
  return JSON.stringify([byteString(key), end === undefined ? undefined : byteString(end)]);
}

const encoder = new TextEncoder();

/** A copy, since the caller may go on using what was given. Errors: `TypeError` for what is no key, or an empty one. */
export function keyOf(key: Key): Uint8Array {
  if (typeof key !== "string" && !(key instanceof Uint8Array)) {
    throw new TypeError(`key must be a string or a Uint8Array, not ${key === null ? "null" : typeof key}`);
  }
  if (key.length === 0) throw new TypeError("key must not be empty");
  return typeof key === "string" ? encoder.encode(key) : new Uint8Array(key);
}
