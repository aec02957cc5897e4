/**
 * The operations of a history as the search wants them: only those that have a place in time to be found, with the keys that
 * each touches, and made as alike as they may be taken for.
 *
 * Left out are refused calls (nothing happened), reads without an answer (they say nothing), and reads from one member's own
 * state or of an old revision (any place will do). Three simplifications make a search short and change no verdict:
 *
 * - A value that no answer shows and no compare names is replaced by one word, since nobody can tell such values apart. Where
 *   some compare orders values this is not done.
 * - Of a call of unknown outcome only what it writes is kept, and what that depends on: nobody knows what it read.
 * - Calls of unknown outcome that ask for the same, after that, are twins. Each may happen at any time from its invocation on,
 *   or never; so whichever of them a good order uses, it may as well use those that were invoked first, in that order.
 */
import {
  type Compare,
  isAcknowledged,
  isReadOnly,
  type KeyValue,
  type Operation,
  type Request,
  type Response,
  type TxnOp,
} from "./history.js";
import { collide, leasedKeys, type Span, spansOf } from "./spans.js";

export interface Call {
  readonly operation: Operation;
  readonly request: Request;
  /** Undefined where the outcome is unknown: then it may happen at any time after its invocation, or never. */
  readonly response: Response | undefined;
  readonly spans: readonly Span[];
  readonly readOnly: boolean;
  /** Equal for calls of unknown outcome that ask for the same. */
  readonly twin: string | undefined;
}

/** What stands for a value that nobody has seen; no client writes it. */
const UNSEEN = "\0unseen";

/** The calls that have a place in time, ascending by invocation. `initial`: what the store held before them. */
export function callsOf(operations: readonly Operation[], initial: readonly KeyValue[]): readonly Call[] {
  const judged = operations.filter(isJudged);
  const hide = unseenValues(operations);
  const leased = leasedKeys(operations, initial);
  return judged
    .map((operation): Call => {
      const response = isAcknowledged(operation) ? operation.outcome.response : undefined;
      const request = response === undefined ? writesOf(hide(operation.request)) : hide(operation.request);
      return {
        ...{ operation, request, response, spans: spansOf(request, leased), readOnly: isReadOnly(request) },
        twin: response === undefined ? textOf(request) : undefined,
      };
    })
    .sort((a, b) => a.operation.invoke - b.operation.invoke || a.operation.return - b.operation.return);
}

/** Whether the order of the two may make a difference. */
export function conflict(one: Call, other: Call): boolean {
  return one.spans.some((a) => other.spans.some((b) => collide(a, b)));
}

/** Every pair that an answer shows. */
export function pairsOf(response: Response): readonly KeyValue[] {
  switch (response.kind) {
    case "range":
      return response.kvs;
    case "put":
      return response.prevKv === undefined ? [] : [response.prevKv];
    case "delete":
      return response.prevKvs;
    case "txn":
      return response.responses.flatMap(pairsOf);
  }
}

function isJudged({ request, outcome }: Operation): boolean {
  if (outcome.status === "refused") return false;
  if (outcome.status === "unknown") return !isReadOnly(request);
  return request.kind !== "range" || (request.revision === undefined && request.serializable !== true);
}

/** A function that replaces the values of a request that nobody can tell from others. */
function unseenValues(operations: readonly Operation[]): (request: Request) => Request {
  const compares = operations.flatMap(({ request }) => (request.kind === "txn" ? request.compare : []));
  if (compares.some(ordersValues)) return (request) => request;
  const seen = new Set(compares.flatMap((compare) => (compare.target === "value" ? [compare.given] : [])));
  for (const { response } of operations.filter(isAcknowledged).map(({ outcome }) => outcome)) {
    for (const { value } of pairsOf(response)) seen.add(value);
  }
  const hide = <T extends TxnOp | Request>(op: T): T =>
    op.kind === "put" && !seen.has(op.value) ? { ...op, value: UNSEEN } : op;
  return (request) =>
    request.kind === "txn"
      ? { ...request, success: request.success.map(hide), failure: request.failure.map(hide) }
      : hide(request);
}

/** The request without what it only reads. */
function writesOf(request: Request): Request {
  if (request.kind !== "txn") return withoutPrevious(request);
  const writes = (ops: readonly TxnOp[]): TxnOp[] => ops.filter(({ kind }) => kind !== "range").map(withoutPrevious);
  return { ...request, success: writes(request.success), failure: writes(request.failure) };
}

function withoutPrevious<T extends TxnOp | Request>(op: T): T {
  return op.kind === "put" || op.kind === "delete" ? { ...op, prevKv: false } : op;
}

function ordersValues({ target, result }: Compare): boolean {
  return target === "value" && (result === "greater" || result === "less");
}

function textOf(request: Request): string {
  return JSON.stringify(request, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}
