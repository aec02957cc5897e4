/**
 * The key-value verbs on one namespace with one type of value. The client is the root store; `withCodec` and `namespace`
 * give other views of the same connection. Read `requests.ts` for what a verb sends and `results.ts` for what it gives.
 */
import { KV } from "@kvorum/proto";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ClientWorld } from "../clock.js";
import type { Codec } from "../codec.js";
import type { Key, KeyRange, Selector } from "../keys.js";
import type { Keyspace } from "../keyspace.js";
import { type KeyCache, openCache } from "../live/cache.js";
import { type LiveValue, openConfig } from "../live/config.js";
import type { CacheOptions, ConfigKeys, ConfigOptions } from "../live/options.js";
import { attempting } from "../live/reading.js";
import type { Caller } from "../net/caller.js";
import {
  type BigIntLike,
  type DeleteOptions,
  flagOf,
  isExactlyOnce,
  type ListOptions,
  type PutOptions,
  plainCall,
  type ReadOptions,
  type ScanOptions,
  toAmount,
  type WithKeysOnly,
  type WithoutValue,
  type WithPrevious,
  type WriteCallOptions,
  type WriteOptions,
} from "../options.js";
import type { WatchOptions } from "../watch/options.js";
import { openWatch, type Watch } from "../watch/watch.js";
import type { WatchHub } from "../watch/watch-hub.js";
import { type Compare, compare } from "./compare.js";
import type { ExactlyOnce } from "./exactly-once.js";
import { type Op, type Ops, opsFor, type TxnSpec } from "./op.js";
import type { RangeStreams } from "./range-stream.js";
import { readRange } from "./read-range.js";
import { deleteRequest, listRequest, putRequest, rangeRequest } from "./requests.js";
import {
  type CasResult,
  type DeleteResult,
  type KeyEntry,
  type KeyListResult,
  type KeyValue,
  type ListResult,
  type PutResult,
  toHeader,
  toKeyEntry,
  toKeyValues,
  toOptionalKeyValue,
} from "./results.js";
import { scan, scanKeys } from "./scan.js";
import { branches, isReadOnly, type TxnResult, txnRequest } from "./txn.js";

type PutPrevious<V> = PutResult & { readonly prev: KeyValue<V> | undefined };
type DeletePrevious<V> = DeleteResult & { readonly prev: KeyValue<V>[] };

/**
 * Values are read as `V` and written as `In`, which differ only for a schema that transforms.
 *
 * Every verb rejects with `EtcdError`, with `DecodeError` where a stored value is not a `V`, with `signal.reason`, or, before
 * anything is sent, with the `TypeError` or `RangeError` of a wrong argument.
 */
export interface Store<V = string, In = V> {
  /** Time and chance as the client takes them, for what is built on it. */
  readonly world: ClientWorld;
  get(key: Key, options?: ReadOptions): Promise<KeyValue<V> | undefined>;
  /** All pairs of a range in one answer. For ranges of unknown size use `scan`. */
  list(range: KeyRange, options: ListOptions & WithKeysOnly): Promise<KeyListResult>;
  list(range: KeyRange, options?: ListOptions): Promise<ListResult<V>>;
  /** The keys alone; values do not travel. */
  keys(range: KeyRange, options?: ListOptions): Promise<string[]>;
  count(selector: Selector, options?: ReadOptions): Promise<bigint>;
  /** Walks a range in the order of keys at one revision, in bounded memory. Leaving the loop cancels on the server. */
  scan(range: KeyRange, options: ScanOptions & WithKeysOnly): AsyncIterable<KeyEntry>;
  scan(range: KeyRange, options?: ScanOptions): AsyncIterable<KeyValue<V>>;
  put(key: Key, value: undefined, options: PutOptions & WithoutValue & WithPrevious): Promise<PutPrevious<V>>;
  put(key: Key, value: undefined, options: PutOptions & WithoutValue): Promise<PutResult>;
  put(key: Key, value: In, options: PutOptions & WithPrevious): Promise<PutPrevious<V>>;
  put(key: Key, value: In, options?: PutOptions): Promise<PutResult>;
  delete(selector: Selector, options: DeleteOptions & WithPrevious): Promise<DeletePrevious<V>>;
  delete(selector: Selector, options?: DeleteOptions): Promise<DeleteResult>;
  /** Writes only if the key does not exist. */
  create(key: Key, value: In, options?: WriteOptions): Promise<CasResult<V>>;
  /** Writes only if the key was last changed at `modRevision`; 0 means "does not exist". */
  compareAndSet(key: Key, modRevision: BigIntLike, value: In, options?: WriteOptions): Promise<CasResult<V>>;
  /** Deletes only if the key was last changed at `modRevision`. */
  compareAndDelete(key: Key, modRevision: BigIntLike, options?: WriteCallOptions): Promise<CasResult<V>>;
  txn<const T extends readonly Op[] = [], const E extends readonly Op[] = []>(
    spec: TxnSpec<T, E>,
    options?: WriteCallOptions,
  ): Promise<TxnResult<T, E>>;
  /** Reports every change from now on, or from `startRevision` on, without gaps and without repeats. */
  watch(selector: Selector, options?: WatchOptions): Watch<V>;
  /** Holds a range in memory and keeps it true. Resolves when it has been read. Errors: as of every read. */
  cache<I extends string = never>(range: KeyRange, options?: CacheOptions<V, I>): Promise<KeyCache<V, I>>;
  /**
   * A key, or an object of keys read at one revision, as a value that a Standard Schema has checked and that stays current.
   * The keys hold JSON, whatever the codec of the store. Resolves with the first value, or rejects where there is none.
   */
  config<S extends StandardSchemaV1>(
    keys: ConfigKeys,
    schema: S,
    options?: ConfigOptions<StandardSchemaV1.InferOutput<S>>,
  ): Promise<LiveValue<StandardSchemaV1.InferOutput<S>>>;
  /** Operations for `txn` on values of this store. */
  readonly op: Ops<V, In>;
  /** The same keys with another type of value. */
  withCodec<T, U = T>(codec: Codec<T, U>): Store<T, U>;
  /** The keys that start with `prefix`, without it. Namespaces nest. */
  namespace(prefix: Key): Store<V, In>;
}

