/** How a txn goes to the server and how the branch that ran comes back. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TxnRequestSchema, TxnResponse } from "@kvorum/proto";
import type { Keyspace } from "../keyspace.js";
import type { Op, OpResults, TxnSpec } from "./op.js";
import type { Header } from "./results.js";

/** Which branch ran, and its results in the order of its operations. */
export type TxnResponses<T extends readonly Op[], E extends readonly Op[]> =
  | { readonly succeeded: true; readonly responses: OpResults<T> }
  | { readonly succeeded: false; readonly responses: OpResults<E> };

export type TxnResult<T extends readonly Op[], E extends readonly Op[]> = TxnResponses<T, E> & {
  readonly header: Header;
};

export type TxnInit = MessageInitShape<typeof TxnRequestSchema>;

export function txnRequest(keyspace: Keyspace, spec: TxnSpec<readonly Op[], readonly Op[]>): TxnInit {
  return {
    compare: (spec.if ?? []).map((condition) => condition.toRequest(keyspace)),
    success: (spec.then ?? []).map((operation) => operation.toRequest(keyspace)),
    failure: (spec.else ?? []).map((operation) => operation.toRequest(keyspace)),
  };
}

/** Does no branch write? */
export function isReadOnly(spec: TxnSpec<readonly Op[], readonly Op[]>): boolean {
  return [...(spec.then ?? []), ...(spec.else ?? [])].every((operation) => operation.readOnly);
}

export async function branches<const T extends readonly Op[], const E extends readonly Op[]>(
  keyspace: Keyspace,
  spec: TxnSpec<T, E>,
  answer: TxnResponse,
): Promise<TxnResponses<T, E>> {
  const operations: readonly Op[] = (answer.succeeded ? spec.then : spec.else) ?? [];
  const responses: unknown[] = [];
  for (const [index, operation] of operations.entries()) {
    const response = answer.responses[index];
    if (response === undefined) throw new Error(`the server left operation ${index} of a txn without an answer`);
    responses.push(await operation.fromResponse(keyspace, response));
  }
  // The tuple type follows the operations one by one, which the loop above does as well; the compiler cannot see it.
  return { succeeded: answer.succeeded, responses } as unknown as TxnResponses<T, E>;
}
