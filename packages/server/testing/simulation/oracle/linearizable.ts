/**
 * S10: a request that sees or makes the newest state is answered by a member that has applied everything that any member knew
 * to be committed when the request arrived. A write is one, too: its entry comes after all of them.
 */
import { violated } from "../violation.js";

const THROUGH_THE_LOG: ReadonlySet<string> = new Set(["Put", "DeleteRange", "Compact", "LeaseGrant", "LeaseRevoke"]);

/** Whether a request of a method (`/package.Service/Method`) must see everything that was committed before it. */
export function isLinearizable(path: string, request: unknown): boolean {
  const method = path.slice(path.lastIndexOf("/") + 1);
  if (method === "Range") return !isSerializable(request);
  if (method === "Txn") return !isSerializableTxn(request);
  return THROUGH_THE_LOG.has(method);
}

export function checkAnswer(name: string, path: string, committed: number, applied: number): void {
  if (applied < committed) {
    violated("S10", `${name} answers ${path} at ${applied}; ${committed} was known to be committed when it was asked`);
  }
}

function isSerializable(request: unknown): boolean {
  return (request as { readonly serializable?: boolean }).serializable === true;
}

interface TxnShape {
  readonly success?: readonly RequestShape[];
  readonly failure?: readonly RequestShape[];
}

interface RequestShape {
  readonly request?: { readonly case?: string; readonly value?: unknown };
}

/** A transaction of nothing but serializable ranges is answered without asking anybody. */
function isSerializableTxn(request: unknown): boolean {
  const { success = [], failure = [] } = request as TxnShape;
  return [...success, ...failure].every(
    ({ request: part }) => part?.case === "requestRange" && isSerializable(part.value),
  );
}
