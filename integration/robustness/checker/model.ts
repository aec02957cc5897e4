/**
 * What etcd's contract says a call answers and changes, given the state: the sequential specification against which a
 * concurrent history is held.
 */
import {
  type Compare,
  type DeleteRequest,
  deletedPair,
  type HistoryEvent,
  type KeyValue,
  type PutRequest,
  type RangeOp,
  type Request,
  type Response,
  type TxnOp,
} from "./history.js";
import type { KeySpace } from "./key-space.js";

export interface Effect {
  readonly response: Response;
  /** In the order of execution; empty when nothing changed. */
  readonly events: readonly HistoryEvent[];
}

/** Runs the call as the write of `revision`; the state is as before when it returns. */
export function evaluate(space: KeySpace, request: Request, revision: number): Effect {
  if (request.kind === "range") return { response: rangeOf(space, request), events: [] };
  return space.onTrial(() => execute(space, request, revision));
}

function execute(space: KeySpace, request: Request, revision: number): Effect {
  if (request.kind !== "txn") return executeOne(space, request, revision);
  const succeeded = request.compare.every((compare) => holds(compare, space.get(compare.key)));
  const effects = (succeeded ? request.success : request.failure).map((op) => executeOne(space, op, revision));
  return {
    response: { kind: "txn", succeeded, responses: effects.map(({ response }) => response) },
    events: effects.flatMap(({ events }) => events),
  };
}

interface OneEffect {
  readonly response: Exclude<Response, { kind: "txn" }>;
  readonly events: readonly HistoryEvent[];
}

function executeOne(space: KeySpace, op: TxnOp, revision: number): OneEffect {
  if (op.kind === "range") return { response: rangeOf(space, op), events: [] };
  return op.kind === "put" ? putInto(space, op, revision) : deleteFrom(space, op, revision);
}

function putInto(space: KeySpace, { key, value, lease, prevKv }: PutRequest, revision: number): OneEffect {
  const before = space.get(key);
  const event: HistoryEvent = {
    type: "put",
    kv: {
      key,
      value,
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
      lease: lease ?? 0n,
    },
  };
  space.apply(event);
  const response = prevKv === true && before !== undefined ? { kind: "put", prevKv: before } : { kind: "put" };
  return { response: response as OneEffect["response"], events: [event] };
}

function deleteFrom(space: KeySpace, { key, rangeEnd, prevKv }: DeleteRequest, revision: number): OneEffect {
  const gone = space.range(key, rangeEnd);
  const events = gone.map((kv): HistoryEvent => ({ type: "delete", kv: deletedPair(kv.key, revision) }));
  for (const event of events) space.apply(event);
  return { response: { kind: "delete", deleted: gone.length, prevKvs: prevKv === true ? gone : [] }, events };
}

function rangeOf(space: KeySpace, request: RangeOp): OneEffect["response"] {
  const all = space.range(request.key, request.rangeEnd);
  if (request.countOnly === true) return { kind: "range", kvs: [], count: all.length, more: false };
  const limited = request.limit === undefined || request.limit === 0 ? all : all.slice(0, request.limit);
  const kvs = request.keysOnly === true ? limited.map((kv): KeyValue => ({ ...kv, value: "" })) : limited;
  return { kind: "range", kvs, count: all.length, more: kvs.length < all.length };
}

/** A missing key counts as 0, except that a comparison of its value is always false. */
function holds(compare: Compare, pair: KeyValue | undefined): boolean {
  if (compare.target === "value") return pair !== undefined && relates(pair.value, compare.result, compare.given);
  if (compare.target === "lease") return relates(pair?.lease ?? 0n, compare.result, compare.given);
  const field = ({ version: "version", create: "createRevision", mod: "modRevision" } as const)[compare.target];
  return relates(pair?.[field] ?? 0, compare.result, compare.given);
}

function relates<T extends string | number | bigint>(stored: T, result: Compare["result"], given: T): boolean {
  if (result === "equal") return stored === given;
  if (result === "not-equal") return stored !== given;
  return result === "greater" ? stored > given : stored < given;
}
