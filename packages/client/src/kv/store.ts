/**
 * The key-value verbs on one namespace with one type of value. The client is the root store; `withCodec` and `namespace`
 * give other views of the same connection. Read `requests.ts` for what a verb sends and `results.ts` for what it gives.
 */
import { KV, type RangeResponse } from "@kvorum/proto";
import type { Codec } from "../codec.js";
import type { Key, KeyRange, Selector } from "../keys.js";
import { keyText } from "../keys.js";
import type { Keyspace } from "../keyspace.js";
import type { Caller } from "../net/caller.js";
import {
  type BigIntLike,
  type CallOptions,
  type DeleteOptions,
  type ListOptions,
  type PutOptions,
  type ReadOptions,
  type ScanOptions,
  toBigInt,
  type WriteOptions,
} from "../options.js";
import type { WatchOptions } from "../watch/options.js";
import { openWatch, type Watch } from "../watch/watch.js";
import type { WatchHub } from "../watch/watch-hub.js";
import { type Compare, compare } from "./compare.js";
import { type Op, type Ops, opsFor, type TxnSpec } from "./op.js";
import { deleteRequest, listRequest, putRequest, type RangeInit, rangeRequest } from "./requests.js";
import {
  type CasResult,
  type DeleteResult,
  type KeyValue,
  type ListResult,
  type PutResult,
  toHeader,
  toKeyValues,
  toOptionalKeyValue,
} from "./results.js";
import { scan } from "./scan.js";
import { branches, isReadOnly, type TxnResult, txnRequest } from "./txn.js";

/** Every verb rejects with `EtcdError`, with `DecodeError` where a stored value is not a `V`, or with `signal.reason`. */
export interface Store<V = string> {
  get(key: Key, options?: ReadOptions): Promise<KeyValue<V> | undefined>;
  /** All pairs of a range in one answer. For ranges of unknown size use `scan`. */
  list(range: KeyRange, options?: ListOptions): Promise<ListResult<V>>;
  /** The keys alone; values do not travel. */
  keys(range: KeyRange, options?: ListOptions): Promise<string[]>;
  count(selector: Selector, options?: ReadOptions): Promise<bigint>;
  /** Walks a range page by page at one revision, in bounded memory. */
  scan(range: KeyRange, options?: ScanOptions): AsyncIterable<KeyValue<V>>;
  put(
    key: Key,
    value: V,
    options: PutOptions & { readonly prevKv: true },
  ): Promise<PutResult & { readonly prev: KeyValue<V> | undefined }>;
  put(key: Key, value: V, options?: PutOptions): Promise<PutResult>;
  delete(
    selector: Selector,
    options: DeleteOptions & { readonly prevKv: true },
  ): Promise<DeleteResult & { readonly prev: KeyValue<V>[] }>;
  delete(selector: Selector, options?: DeleteOptions): Promise<DeleteResult>;
  /** Writes only if the key does not exist. */
  create(key: Key, value: V, options?: WriteOptions): Promise<CasResult<V>>;
  /** Writes only if the key was last changed at `modRevision`; 0 means "does not exist". */
  compareAndSet(key: Key, modRevision: BigIntLike, value: V, options?: WriteOptions): Promise<CasResult<V>>;
  /** Deletes only if the key was last changed at `modRevision`. */
  compareAndDelete(key: Key, modRevision: BigIntLike, options?: CallOptions): Promise<CasResult<V>>;
  txn<const T extends readonly Op[] = [], const E extends readonly Op[] = []>(
    spec: TxnSpec<T, E>,
    options?: CallOptions,
  ): Promise<TxnResult<T, E>>;
  /** Reports every change from now on, or from `startRevision` on, without gaps and without repeats. */
  watch(selector: Selector, options?: WatchOptions): Watch<V>;
  /** Operations for `txn` on values of this store. */
  readonly op: Ops<V>;
  /** The same keys with another type of value. */
  withCodec<T>(codec: Codec<T>): Store<T>;
  /** The keys that start with `prefix`, without it. Namespaces nest. */
  namespace(prefix: Key): Store<V>;
}

/** What all views of one client share. */
export interface StoreContext {
  readonly caller: Caller;
  readonly watches: WatchHub;
}

export class KvStore<V> implements Store<V> {
  readonly op: Ops<V>;
  protected readonly context: StoreContext;
  readonly #keyspace: Keyspace;
  readonly #codec: Codec<V>;

  constructor(context: StoreContext, keyspace: Keyspace, codec: Codec<V>) {
    this.context = context;
    this.#keyspace = keyspace;
    this.#codec = codec;
    this.op = opsFor(codec);
  }

