/**
 * The shape of an exactly-once write on the wire. The caller's txn is nested in one that runs it only if its marker does not
 * exist yet; every txn inside, the caller's own first, ends each branch by putting a mark that says which branch it was. So
 * the marker appears in the same revision as the effect, or not at all.
 *
 * ```
 * if   session is open for this number, marker does not exist
 * then ( if  <conditions>                  else  the marks
 *        then <then>, marker := "then"
 *        else <else>, marker := "else" )
 * ```
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  type CompareSchema,
  type RequestOp,
  type RequestOpSchema,
  type TxnRequest,
  TxnRequestSchema,
  type TxnResponse,
} from "@kvorum/proto";
import { concatBytes, keyText, prefixEnd, toBytes } from "../keys.js";

/** Where one write leaves its marks. */
export interface Ticket {
  /** Numbers grow within a session and are never used twice. */
  readonly sequence: number;
  /** The key that holds the smallest number that is still open. */
  readonly sessionKey: Uint8Array;
  readonly markerKey: Uint8Array;
  readonly lease: bigint;
}

/** What the server knows of a write: which branch each of its txns took, and when. Undefined: it was not applied. */
export interface Marks {
  readonly revision: bigint;
  /** By path: "" is the caller's txn, "/0" a txn that is its first operation, "/0/2" one in that. */
  readonly branches: ReadonlyMap<string, boolean>;
}

const THEN = toBytes("then");
const ELSE = toBytes("else");

/** 16 hexadecimal digits, so that the order of the bytes is that of the numbers. */
export function sequenceText(sequence: number): string {
  return sequence.toString(16).padStart(16, "0");
}

/** The smallest number that is still open is below `sequence`. False where the session does not exist. */
export function openBelow(sessionKey: Uint8Array, sequence: number): MessageInitShape<typeof CompareSchema> {
  return {
    key: sessionKey,
    target: Compare_CompareTarget.VALUE,
    result: Compare_CompareResult.LESS,
    targetUnion: { case: "value", value: toBytes(sequenceText(sequence)) },
  };
}

export function doesNotExist(key: Uint8Array): MessageInitShape<typeof CompareSchema> {
  return {
    key,
    target: Compare_CompareTarget.CREATE,
    result: Compare_CompareResult.EQUAL,
    targetUnion: { case: "createRevision", value: 0n },
  };
}

export function onceRequest(txn: TxnRequest, ticket: Ticket): TxnRequest {
  const { sessionKey, markerKey, sequence } = ticket;
  return create(TxnRequestSchema, {
    compare: [openBelow(sessionKey, sequence + 1), doesNotExist(markerKey)],
    success: [{ request: { case: "requestTxn", value: marked(txn, ticket, "") } }],
    failure: [{ request: { case: "requestRange", value: { key: markerKey, rangeEnd: prefixEnd(markerKey) } } }],
  });
}

/** The answer of the caller's own txn, where the write was applied by this very request. */
export function innerAnswer(answer: TxnResponse): TxnResponse | undefined {
  const response = answer.responses[0]?.response;
  if (!answer.succeeded || response?.case !== "responseTxn") return undefined;
  return { ...response.value, header: answer.header } as TxnResponse;
}

/** What the write has left, from the answer to a request that was not applied itself; undefined where there is nothing. */
export function readMarks(answer: TxnResponse, ticket: Ticket): Marks | undefined {
  const response = answer.responses[0]?.response;
  if (response?.case !== "responseRange")
    throw new Error("the server answered the reading of marks with something else");
  const { kvs } = response.value;
  const revision = kvs[0]?.createRevision;
  if (revision === undefined) return undefined;
  const branches = kvs.map(
    ({ key, value }) => [keyText(key.subarray(ticket.markerKey.length)), keyText(value) === "then"] as const,
  );
  return { revision, branches: new Map(branches) };
}

type OpInit = MessageInitShape<typeof RequestOpSchema>;

function marked(txn: TxnRequest, ticket: Ticket, path: string): MessageInitShape<typeof TxnRequestSchema> {
  const branch = (operations: readonly RequestOp[], name: Uint8Array): OpInit[] => [
    ...operations.map((operation, index) => markedOp(operation, ticket, `${path}/${index}`)),
    { request: { case: "requestPut", value: { key: markKey(ticket, path), value: name, lease: ticket.lease } } },
  ];
  return { compare: txn.compare, success: branch(txn.success, THEN), failure: branch(txn.failure, ELSE) };
}

function markedOp(operation: RequestOp, ticket: Ticket, path: string): OpInit {
  const { request } = operation;
  if (request.case !== "requestTxn") return operation;
  return { request: { case: "requestTxn", value: marked(request.value, ticket, path) } };
}

export function markKey(ticket: Ticket, path: string): Uint8Array {
  return concatBytes(ticket.markerKey, toBytes(path));
}
