/** Between the checker's plain words and etcd's messages. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  Compare_CompareResult,
  Compare_CompareTarget,
  type CompareSchema,
  type DeleteRangeRequestSchema,
  type DeleteRangeResponse,
  Event_EventType,
  KV,
  type PutRequestSchema,
  type RangeRequestSchema,
  type RequestOpSchema,
  type ResponseHeader,
  type ResponseOp,
  type Event as WireEvent,
  type KeyValue as WirePair,
  type PutResponse as WirePutResponse,
  type RangeResponse as WireRangeResponse,
} from "@kvorum/proto";
import type { CallOptions, Channel } from "@kvorum/transport";
import {
  type Compare,
  type DeleteRequest,
  type DeleteResponse,
  deletedPair,
  type KeyValue,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type Request,
  type Response,
  type TxnOp,
} from "./checker/history.js";
import type { WatchEvent } from "./checker/watch-check.js";

export function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

export function text(data: Uint8Array): string {
  return Buffer.from(data).toString();
}

/** A revision or a count as a number. Errors: `RangeError` beyond the safe integers. */
export function toNumber(value: bigint | undefined): number {
  const number = Number(value ?? 0n);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is no safe integer`);
  return number;
}

export interface Answer {
  readonly revision: number;
  readonly response: Response;
}

/** Carries out one call of the KV service. Errors: `RpcError`. */
export async function call(channel: Channel, request: Request, options: CallOptions): Promise<Answer> {
  switch (request.kind) {
    case "range": {
      const answer = await channel.unary(KV.method.range, rangeRequest(request), options);
      return { revision: revisionOf(answer), response: rangeResponse(answer) };
    }
    case "put": {
      const answer = await channel.unary(KV.method.put, putRequest(request), options);
      return { revision: revisionOf(answer), response: putResponse(answer) };
    }
    case "delete": {
      const answer = await channel.unary(KV.method.deleteRange, deleteRequest(request), options);
      return { revision: revisionOf(answer), response: deleteResponse(answer) };
    }
    case "txn": {
      const message = {
        compare: request.compare.map(compareMessage),
        success: request.success.map(requestOp),
        failure: request.failure.map(requestOp),
      };
      const answer = await channel.unary(KV.method.txn, message, options);
      const responses = answer.responses.map(opResponse);
      return { revision: revisionOf(answer), response: { kind: "txn", succeeded: answer.succeeded, responses } };
    }
  }
}

export function revisionOf(answer: { readonly header?: ResponseHeader | undefined }): number {
  return toNumber(answer.header?.revision);
}

export function fromPair({ key, value, createRevision, modRevision, version, lease }: WirePair): KeyValue {
  return {
    key: text(key),
    value: text(value),
    createRevision: toNumber(createRevision),
    modRevision: toNumber(modRevision),
    version: toNumber(version),
    lease,
  };
}

export function fromEvent({ type, kv, prevKv }: WireEvent): WatchEvent {
  const pair = kv === undefined ? deletedPair("", 0) : fromPair(kv);
  const previous = prevKv === undefined ? {} : { prevKv: fromPair(prevKv) };
  return { type: type === Event_EventType.DELETE ? "delete" : "put", kv: pair, ...previous };
}

function rangeRequest(request: RangeRequest): MessageInitShape<typeof RangeRequestSchema> {
  return {
    ...span(request),
    limit: BigInt(request.limit ?? 0),
    revision: BigInt(request.revision ?? 0),
    serializable: request.serializable ?? false,
    keysOnly: request.keysOnly ?? false,
    countOnly: request.countOnly ?? false,
  };
}

function putRequest({ key, value, lease, prevKv }: PutRequest): MessageInitShape<typeof PutRequestSchema> {
  return { key: bytes(key), value: bytes(value), lease: lease ?? 0n, prevKv: prevKv ?? false };
}

function deleteRequest(request: DeleteRequest): MessageInitShape<typeof DeleteRangeRequestSchema> {
  return { ...span(request), prevKv: request.prevKv ?? false };
}

function span({ key, rangeEnd }: { readonly key: string; readonly rangeEnd?: string }) {
  return { key: bytes(key), ...(rangeEnd !== undefined && { rangeEnd: bytes(rangeEnd) }) };
}

function requestOp(op: TxnOp): MessageInitShape<typeof RequestOpSchema> {
  if (op.kind === "range") return { request: { case: "requestRange", value: rangeRequest(op) } };
  if (op.kind === "put") return { request: { case: "requestPut", value: putRequest(op) } };
  return { request: { case: "requestDeleteRange", value: deleteRequest(op) } };
}

const RESULTS = {
  equal: Compare_CompareResult.EQUAL,
  greater: Compare_CompareResult.GREATER,
  less: Compare_CompareResult.LESS,
  "not-equal": Compare_CompareResult.NOT_EQUAL,
} as const;

function compareMessage(compare: Compare): MessageInitShape<typeof CompareSchema> {
  return { key: bytes(compare.key), result: RESULTS[compare.result], ...compareTarget(compare) };
}

function compareTarget(compare: Compare): Pick<MessageInitShape<typeof CompareSchema>, "target" | "targetUnion"> {
  switch (compare.target) {
    case "version":
      return {
        target: Compare_CompareTarget.VERSION,
        targetUnion: { case: "version", value: BigInt(compare.given) },
      };
    case "create":
      return {
        target: Compare_CompareTarget.CREATE,
        targetUnion: { case: "createRevision", value: BigInt(compare.given) },
      };
    case "mod":
      return {
        target: Compare_CompareTarget.MOD,
        targetUnion: { case: "modRevision", value: BigInt(compare.given) },
      };
    case "value":
      return { target: Compare_CompareTarget.VALUE, targetUnion: { case: "value", value: bytes(compare.given) } };
    case "lease":
      return { target: Compare_CompareTarget.LEASE, targetUnion: { case: "lease", value: compare.given } };
  }
}

function rangeResponse({ kvs, count, more }: WireRangeResponse): RangeResponse {
  return { kind: "range", kvs: kvs.map(fromPair), count: toNumber(count), more };
}

function putResponse({ prevKv }: WirePutResponse): PutResponse {
  return prevKv === undefined ? { kind: "put" } : { kind: "put", prevKv: fromPair(prevKv) };
}

function deleteResponse({ deleted, prevKvs }: DeleteRangeResponse): DeleteResponse {
  return { kind: "delete", deleted: toNumber(deleted), prevKvs: prevKvs.map(fromPair) };
}

function opResponse({ response }: ResponseOp): RangeResponse | PutResponse | DeleteResponse {
  if (response.case === "responseRange") return rangeResponse(response.value);
  if (response.case === "responsePut") return putResponse(response.value);
  if (response.case === "responseDeleteRange") return deleteResponse(response.value);
  throw new Error(`an operation was answered with ${response.case ?? "nothing"}`);
}