/** What every reader of one client shares, watches and caches as well. */
export interface StoreContext {
  readonly caller: Caller;
  readonly watches: WatchHub;
}

/** What all views of one client share. */
export interface KvContext extends StoreContext {
  readonly world: ClientWorld;
  readonly exactlyOnce: ExactlyOnce;
  readonly rangeStreams: RangeStreams;
}

export class KvStore<V, In = V> implements Store<V, In> {
  readonly op: Ops<V, In>;
  protected readonly context: KvContext;
  readonly #keyspace: Keyspace;
  readonly #codec: Codec<V, In>;

  constructor(context: KvContext, keyspace: Keyspace, codec: Codec<V, In>) {
    this.context = { ...context, caller: context.caller.within(keyspace.prefix) };
    this.#keyspace = keyspace;
    this.#codec = codec;
    this.op = opsFor(codec);
  }

  get world(): ClientWorld {
    return this.context.world;
  }

  async get(key: Key, options?: ReadOptions): Promise<KeyValue<V> | undefined> {
    const answer = await readRange(this.context.caller, rangeRequest(this.#keyspace, key, options), options);
    return toOptionalKeyValue(this.#view, answer.kvs[0]);
  }

  list(range: KeyRange, options: ListOptions & WithKeysOnly): Promise<KeyListResult>;
  list(range: KeyRange, options?: ListOptions): Promise<ListResult<V>>;
  async list(range: KeyRange, options?: ListOptions): Promise<KeyListResult> {
    const answer = await readRange(this.context.caller, listRequest(this.#keyspace, range, options), options);
    const { count, more } = answer;
    const kvs = options?.keysOnly
      ? answer.kvs.map((kv) => toKeyEntry(this.#view, kv))
      : await toKeyValues(this.#view, answer.kvs);
    return { kvs, count, more, header: toHeader(answer.header) };
  }

  async keys(range: KeyRange, options?: ListOptions): Promise<string[]> {
    const { kvs } = await this.list(range, { ...options, keysOnly: true });
    return kvs.map((entry) => entry.key);
  }

  async count(selector: Selector, options?: ReadOptions): Promise<bigint> {
    const request = { ...rangeRequest(this.#keyspace, selector, options), countOnly: true };
    return (await readRange(this.context.caller, request, options)).count;
  }

  scan(range: KeyRange, options: ScanOptions & WithKeysOnly): AsyncIterable<KeyEntry>;
  scan(range: KeyRange, options?: ScanOptions): AsyncIterable<KeyValue<V>>;
  scan(range: KeyRange, options: ScanOptions = {}): AsyncIterable<KeyEntry> {
    const { caller, rangeStreams } = this.context;
    return flagOf(options.keysOnly, "keysOnly")
      ? scanKeys(caller, this.#keyspace, range, options, rangeStreams)
      : scan(caller, this.#view, range, options, rangeStreams);
  }

  put(key: Key, value: In | undefined, options: PutOptions & WithPrevious): Promise<PutPrevious<V>>;
  put(key: Key, value: In | undefined, options?: PutOptions): Promise<PutResult>;
  async put(
    key: Key,
    value: In | undefined,
    options?: PutOptions,
  ): Promise<PutResult & { readonly prev?: KeyValue<V> | undefined }> {
    const request = putRequest(this.#keyspace, this.#codec, key, value, options);
    if (isExactlyOnce(options)) {
      const { header, responses } = await this.#unconditional(this.op.put(key, value as In, options), options);
      return { header, ...responses[0] };
    }
    const answer = await this.context.caller.unary(KV.method.put, request, "write", plainCall(options));
    const header = toHeader(answer.header);
    return options?.prevKv ? { header, prev: await toOptionalKeyValue(this.#view, answer.prevKv) } : { header };
  }

  delete(selector: Selector, options: DeleteOptions & WithPrevious): Promise<DeletePrevious<V>>;
  delete(selector: Selector, options?: DeleteOptions): Promise<DeleteResult>;
  async delete(
    selector: Selector,
    options?: DeleteOptions,
  ): Promise<DeleteResult & { readonly prev?: readonly KeyValue<V>[] }> {
    const request = deleteRequest(this.#keyspace, selector, options?.prevKv);
    if (isExactlyOnce(options)) {
      const { header, responses } = await this.#unconditional(this.op.delete(selector, options), options);
      return { header, ...responses[0] };
    }
    const answer = await this.context.caller.unary(KV.method.deleteRange, request, "write", plainCall(options));
    const result = { header: toHeader(answer.header), deleted: answer.deleted };
    return options?.prevKv ? { ...result, prev: await toKeyValues(this.#view, answer.prevKvs) } : result;
  }

  async create(key: Key, value: In, options?: WriteOptions): Promise<CasResult<V>> {
    return this.#conditional(key, compare.createRevision(key).eq(0n), this.op.put(key, value, options), options);
  }

  async compareAndSet(key: Key, modRevision: BigIntLike, value: In, options?: WriteOptions): Promise<CasResult<V>> {
    const condition = compare.modRevision(key).eq(toAmount(modRevision, "modRevision"));
    return this.#conditional(key, condition, this.op.put(key, value, options), options);
  }

  async compareAndDelete(key: Key, modRevision: BigIntLike, options?: WriteCallOptions): Promise<CasResult<V>> {
    const condition = compare.modRevision(key).eq(toAmount(modRevision, "modRevision"));
    return this.#conditional(key, condition, this.op.delete(key), options);
  }

  async txn<const T extends readonly Op[] = [], const E extends readonly Op[] = []>(
    spec: TxnSpec<T, E>,
    options?: WriteCallOptions,
  ): Promise<TxnResult<T, E>> {
    const { caller, exactlyOnce } = this.context;
    const request = txnRequest(this.#keyspace, spec);
    const readOnly = isReadOnly(spec);
    const answer =
      isExactlyOnce(options) && !readOnly
        ? await exactlyOnce.txn(request, plainCall(options))
        : await caller.unary(KV.method.txn, request, readOnly ? "read" : "write", plainCall(options));
    return { ...(await branches(this.#keyspace, spec, answer)), header: toHeader(answer.header) };
  }

  watch(selector: Selector, options?: WatchOptions): Watch<V> {
    return openWatch(this.context, this.#view, selector, options);
  }

  cache<I extends string = never>(range: KeyRange, options?: CacheOptions<V, I>): Promise<KeyCache<V, I>> {
    const codec = attempting(this.#codec);
    const reads = this.withCodec(codec);
    const view = { keyspace: this.#keyspace, codec };
    return openCache(this.context, view, (part, scanning) => reads.scan(part, scanning), range, options);
  }

  config<S extends StandardSchemaV1>(
    keys: ConfigKeys,
    schema: S,
    options?: ConfigOptions<StandardSchemaV1.InferOutput<S>>,
  ): Promise<LiveValue<StandardSchemaV1.InferOutput<S>>> {
    return openConfig(this.context, this.#keyspace, keys, schema, options);
  }

  withCodec<T, U = T>(codec: Codec<T, U>): Store<T, U> {
    return new KvStore(this.context, this.#keyspace, codec);
  }

  namespace(prefix: Key): Store<V, In> {
    return new KvStore(this.context, this.#keyspace.nested(prefix), this.#codec);
  }

  get #view(): { keyspace: Keyspace; codec: Codec<V, In> } {
    return { keyspace: this.#keyspace, codec: this.#codec };
  }

  /** A txn without conditions has only one branch. */
  async #unconditional<R>(
    operation: Op<R>,
    options: WriteCallOptions | undefined,
  ): Promise<{ header: PutResult["header"]; responses: [R] }> {
    const { header, responses } = await this.txn({ then: [operation], else: [operation] }, options);
    return { header, responses };
  }

  async #conditional(
    key: Key,
    condition: Compare,
    write: Op,
    options: WriteCallOptions | undefined,
  ): Promise<CasResult<V>> {
    const result = await this.txn({ if: [condition], then: [write], else: [this.op.get(key)] }, options);
    const { revision } = result.header;
    return result.succeeded ? { ok: true, revision } : { ok: false, current: result.responses[0], revision };
  }
}
