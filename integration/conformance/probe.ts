/**
 * The hands of a conformance case: raw etcd calls on one server, each written into the transcript with its answer or its
 * error. Keys are given without the case's prefix.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import {
  Cluster,
  type Compare,
  type CompareSchema,
  type DeleteRangeRequestSchema,
  KV,
  Lease,
  Maintenance,
  type PutRequestSchema,
  type RangeRequestSchema,
  type RequestOpSchema,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  type TxnRequestSchema,
} from "@kvorum/proto";
import { type MetadataInit, RpcError, type StreamMethod, type UnaryMethod } from "@kvorum/transport";
import type { Caller } from "./evidence.js";
import { KeepAliveProbe, WatchProbe } from "./stream-probe.js";
import { Transcript } from "./transcript.js";

type RangeInit = Omit<MessageInitShape<typeof RangeRequestSchema>, "key" | "rangeEnd" | "$typeName">;
type PutInit = Omit<MessageInitShape<typeof PutRequestSchema>, "key" | "value" | "$typeName">;
type OpInit = MessageInitShape<typeof RequestOpSchema>;
type CompareInit = MessageInitShape<typeof CompareSchema>;

/** Who can call, by name. */
export type People = ReadonlyMap<string, Caller>;

/** A key, or raw bytes that get no prefix. */
export type KeyLike = string | Uint8Array;

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
/** The `range_end` of "every key from this one on". */
export const FROM_KEY: Uint8Array = new Uint8Array([0]);
export const NOTHING: Uint8Array = new Uint8Array(0);

export class Probe {
  readonly transcript: Transcript;
  readonly channel: Caller;
  readonly prefix: string;
  readonly #people: People;

  /** `people` are the channels of users by their names, for cases that need some; `channel` then is root's. */
  constructor(channel: Caller, prefix: string, people: People = new Map(), transcript = new Transcript(prefix)) {
    this.channel = channel;
    this.prefix = prefix;
    this.#people = people;
    this.transcript = transcript;
  }

