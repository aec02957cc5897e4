/**
 * What the checker judges: the operations that clients carried out, and the events that the store reports for every
 * revision. The words are etcd's; the shapes are plain, so that a recorder over gRPC and a simulator can both fill them.
 *
 * Revisions are numbers here, against the rule of the packages: they are positions in the arrays of one finite history.
 * Whoever records converts once and checks for safe integers. Keys are ASCII, so that strings sort as their bytes do.
 *
 * Read `check.ts` next, then `replay.ts`, `attribution.ts`, `real-time.ts`; `watch-check.ts` judges watches.
 */

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: bigint;
}

/** One change of one key. In a deletion only `key` and `modRevision` of the pair mean something. */
export interface HistoryEvent {
  readonly type: "put" | "delete";
  readonly kv: KeyValue;
}

/** The pair that stands in the event of a deletion. */
export function deletedPair(key: string, revision: number): KeyValue {
  return { key, value: "", createRevision: 0, modRevision: revision, version: 0, lease: 0n };
}

/** `rangeEnd` as on the wire: absent for one key, `"\0"` for everything from `key` on. */
export interface RangeOp {
  readonly kind: "range";
  readonly key: string;
  readonly rangeEnd?: string;
  readonly limit?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export interface RangeRequest extends RangeOp {
  /** Read at this revision. Absent: at the newest. */
  readonly revision?: number;
  /** Answered from one member's own state: its place in time is not judged, its content is. */
  readonly serializable?: boolean;
}

/** The value names its writer: no other operation of the history writes it. */
export interface PutRequest {
  readonly kind: "put";
  readonly key: string;
  readonly value: string;
  readonly lease?: bigint;
  readonly prevKv?: boolean;
}

export interface DeleteRequest {
  readonly kind: "delete";
  readonly key: string;
  readonly rangeEnd?: string;
  readonly prevKv?: boolean;
}

/** One key against one given value. */
export type Compare = { readonly key: string; readonly result: "equal" | "greater" | "less" | "not-equal" } & (
  | { readonly target: "version" | "create" | "mod"; readonly given: number }
  | { readonly target: "value"; readonly given: string }
  | { readonly target: "lease"; readonly given: bigint }
);

/** What may stand in a transaction: reads of it see its earlier writes, and the newest revision only. */
export type TxnOp = RangeOp | PutRequest | DeleteRequest;

export interface TxnRequest {
  readonly kind: "txn";
  readonly compare: readonly Compare[];
  readonly success: readonly TxnOp[];
  readonly failure: readonly TxnOp[];
}

export type Request = RangeRequest | PutRequest | DeleteRequest | TxnRequest;

export interface RangeResponse {
  readonly kind: "range";
  readonly kvs: readonly KeyValue[];
  readonly count: number;
  readonly more: boolean;
}

export interface PutResponse {
  readonly kind: "put";
  readonly prevKv?: KeyValue;
}

export interface DeleteResponse {
  readonly kind: "delete";
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

export interface TxnResponse {
  readonly kind: "txn";
  readonly succeeded: boolean;
  readonly responses: readonly (RangeResponse | PutResponse | DeleteResponse)[];
}

export type Response = RangeResponse | PutResponse | DeleteResponse | TxnResponse;

/**
 * How an operation ended. `unknown`: it may have been carried out, at any time after its invocation. `refused`: it
 * certainly was not.
 */
export type Outcome =
  | { readonly status: "acknowledged"; readonly revision: number; readonly response: Response }
  | { readonly status: "unknown" }
  | { readonly status: "refused" };

/** One call of one client. Times are milliseconds of one monotonic clock that all clients share. */
export interface Operation {
  readonly client: number;
  readonly invoke: number;
  readonly return: number;
  readonly request: Request;
  readonly outcome: Outcome;
}

export interface Acknowledged extends Operation {
  readonly outcome: Extract<Outcome, { status: "acknowledged" }>;
}

export function isAcknowledged(operation: Operation): operation is Acknowledged {
  return operation.outcome.status === "acknowledged";
}

/** What one source says happened: the events of a watch in the order in which they arrived. */
export interface Feed {
  readonly source: string;
  /** Nothing is known of what came before this revision. Default 2: the first that anything can happen at. */
  readonly from?: number;
  readonly events: readonly HistoryEvent[];
}

/** Every pair that one member holds at one revision, in key order. */
export interface Dump {
  readonly source: string;
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
}

export interface History {
  readonly operations: readonly Operation[];
  /** At least one; all that are given must agree. */
  readonly feeds: readonly Feed[];
  readonly dumps: readonly Dump[];
}

/** Whether the call changes nothing whatever the state. */
export function isReadOnly(request: Request): boolean {
  if (request.kind !== "txn") return request.kind === "range";
  return [...request.success, ...request.failure].every((op) => op.kind === "range");
}

/** Whether the answer says that something was written: the header revision then is the write's own. */
export function didWrite(response: Response): boolean {
  if (response.kind === "txn") return response.responses.some(didWrite);
  return response.kind === "put" || (response.kind === "delete" && response.deleted > 0);
}

/** The values that the call may write. */
export function valuesOf(request: Request): string[] {
  const ops = request.kind === "txn" ? [...request.success, ...request.failure] : [request];
  return ops.flatMap((op) => (op.kind === "put" ? [op.value] : []));
}
