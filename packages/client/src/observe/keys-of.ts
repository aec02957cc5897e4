/** Which keys a request is about. Only requests that name keys are known here; all others are about none. */
import type { WireRange } from "../keyspace.js";
import type { CallName } from "./calls.js";

const BY_RANGE: ReadonlySet<CallName> = new Set([
  "kv.range",
  "kv.rangeStream",
  "kv.put",
  "kv.deleteRange",
  "watch.watch",
] as CallName[]);

interface KeyFields {
  readonly key?: Uint8Array;
  readonly rangeEnd?: Uint8Array;
}

interface OperationFields {
  readonly request?: { readonly case?: string | undefined; readonly value?: unknown };
}

interface TxnFields {
  readonly compare?: readonly KeyFields[];
  readonly success?: readonly OperationFields[];
  readonly failure?: readonly OperationFields[];
}

/** Of a txn: what it compares, then what its branches touch, nested ones included. */
export function keysOf(method: CallName, request: unknown): readonly WireRange[] {
  if (typeof request !== "object" || request === null) return [];
  if (BY_RANGE.has(method)) return [wireRange(request)];
  return method === "kv.txn" ? keysOfTxn(request) : [];
}

function keysOfTxn(txn: TxnFields): WireRange[] {
  const operations = [...(txn.success ?? []), ...(txn.failure ?? [])];
  return [
    ...(txn.compare ?? []).map(wireRange),
    ...operations.flatMap(({ request }) => {
      if (typeof request?.value !== "object" || request.value === null) return [];
      return request.case === "requestTxn" ? keysOfTxn(request.value as TxnFields) : [wireRange(request.value)];
    }),
  ];
}

const NONE = new Uint8Array(0);

function wireRange(fields: KeyFields): WireRange {
  return { key: fields.key ?? NONE, rangeEnd: fields.rangeEnd ?? NONE };
}