  /** The hands of another user, which write into the same transcript. */
  as(name: string): Probe {
    const channel = this.#people.get(name);
    if (channel === undefined) throw new Error(`there is no user ${name} in this case`);
    return new Probe(channel, this.prefix, this.#people, this.transcript);
  }

  key(key: KeyLike): Uint8Array {
    return typeof key === "string" ? bytes(this.prefix + key) : key;
  }

  /** The end of the range of all keys that start with `key`. */
  prefixEnd(key = ""): Uint8Array {
    const end = Uint8Array.from(this.key(key));
    end[end.length - 1] = (end.at(-1) as number) + 1;
    return end;
  }

  /** Any unary call, recorded. Resolves with the answer, or undefined after an error. */
  async call<I extends DescMessage, O extends DescMessage>(
    label: string,
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    metadata: MetadataInit = {},
  ): Promise<MessageShape<O> | undefined> {
    try {
      const answer = await this.channel.unary(method, request, { timeoutMs: 10_000, metadata });
      this.transcript.answer(label, answer);
      return answer;
    } catch (error) {
      this.transcript.error(label, error);
      return undefined;
    }
  }

  /** Opens a stream with one request and records its first answer: what a server says about the call. */
  async first<I extends DescMessage, O extends DescMessage>(
    label: string,
    method: StreamMethod<I, O>,
    request: MessageInitShape<I>,
    metadata: MetadataInit = {},
  ): Promise<void> {
    try {
      for await (const _ of this.channel.stream(method, once(request), { timeoutMs: 10_000, metadata })) {
        return this.transcript.note(`${label} → answered`);
      }
      this.transcript.note(`${label} → ended`);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.transcript.error(label, error);
    }
  }

  range(key: KeyLike, rangeEnd: KeyLike = NOTHING, options: RangeInit = {}) {
    return this.call("range", KV.method.range, { key: this.key(key), rangeEnd: this.key(rangeEnd), ...options });
  }

  /** Everything the case has written. */
  all(options: RangeInit = {}) {
    return this.range("", this.prefixEnd(), options);
  }

  put(key: KeyLike, value: string | Uint8Array = "", options: PutInit = {}) {
    const encoded = typeof value === "string" ? bytes(value) : value;
    return this.call("put", KV.method.put, { key: this.key(key), value: encoded, ...options });
  }

  del(key: KeyLike, rangeEnd: KeyLike = NOTHING, prevKv = false) {
    return this.call("delete", KV.method.deleteRange, { key: this.key(key), rangeEnd: this.key(rangeEnd), prevKv });
  }

  txn(compare: CompareInit[], success: OpInit[], failure: OpInit[] = []) {
    return this.call("txn", KV.method.txn, { compare, success, failure });
  }

  compact(revision: bigint, physical = false) {
    return this.call("compact", KV.method.compact, { revision, physical });
  }

  grant(id: bigint, ttl: bigint) {
    return this.call("grant", Lease.method.leaseGrant, { ID: id, TTL: ttl });
  }

  revoke(id: bigint) {
    return this.call("revoke", Lease.method.leaseRevoke, { ID: id });
  }

  status() {
    return this.channel.unary(Maintenance.method.status, {}, { timeoutMs: 10_000 });
  }

  memberList() {
    return this.channel.unary(Cluster.method.memberList, {}, { timeoutMs: 10_000 });
  }

  /** The current revision, not recorded. */
  async revision(): Promise<bigint> {
    const answer = await this.channel.unary(KV.method.range, { key: this.key("no such key") }, { timeoutMs: 10_000 });
    return answer.header?.revision ?? 0n;
  }

  watch(): WatchProbe {
    return new WatchProbe(this.channel, this.transcript);
  }

  keepAlive(): KeepAliveProbe {
    return new KeepAliveProbe(this.channel, this.transcript);
  }

  // Operations of a transaction.

  opPut(key: KeyLike, value = "", options: PutInit = {}): OpInit {
    return { request: { case: "requestPut", value: { key: this.key(key), value: bytes(value), ...options } } };
  }

  opGet(key: KeyLike, rangeEnd: KeyLike = NOTHING, options: RangeInit = {}): OpInit {
    return {
      request: { case: "requestRange", value: { key: this.key(key), rangeEnd: this.key(rangeEnd), ...options } },
    };
  }

  opDel(key: KeyLike, rangeEnd: KeyLike = NOTHING, prevKv = false): OpInit {
    const value: MessageInitShape<typeof DeleteRangeRequestSchema> = {
      key: this.key(key),
      rangeEnd: this.key(rangeEnd),
      prevKv,
    };
    return { request: { case: "requestDeleteRange", value } };
  }

  opTxn(compare: CompareInit[], success: OpInit[], failure: OpInit[] = []): OpInit {
    const value: MessageInitShape<typeof TxnRequestSchema> = { compare, success, failure };
    return { request: { case: "requestTxn", value } };
  }

  /** `field` of `key` compared with `operand`; a string operand compares the value. */
  compare(
    field: "version" | "create" | "mod" | "value" | "lease",
    key: KeyLike,
    sign: "=" | "!=" | ">" | "<",
    operand: bigint | string,
    rangeEnd: KeyLike = NOTHING,
  ): CompareInit {
    return {
      key: this.key(key),
      rangeEnd: this.key(rangeEnd),
      target: TARGETS[field],
      result: SIGNS[sign],
      targetUnion: targetUnion(field, operand),
    };
  }
}

const TARGETS = {
  version: Target.VERSION,
  create: Target.CREATE,
  mod: Target.MOD,
  value: Target.VALUE,
  lease: Target.LEASE,
} as const;
const SIGNS = { "=": Result.EQUAL, "!=": Result.NOT_EQUAL, ">": Result.GREATER, "<": Result.LESS } as const;

function targetUnion(field: keyof typeof TARGETS, operand: bigint | string): Compare["targetUnion"] {
  if (typeof operand === "string") return { case: "value", value: bytes(operand) };
  if (field === "version") return { case: "version", value: operand };
  if (field === "create") return { case: "createRevision", value: operand };
  if (field === "mod") return { case: "modRevision", value: operand };
  return { case: "lease", value: operand };
}

async function* once<T>(item: T): AsyncGenerator<T> {
  yield item;
}
