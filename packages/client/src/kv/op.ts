/**
 * The operations of a txn, as values. Each one remembers the type of its result, so that a txn's `responses` are a tuple that
 * matches the tuple of its operations. Keys are resolved in the namespace of the store that runs the txn.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RequestOpSchema, ResponseOp } from "@kvorum/proto";
import { type Codec, utf8 } from "../codec.js";
import type { Key, KeyRange, Selector } from "../keys.js";
import type { Keyspace } from "../keyspace.js";
import type { ListOptions, PutOptions, ReadOptions } from "../options.js";
import type { Compare } from "./compare.js";
import { deleteRequest, listRequest, putRequest, rangeRequest } from "./requests.js";
import { type KeyValue, toKeyValues, toOptionalKeyValue } from "./results.js";
import { branches, type TxnResponses, txnRequest } from "./txn.js";

export type OpInit = MessageInitShape<typeof RequestOpSchema>;

/** One operation of a txn and how to read its answer. Make it with `op` or with a store's own `op`. */
export interface Op<R = unknown> {
  /** Does it leave the store as it was? A txn of such operations only may be repeated freely. */
  readonly readOnly: boolean;
  toRequest(keyspace: Keyspace): OpInit;
  fromResponse(keyspace: Keyspace, response: ResponseOp): Promise<R>;
}

/** The results of a branch: a tuple like that of its operations. */
export type OpResults<T extends readonly Op[]> = { -readonly [I in keyof T]: T[I] extends Op<infer R> ? R : never };

export type OpReadOptions = Pick<ReadOptions, "revision" | "consistency">;
export type OpListOptions = Omit<ListOptions, "signal" | "timeout" | "retry" | "endpoint">;
export type OpPutOptions = Pick<PutOptions, "lease" | "prevKv" | "ignoreValue" | "ignoreLease">;

export interface OpListResult<V> {
  readonly kvs: KeyValue<V>[];
  readonly count: bigint;
  readonly more: boolean;
}

/** A txn: its conditions and what to do when all hold (`then`) or one does not (`else`). */
export interface TxnSpec<T extends readonly Op[], E extends readonly Op[]> {
  readonly if?: readonly Compare[];
  readonly then?: T;
  readonly else?: E;
}

/** Makers of operations on values of one type. */
export interface Ops<V> {
  get(key: Key, options?: OpReadOptions): Op<KeyValue<V> | undefined>;
  list(selector: KeyRange, options?: OpListOptions): Op<OpListResult<V>>;
  put(key: Key, value: V, options: OpPutOptions & { readonly prevKv: true }): Op<{ prev: KeyValue<V> | undefined }>;
  put(key: Key, value: V, options?: OpPutOptions): Op<Record<never, never>>;
  delete(selector: Selector, options: { readonly prevKv: true }): Op<{ deleted: bigint; prev: KeyValue<V>[] }>;
  delete(selector: Selector, options?: { readonly prevKv?: boolean }): Op<{ deleted: bigint }>;
  /** A txn inside the txn. Its conditions see the store as it was before the outer one. */
  txn<const T extends readonly Op[] = [], const E extends readonly Op[] = []>(
    spec: TxnSpec<T, E>,
  ): Op<TxnResponses<T, E>>;
}

export function opsFor<V>(codec: Codec<V>): Ops<V> {
  return new CodecOps(codec);
}

class CodecOps<V> implements Ops<V> {
  readonly #codec: Codec<V>;

  constructor(codec: Codec<V>) {
    this.#codec = codec;
  }

  get(key: Key, options?: OpReadOptions): Op<KeyValue<V> | undefined> {
    return {
      readOnly: true,
      toRequest: (keyspace) => ({ request: { case: "requestRange", value: rangeRequest(keyspace, key, options) } }),
      fromResponse: (keyspace, response) =>
        toOptionalKeyValue({ keyspace, codec: this.#codec }, expect(response, "responseRange").kvs[0]),
    };
  }

  list(selector: KeyRange, options?: OpListOptions): Op<OpListResult<V>> {
    return {
      readOnly: true,
      toRequest: (keyspace) => ({ request: { case: "requestRange", value: listRequest(keyspace, selector, options) } }),
      fromResponse: async (keyspace, response) => {
        const { kvs, count, more } = expect(response, "responseRange");
        return { kvs: await toKeyValues({ keyspace, codec: this.#codec }, kvs), count, more };
      },
    };
  }

  put(key: Key, value: V, options?: OpPutOptions): Op<{ prev: KeyValue<V> | undefined }> {
    return {
      readOnly: false,
      toRequest: (keyspace) => ({
        request: { case: "requestPut", value: putRequest(keyspace, this.#codec, key, value, options) },
      }),
      fromResponse: async (keyspace, response) => ({
        prev: await toOptionalKeyValue({ keyspace, codec: this.#codec }, expect(response, "responsePut").prevKv),
      }),
    };
  }

  delete(
    selector: Selector,
    options: { readonly prevKv?: boolean } = {},
  ): Op<{ deleted: bigint; prev: KeyValue<V>[] }> {
    return {
      readOnly: false,
      toRequest: (keyspace) => ({
        request: { case: "requestDeleteRange", value: deleteRequest(keyspace, selector, options.prevKv) },
      }),
      fromResponse: async (keyspace, response) => {
        const { deleted, prevKvs } = expect(response, "responseDeleteRange");
        return { deleted, prev: await toKeyValues({ keyspace, codec: this.#codec }, prevKvs) };
      },
    };
  }

  txn<const T extends readonly Op[] = [], const E extends readonly Op[] = []>(
    spec: TxnSpec<T, E>,
  ): Op<TxnResponses<T, E>> {
    return {
      readOnly: [...(spec.then ?? []), ...(spec.else ?? [])].every((inner) => inner.readOnly),
      toRequest: (keyspace) => ({ request: { case: "requestTxn", value: txnRequest(keyspace, spec) } }),
      fromResponse: (keyspace, response) => branches(keyspace, spec, expect(response, "responseTxn")),
    };
  }
}

type ResponseCase = Exclude<ResponseOp["response"]["case"], undefined>;
type ResponseValue<C extends ResponseCase> = Extract<ResponseOp["response"], { case: C }>["value"];

/** The answer of the kind that the operation asked for; anything else is a broken server. */
function expect<C extends ResponseCase>(response: ResponseOp, kind: C): ResponseValue<C> {
  if (response.response.case !== kind) {
    throw new Error(`the server answered an operation of a txn with ${response.response.case}, not ${kind}`);
  }
  return response.response.value as ResponseValue<C>;
}

/** Operations on text values. `store.op` has them for the values of that store. */
export const op: Ops<string> = opsFor(utf8);
