/**
 * The answer of a write that was applied by an earlier attempt, whose own answer was lost. The marks tell the branches, and
 * what the operations saw is read again: history keeps the state before the write (its revision less one) and after it.
 *
 * ```
 * then: list a/, put a/1, list a/       revision 9
 *       at 8     -        at 9
 * ```
 *
 * What lies between the two, because the same txn changed the keys both before and after the operation, cannot be read any
 * more; that is `LostInBetween`, not a guess.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RangeRequestSchema, RangeResponse, RequestOp, ResponseOpSchema, TxnRequest } from "@kvorum/proto";
import { compareBytes, isZero } from "../keys.js";
import type { WireRange } from "../keyspace.js";
import { type Marks, markKey, type Ticket } from "./once-marks.js";

type RangeInit = MessageInitShape<typeof RangeRequestSchema>;
type ResponseInit = MessageInitShape<typeof ResponseOpSchema>;

/** Reads a range again. Rejects where the revision is compacted or the user may not read it. */
export type Reread = (request: RangeInit) => Promise<RangeResponse>;

/** An operation saw a state that no revision has. */
export class LostInBetween extends Error {
  override readonly name = "LostInBetween";
}

export interface RecoveredAnswer {
  readonly succeeded: boolean;
  readonly responses: ResponseInit[];
}

export async function recoverAnswer(
  txn: TxnRequest,
  ticket: Ticket,
  marks: Marks,
  reread: Reread,
): Promise<RecoveredAnswer> {
  const steps = walk(txn, ticket, marks, "");
  const writes = steps.flatMap(({ writes: range }, index) => (range === undefined ? [] : [{ index, range }]));
  const changed = (range: WireRange, from: number, to: number): boolean =>
    writes.some((write) => write.index >= from && write.index < to && overlap(write.range, range));

  /** When to look at what the step saw. */
  const revisionOf = (index: number, range: WireRange): bigint => {
    if (!changed(range, 0, index)) return marks.revision - 1n;
    if (!changed(range, index, steps.length)) return marks.revision;
    throw new LostInBetween(`operation ${index + 1} saw keys that its txn changed before and after it`);
  };

  const responses = new Map<RequestOp, ResponseInit>();
  for (const [index, { operation }] of steps.entries()) {
    if (operation !== undefined)
      responses.set(operation, await again(operation, revisionOf.bind(undefined, index), reread));
  }
  return assemble(txn, marks, "", responses);
}

async function again(
  { request }: RequestOp,
  revisionOf: (range: WireRange) => bigint,
  reread: Reread,
): Promise<ResponseInit> {
  switch (request.case) {
    case "requestRange": {
      const revision = request.value.revision > 0n ? request.value.revision : revisionOf(request.value);
      const value = await reread({ ...request.value, revision, serializable: false });
      return { response: { case: "responseRange", value } };
    }
    case "requestPut": {
      if (!request.value.prevKv) return { response: { case: "responsePut", value: {} } };
      const range = { key: request.value.key, rangeEnd: NONE };
      const { kvs } = await reread({ ...range, revision: revisionOf(range) });
      return { response: { case: "responsePut", value: kvs[0] === undefined ? {} : { prevKv: kvs[0] } } };
    }
    case "requestDeleteRange": {
      const { key, rangeEnd, prevKv } = request.value;
      const revision = revisionOf(request.value);
      const { count, kvs } = await reread({ key, rangeEnd, revision, countOnly: !prevKv });
      return { response: { case: "responseDeleteRange", value: { deleted: count, prevKvs: kvs } } };
    }
    default:
      throw new Error(`an operation of a txn without a kind: ${String(request.case)}`);
  }
}

const NONE = new Uint8Array(0);

interface Step {
  /** Undefined for the marks, which are nobody's operations but change keys like any other. */
  readonly operation?: RequestOp;
  readonly writes?: WireRange;
}

/** The operations that ran, in order, those of nested txns in their places. */
function walk(txn: TxnRequest, ticket: Ticket, marks: Marks, path: string): Step[] {
  const steps = branchOf(txn, marks, path).flatMap((operation, index): Step[] => {
    const { request } = operation;
    if (request.case === "requestTxn") return walk(request.value, ticket, marks, `${path}/${index}`);
    if (request.case === "requestPut") return [{ operation, writes: { key: request.value.key, rangeEnd: NONE } }];
    return request.case === "requestDeleteRange" ? [{ operation, writes: request.value }] : [{ operation }];
  });
  return [...steps, { writes: { key: markKey(ticket, path), rangeEnd: NONE } }];
}

function assemble(
  txn: TxnRequest,
  marks: Marks,
  path: string,
  responses: ReadonlyMap<RequestOp, ResponseInit>,
): RecoveredAnswer {
  return {
    succeeded: marks.branches.get(path) ?? false,
    responses: branchOf(txn, marks, path).map((operation, index): ResponseInit => {
      const { request } = operation;
      if (request.case !== "requestTxn") return responses.get(operation) ?? {};
      return {
        response: { case: "responseTxn", value: assemble(request.value, marks, `${path}/${index}`, responses) },
      };
    }),
  };
}

function branchOf(txn: TxnRequest, marks: Marks, path: string): readonly RequestOp[] {
  const taken = marks.branches.get(path);
  if (taken === undefined) throw new Error(`the mark ${JSON.stringify(path)} of a write that was applied is missing`);
  return taken ? txn.success : txn.failure;
}

/** Have the two ranges a key in common? */
export function overlap(left: WireRange, right: WireRange): boolean {
  return startsBeforeEnd(left, right) && startsBeforeEnd(right, left);
}

function startsBeforeEnd({ key }: WireRange, other: WireRange): boolean {
  if (other.rangeEnd.length === 0) return compareBytes(key, other.key) <= 0;
  return isZero(other.rangeEnd) || compareBytes(key, other.rangeEnd) < 0;
}
