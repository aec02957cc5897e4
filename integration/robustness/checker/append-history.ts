/**
 * What the list-append checker judges: transactions that read lists and append to them. Elements of a list are unique, so a list
 * that somebody reads tells the order in which everything in it was appended, and no revision has to be believed.
 *
 * Recorded operations become such transactions here: a list is one key, its value the elements with a space between them. Who
 * appends writes the whole list anew, guarded by a compare that it is still the one that was read; so a transaction
 * that succeeded has read that list and has appended to it, in one step.
 */
import { isAcknowledged, type Operation, type RangeOp, type Response, type TxnOp, type TxnRequest } from "./history.js";

export type MicroOperation =
  | { readonly kind: "append"; readonly key: string; readonly element: string }
  /** An absent key is an empty list. */
  | { readonly kind: "read"; readonly key: string; readonly list: readonly string[] };

/** Micro-operations in the order in which they were carried out; times as in `Operation`. */
export interface AppendTransaction {
  readonly client: number;
  readonly invoke: number;
  readonly return: number;
  /** See `Outcome`. The reads of an unknown one hold if it has happened. */
  readonly status: "acknowledged" | "unknown" | "refused";
  readonly operations: readonly MicroOperation[];
}

/** Between the elements of a list. */
export const SEPARATOR = " ";

export function listOf(value: string): readonly string[] {
  return value === "" ? [] : value.split(SEPARATOR);
}

/**
 * Every operation that reads or appends to a list whose key begins with the prefix. Left out: what claims no place in time,
 * and answers that do not show the whole of a list. A transaction whose guard failed is two: what it wanted to append was
 * refused, what it read instead is acknowledged.
 *
 * Errors: `Error` for a write to a list that is no guarded append.
 */
export function appendTransactions(operations: readonly Operation[], prefix: string): AppendTransaction[] {
  const keys = listKeys(operations, prefix);
  return operations.flatMap((operation) => {
    const { client, invoke, return: returned, request, outcome } = operation;
    const times = { client, invoke, return: returned };
    const transaction = (status: AppendTransaction["status"], done: readonly MicroOperation[]) =>
      done.length === 0 ? [] : [{ ...times, status, operations: done }];
    if (request.kind === "range") {
      const claims = request.revision === undefined && request.serializable !== true;
      return isAcknowledged(operation) && claims
        ? transaction("acknowledged", readsOf(request, operation.outcome.response, keys))
        : [];
    }
    if (request.kind !== "txn") {
      if (request.key.startsWith(prefix)) throw new Error(`a ${request.kind} of the list ${request.key}`);
      return [];
    }
    if (!isAcknowledged(operation)) {
      return transaction(outcome.status, writesOf(request, keys));
    }
    const { response } = operation.outcome;
    if (response.kind !== "txn") return [];
    const branch = response.succeeded ? request.success : request.failure;
    const done = branchOf(request, branch, response.responses, keys);
    if (response.succeeded) return transaction("acknowledged", done);
    const refused = writesOf(request, keys).filter(({ kind }) => kind === "append");
    return [...transaction("refused", refused), ...transaction("acknowledged", done)];
  });
}

/** `client 3 [12.0, 14.5] append a/1 3.7; read a/2 [1.1 2.4]`. */
export function describeTransaction(transaction: AppendTransaction): string {
  const { client, invoke, return: returned, status, operations } = transaction;
  const end = status === "unknown" ? "unknown" : returned.toFixed(1);
  const words = operations.map((one) =>
    one.kind === "append" ? `append ${one.key} ${one.element}` : `read ${one.key} [${one.list.join(SEPARATOR)}]`,
  );
  return `client ${client} [${invoke.toFixed(1)}, ${end}]${status === "refused" ? " refused" : ""} ${words.join("; ")}`;
}

/** Every list that anybody has written, so that its absence from an answer can be read as an empty list. */
function listKeys(operations: readonly Operation[], prefix: string): readonly string[] {
  const keys = new Set<string>();
  const add = ({ key, kind, ...rest }: TxnOp): void => {
    if (key.startsWith(prefix) && (kind === "put" || !("rangeEnd" in rest))) keys.add(key);
  };
  for (const { request } of operations) {
    if (request.kind === "txn") for (const op of [...request.success, ...request.failure]) add(op);
    else add(request);
  }
  return [...keys].sort();
}

/** What the transaction does if it succeeds and nobody has told what it read beside what it wrote. */
function writesOf(request: TxnRequest, keys: readonly string[]): MicroOperation[] {
  return branchOf(request, request.success, undefined, keys);
}

function branchOf(
  { compare }: TxnRequest,
  branch: readonly TxnOp[],
  responses: readonly Response[] | undefined,
  keys: readonly string[],
): MicroOperation[] {
  const written = new Set<string>();
  return branch.flatMap((op, index): MicroOperation[] => {
    if (op.kind === "range") return responses === undefined ? [] : readsOf(op, responses[index], keys);
    if (!keys.includes(op.key)) return [];
    const guarded = compare.some(({ key, target, result }) => key === op.key && target === "mod" && result === "equal");
    if (op.kind !== "put" || !guarded) throw new Error(`a ${op.kind} of the list ${op.key} without a guard`);
    const { key } = op;
    const list = listOf(op.value);
    const append = { kind: "append", key, element: list.at(-1) ?? "" } as const;
    const first = !written.has(key);
    written.add(key);
    return first ? [{ kind: "read", key, list: list.slice(0, -1) }, append] : [append];
  });
}

function readsOf(range: RangeOp, response: Response | undefined, keys: readonly string[]): MicroOperation[] {
  const partial = range.limit !== undefined || range.keysOnly === true || range.countOnly === true;
  if (response?.kind !== "range" || partial) return [];
  const { key: from, rangeEnd } = range;
  const values = new Map(response.kvs.map(({ key, value }) => [key, value]));
  return keys
    .filter((key) => (rangeEnd === undefined ? key === from : key >= from && (rangeEnd === "\0" || key < rangeEnd)))
    .map((key) => ({ kind: "read", key, list: listOf(values.get(key) ?? "") }));
}
