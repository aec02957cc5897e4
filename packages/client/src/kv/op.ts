/**
 * The operations of a txn, as values. Each one remembers the type of its result, so that a txn's `responses` are a tuple that
 * matches the tuple of its operations. Keys are resolved in the namespace of the store that runs the txn.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RequestOpSchema, ResponseOp } from "@kvorum/proto";
import { checkName } from "../checks.js";
import { type Codec, utf8 } from "../codec.js";
import type { Key, KeyRange, Selector } from "../keys.js";
import type { Keyspace } from "../keyspace.js";
import type { ListOptions, PutOptions, ReadOptions, WithKeysOnly, WithoutValue, WithPrevious } from "../options.js";
import type { Compare } from "./compare.js";
import { deleteRequest, listRequest, putRequest, type RangeInit, rangeRequest } from "./requests.js";
import { type KeyEntry, type KeyValue, type Listed, toKeyEntry, toKeyValues, toOptionalKeyValue } from "./results.js";
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

/** Inside a txn there is nothing to compare `atLeast` with: it is one read at one place. */
export interface OpReadOptions extends Pick<ReadOptions, "revision"> {
  readonly consistency?: "linearizable" | "serializable";
}
export type OpListOptions = OpReadOptions & Omit<ListOptions, keyof ReadOptions>;
export type OpPutOptions = Pick<PutOptions, "lease" | "prevKv" | "ignoreValue" | "ignoreLease">;
export type OpListResult<V> = Listed<KeyValue<V>>;
export type OpKeyListResult = Listed<KeyEntry>;

/** A txn: its conditions and what to do when all hold (`then`) or one does not (`else`). */
export interface TxnSpec<T extends readonly Op[], E extends readonly Op[]> {
  readonly if?: readonly Compare[];
  readonly then?: T;
  readonly else?: E;
}

/** Makers of operations on values of one type. Wrong arguments throw when the txn runs, before anything is sent. */
export interface Ops<V, In = V> {
  get(key: Key, options?: OpReadOptions): Op<KeyValue<V> | undefined>;
  list(selector: KeyRange, options: OpListOptions & WithKeysOnly): Op<OpKeyListResult>;
  list(selector: KeyRange, options?: OpListOptions): Op<OpListResult<V>>;
  count(selector: Selector, options?: OpReadOptions): Op<bigint>;
  put(key: Key, value: undefined, options: OpPutOptions & WithoutValue & WithPrevious): Op<PutPrevious<V>>;
  put(key: Key, value: undefined, options: OpPutOptions & WithoutValue): Op<Record<never, never>>;
  put(key: Key, value: In, options: OpPutOptions & WithPrevious): Op<PutPrevious<V>>;
  put(key: Key, value: In, options?: OpPutOptions): Op<Record<never, never>>;
  delete(selector: Selector, options: WithPrevious): Op<{ deleted: bigint; prev: KeyValue<V>[] }>;
  delete(selector: Selector, options?: { readonly prevKv?: boolean }): Op<{ deleted: bigint }>;
  /** A txn inside the txn. Its conditions see the store as it was before the outer one. */
  txn<const T extends readonly Op[] = [], const E extends readonly Op[] = []>(
    spec: TxnSpec<T, E>,
  ): Op<TxnResponses<T, E>>;
}

interface PutPrevious<V> {
  prev: KeyValue<V> | undefined;
}

export function opsFor<V, In>(codec: Codec<V, In>): Ops<V, In> {
  return new CodecOps(codec);
}

class CodecOps<V, In> implements Ops<V, In> {
  readonly #codec: Codec<V, In>;

  constructor(codec: Codec<V, In>) {
    this.#codec = codec;
  }

  get(key: Key, options?: OpReadOptions): Op<KeyValue<V> | undefined> {
    return {
      readOnly: true,
      toRequest: (keyspace) => rangeOp(rangeRequest(keyspace, key, options), options),
      fromResponse: async (keyspace, response) =>
        toOptionalKeyValue({ keyspace, codec: this.#codec }, expect(response, "responseRange").kvs[0]),
    };
  }

  list(selector: KeyRange, options: OpListOptions & WithKeysOnly): Op<OpKeyListResult>;
  list(selector: KeyRange, options?: OpListOptions): Op<OpListResult<V>>;
  list(selector: KeyRange, options?: OpListOptions): Op<Listed<KeyEntry>> {
    return {
      readOnly: true,
      toRequest: (keyspace) => rangeOp(listRequest(keyspace, selector, options), options),
      fromResponse: async (keyspace, response) => {
        const { kvs, count, more } = expect(response, "responseRange");
        const view = { keyspace, codec: this.#codec };
        return options?.keysOnly
          ? { kvs: kvs.map((kv) => toKeyEntry(view, kv)), count, more }
          : { kvs: await toKeyValues(view, kvs), count, more };
      },
    };
  }

  count(selector: Selector, options?: OpReadOptions): Op<bigint> {
    return {
      readOnly: true,
      toRequest: (keyspace) => rangeOp({ ...rangeRequest(keyspace, selector, options), countOnly: true }, options),
      fromResponse: async (_, response) => expect(response, "responseRange").count,
    };
  }

  put(key: Key, value: In | undefined, options?: OpPutOptions): Op<PutPrevious<V>> {
    return {
      readOnly: false,
      toRequest: (keyspace) => ({
        request: { case: "requestPut", value: putRequest(keyspace, this.#codec, key, value, options) },
      }),
      fromResponse: async (keyspace, response) => {
        const { prevKv } = expect(response, "responsePut");
        return options?.prevKv
          ? { prev: await toOptionalKeyValue({ keyspace, codec: this.#codec }, prevKv) }
          : ({} as PutPrevious<V>);
      },
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
        const prev = options.prevKv && { prev: await toKeyValues({ keyspace, codec: this.#codec }, prevKvs) };
        return { deleted, ...prev } as { deleted: bigint; prev: KeyValue<V>[] };
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

function rangeOp(value: RangeInit, options: OpReadOptions | undefined): OpInit {
  if (options?.consistency !== undefined)
    checkName(options.consistency, ["linearizable", "serializable"], "consistency");
  return { request: { case: "requestRange", value } };
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