  async get(key: Key, options?: ReadOptions): Promise<KeyValue<V> | undefined> {
    const answer = await this.#range(rangeRequest(this.#keyspace, key, options), options);
    return toOptionalKeyValue(this.#view, answer.kvs[0]);
  }

  async list(range: KeyRange, options?: ListOptions): Promise<ListResult<V>> {
    const answer = await this.#range(listRequest(this.#keyspace, range, options), options);
    const { count, more } = answer;
    return { kvs: await toKeyValues(this.#view, answer.kvs), count, more, header: toHeader(answer.header) };
  }

  async keys(range: KeyRange, options?: ListOptions): Promise<string[]> {
    const answer = await this.#range({ ...listRequest(this.#keyspace, range, options), keysOnly: true }, options);
    return answer.kvs.map((kv) => keyText(this.#keyspace.strip(kv.key)));
  }

  async count(selector: Selector, options?: ReadOptions): Promise<bigint> {
    const answer = await this.#range({ ...rangeRequest(this.#keyspace, selector, options), countOnly: true }, options);
    return answer.count;
  }

  scan(range: KeyRange, options?: ScanOptions): AsyncIterable<KeyValue<V>> {
    return scan(this.context.caller, this.#view, range, options);
  }

  put(
    key: Key,
    value: V,
    options: PutOptions & { readonly prevKv: true },
  ): Promise<PutResult & { readonly prev: KeyValue<V> | undefined }>;
  put(key: Key, value: V, options?: PutOptions): Promise<PutResult>;
  async put(
    key: Key,
    value: V,
    options?: PutOptions,
  ): Promise<PutResult & { readonly prev?: KeyValue<V> | undefined }> {
    const request = putRequest(this.#keyspace, this.#codec, key, value, options);
    const answer = await this.context.caller.unary(KV.method.put, request, "write", options);
    const header = toHeader(answer.header);
    return options?.prevKv ? { header, prev: await toOptionalKeyValue(this.#view, answer.prevKv) } : { header };
  }

  delete(
    selector: Selector,
    options: DeleteOptions & { readonly prevKv: true },
  ): Promise<DeleteResult & { readonly prev: KeyValue<V>[] }>;
  delete(selector: Selector, options?: DeleteOptions): Promise<DeleteResult>;
  async delete(
    selector: Selector,
    options?: DeleteOptions,
  ): Promise<DeleteResult & { readonly prev?: readonly KeyValue<V>[] }> {
    const request = deleteRequest(this.#keyspace, selector, options?.prevKv);
    const answer = await this.context.caller.unary(KV.method.deleteRange, request, "write", options);
    const result = { header: toHeader(answer.header), deleted: answer.deleted };
    return options?.prevKv ? { ...result, prev: await toKeyValues(this.#view, answer.prevKvs) } : result;
  }

  create(key: Key, value: V, options?: WriteOptions): Promise<CasResult<V>> {
    return this.#conditional(key, compare.createRevision(key).eq(0n), this.op.put(key, value, options), options);
  }

  compareAndSet(key: Key, modRevision: BigIntLike, value: V, options?: WriteOptions): Promise<CasResult<V>> {
    const condition = compare.modRevision(key).eq(toBigInt(modRevision, "modRevision"));
    return this.#conditional(key, condition, this.op.put(key, value, options), options);
  }

  compareAndDelete(key: Key, modRevision: BigIntLike, options?: CallOptions): Promise<CasResult<V>> {
    const condition = compare.modRevision(key).eq(toBigInt(modRevision, "modRevision"));
    return this.#conditional(key, condition, this.op.delete(key), options);
  }

  async txn<const T extends readonly Op[] = [], const E extends readonly Op[] = []>(
    spec: TxnSpec<T, E>,
    options?: CallOptions,
  ): Promise<TxnResult<T, E>> {
    const request = txnRequest(this.#keyspace, spec);
    const operation = isReadOnly(spec) ? "read" : "write";
    const answer = await this.context.caller.unary(KV.method.txn, request, operation, options);
    return { ...(await branches(this.#keyspace, spec, answer)), header: toHeader(answer.header) };
  }

  watch(selector: Selector, options?: WatchOptions): Watch<V> {
    return openWatch(this.context, this.#view, selector, options);
  }

  withCodec<T>(codec: Codec<T>): Store<T> {
    return new KvStore(this.context, this.#keyspace, codec);
  }

  namespace(prefix: Key): Store<V> {
    return new KvStore(this.context, this.#keyspace.nested(prefix), this.#codec);
  }

  get #view(): { keyspace: Keyspace; codec: Codec<V> } {
    return { keyspace: this.#keyspace, codec: this.#codec };
  }

  async #range(request: RangeInit, options: ReadOptions | undefined): Promise<RangeResponse> {
    const { caller } = this.context;
    const answer = await caller.unary(KV.method.range, request, "read", options);
    const consistency = options?.consistency;
    if (typeof consistency !== "object") return answer;
    // This member is behind what the caller has seen: the cluster is asked instead.
    const atLeast = toBigInt(consistency.atLeast, "atLeast");
    if ((answer.header?.revision ?? 0n) >= atLeast) return answer;
    return caller.unary(KV.method.range, { ...request, serializable: false }, "read", options);
  }

  async #conditional(key: Key, condition: Compare, write: Op, options: CallOptions | undefined): Promise<CasResult<V>> {
    const result = await this.txn({ if: [condition], then: [write], else: [this.op.get(key)] }, options);
    const { revision } = result.header;
    return result.succeeded ? { ok: true, revision } : { ok: false, current: result.responses[0], revision };
  }
}
