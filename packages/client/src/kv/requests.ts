/** Requests of the key-value verbs, made from keys and options. Shared by the store's own verbs and by the ops of a txn. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type DeleteRangeRequestSchema,
  type PutRequestSchema,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  type RangeRequestSchema,
} from "@kvorum/proto";
import type { Codec } from "../codec.js";
import type { Key, Selector } from "../keys.js";
import type { Keyspace } from "../keyspace.js";
import { type BigIntLike, type ListOptions, leaseId, type PutOptions, type ReadOptions, toBigInt } from "../options.js";

export type RangeInit = MessageInitShape<typeof RangeRequestSchema>;
export type PutInit = MessageInitShape<typeof PutRequestSchema>;
export type DeleteInit = MessageInitShape<typeof DeleteRangeRequestSchema>;

const SORT_TARGETS = {
  key: RangeRequest_SortTarget.KEY,
  version: RangeRequest_SortTarget.VERSION,
  create: RangeRequest_SortTarget.CREATE,
  mod: RangeRequest_SortTarget.MOD,
  value: RangeRequest_SortTarget.VALUE,
} as const;

const SORT_ORDERS = { asc: RangeRequest_SortOrder.ASCEND, desc: RangeRequest_SortOrder.DESCEND } as const;

/** A read of one key or of a range, without anything that only a list has. */
export function rangeRequest(keyspace: Keyspace, selector: Selector, options: ReadOptions = {}): RangeInit {
  const { consistency, revision } = options;
  return {
    ...keyspace.range(selector),
    ...(revision !== undefined && { revision: toBigInt(revision, "revision") }),
    // `atLeast` reads locally first; the store repeats it as a linearizable read where the member is behind.
    ...(consistency !== undefined && consistency !== "linearizable" && { serializable: true }),
  };
}

/** Errors: `RangeError` for a limit that is no whole number. */
export function listRequest(keyspace: Keyspace, selector: Selector, options: ListOptions = {}): RangeInit {
  const bound = (value: BigIntLike | undefined, name: string): bigint =>
    value === undefined ? 0n : toBigInt(value, name);
  const { limit, sortBy, order } = options;
  return {
    ...rangeRequest(keyspace, selector, options),
    limit: bound(limit, "limit"),
    minModRevision: bound(options.minModRevision, "minModRevision"),
    maxModRevision: bound(options.maxModRevision, "maxModRevision"),
    minCreateRevision: bound(options.minCreateRevision, "minCreateRevision"),
    maxCreateRevision: bound(options.maxCreateRevision, "maxCreateRevision"),
    // A target alone means ascending order; the wire's "none" would also do, but says less.
    ...((sortBy ?? order) !== undefined && {
      sortTarget: SORT_TARGETS[sortBy ?? "key"],
      sortOrder: SORT_ORDERS[order ?? "asc"],
    }),
  };
}

export function putRequest<V>(
  keyspace: Keyspace,
  codec: Codec<V>,
  key: Key,
  value: V,
  options: PutOptions = {},
): PutInit {
  const ignoreValue = options.ignoreValue ?? false;
  return {
    key: keyspace.key(key),
    // etcd refuses a value beside ignore_value, so the one we were given is left out.
    ...(!ignoreValue && { value: codec.encode(value) }),
    lease: leaseId(options.lease),
    prevKv: options.prevKv ?? false,
    ignoreValue,
    ignoreLease: options.ignoreLease ?? false,
  };
}

export function deleteRequest(keyspace: Keyspace, selector: Selector, prevKv = false): DeleteInit {
  return { ...keyspace.range(selector), prevKv };
}
