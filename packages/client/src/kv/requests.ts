/** Requests of the key-value verbs, made from keys and options. Shared by the store's own verbs and by the ops of a txn. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type DeleteRangeRequestSchema,
  type PutRequestSchema,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  type RangeRequestSchema,
} from "@kvorum/proto";
import { checkName } from "../checks.js";
import type { Codec } from "../codec.js";
import type { Key, Selector } from "../keys.js";
import type { Keyspace } from "../keyspace.js";
import {
  type BigIntLike,
  type Consistency,
  flagOf,
  type ListOptions,
  leaseId,
  type PutOptions,
  type ReadOptions,
  toAmount,
} from "../options.js";

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

/** A read of one key or of a range, without anything that only a list has. Errors: `TypeError`, `RangeError`. */
export function rangeRequest(keyspace: Keyspace, selector: Selector, options: ReadOptions = {}): RangeInit {
  const { consistency, revision } = options;
  const { key, rangeEnd } = keyspace.range(selector);
  // The same fields always: the encoder is faster with requests that are all of one shape.
  return {
    key,
    rangeEnd,
    revision: revision === undefined ? 0n : toAmount(revision, "revision"),
    serializable: consistency !== undefined && isLocal(consistency),
  };
}

/** `atLeast` reads locally first; `readRange` repeats it as a linearizable read where the member is behind. */
function isLocal(consistency: Consistency): boolean {
  if (typeof consistency === "object" && consistency !== null) {
    toAmount(consistency.atLeast, "consistency.atLeast");
    return true;
  }
  checkName(consistency, ["linearizable", "serializable"], "consistency");
  return consistency === "serializable";
}

/** Errors: `TypeError`, `RangeError`. */
export function listRequest(keyspace: Keyspace, selector: Selector, options: ListOptions = {}): RangeInit {
  const bound = (value: BigIntLike | undefined, name: string): bigint =>
    value === undefined ? 0n : toAmount(value, name);
  const { limit, sortBy, order, keysOnly } = options;
  if (sortBy !== undefined) checkName(sortBy, Object.keys(SORT_TARGETS), "sortBy");
  if (order !== undefined) checkName(order, Object.keys(SORT_ORDERS), "order");
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
    ...(flagOf(keysOnly, "keysOnly") && { keysOnly: true }),
  };
}

/** `value` is undefined where the options say `ignoreValue`. Errors: `TypeError`, `RangeError`. */
export function putRequest<In>(
  keyspace: Keyspace,
  codec: Pick<Codec<unknown, In>, "encode">,
  key: Key,
  value: In | undefined,
  options: PutOptions = {},
): PutInit {
  const ignoreValue = flagOf(options.ignoreValue, "ignoreValue");
  const ignoreLease = flagOf(options.ignoreLease, "ignoreLease");
  const lease = leaseId(options.lease);
  if (ignoreValue && value !== undefined)
    throw new TypeError("a value beside ignoreValue: give undefined instead of it");
  if (ignoreLease && lease !== 0n)
    throw new TypeError(`lease (${lease}) beside ignoreLease: only one of them can hold`);
  return {
    key: keyspace.key(key),
    // Whether undefined is a value is the codec's business.
    ...(!ignoreValue && { value: codec.encode(value as In) }),
    lease,
    prevKv: flagOf(options.prevKv, "prevKv"),
    ignoreValue,
    ignoreLease,
  };
}

/** Errors: `TypeError`, `RangeError`. */
export function deleteRequest(keyspace: Keyspace, selector: Selector, prevKv?: boolean): DeleteInit {
  return { ...keyspace.range(selector), prevKv: flagOf(prevKv, "prevKv") };
}
