/**
 * One server in the hands of several users: each logs in once, and every call is written down with its answer, so that the
 * same script on two servers gives two transcripts to compare.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import {
  Auth,
  KV,
  Lease,
  Permission_Type,
  type PutRequestSchema,
  type RangeRequestSchema,
  type RequestOpSchema,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  type TxnRequestSchema,
} from "@kvorum/proto";
import { type CallOptions, type Channel, RpcError, type StreamMethod, type UnaryMethod } from "@kvorum/transport";
import { KeepAliveProbe, WatchProbe } from "../conformance/stream-probe.js";
import { Transcript } from "../conformance/transcript.js";

const TIMEOUT_MS = 20_000;

/** The end of "every key from this one on". */
export const FROM_KEY = "\0";

export type Operation = MessageInitShape<typeof RequestOpSchema>;

export const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** The same channel with a token in every call. */
export function withToken(
  channel: Pick<Channel, "unary" | "stream">,
  token: string,
): Pick<Channel, "unary" | "stream"> {
  const shown = (options: CallOptions = {}): CallOptions => ({ ...options, metadata: { ...options.metadata, token } });
  return {
    unary: <I extends DescMessage, O extends DescMessage>(
      method: UnaryMethod<I, O>,
      request: MessageInitShape<I>,
      options?: CallOptions,
    ) => channel.unary(method, request, shown(options)),
    stream: <I extends DescMessage, O extends DescMessage>(
      method: StreamMethod<I, O>,
      requests: AsyncIterable<MessageInitShape<I>>,
      options?: CallOptions,
    ) => channel.stream(method, requests, shown(options)),
  };
}

export class Actor {
  readonly channel: Channel;
  /** Of the step that runs. */
  transcript: Transcript = new Transcript("");
  readonly tokens: Map<string, string> = new Map();

  constructor(channel: Channel) {
    this.channel = channel;
  }

  /** Begins a step: revisions in its transcript are shown relative to the one that the store has now. */
  async begin(): Promise<void> {
    this.transcript = new Transcript("");
    const token = this.tokens.get("root");
    const channel = token === undefined ? this.channel : withToken(this.channel, token);
    const answer = await channel.unary(KV.method.range, { key: bytes("no such key") }, { timeoutMs: TIMEOUT_MS });
    this.transcript.startAt(answer.header?.revision ?? 0n);
  }

  /** Gets a token for the user, whatever it had before. Writes down only whether it worked. */
  async login(name: string, password: string): Promise<void> {
    const answer = await this.as(undefined).attempt(`login ${name}`, Auth.method.authenticate, { name, password });
    if (answer === undefined) return;
    this.transcript.note(`login ${name} → token ${answer.token === "" ? "missing" : "set"}`);
    this.tokens.set(name, answer.token);
  }

  /** The hands of one who shows this user's token; undefined: of one who shows none. */
  as(name: string | undefined): Hands {
    const token = name === undefined ? undefined : this.tokens.get(name);
    if (name !== undefined && token === undefined) throw new Error(`${name} has not logged in`);
    return new Hands(this, name ?? "nobody", token);
  }

  showing(token: string): Hands {
    return new Hands(this, "somebody", token);
  }
}

/** What one caller can do; everything is recorded under the caller's name. */
export class Hands {
  readonly #actor: Actor;
  readonly #who: string;
  readonly #channel: Pick<Channel, "unary" | "stream">;

  constructor(actor: Actor, who: string, token: string | undefined) {
    this.#actor = actor;
    this.#who = who;
    this.#channel = token === undefined ? actor.channel : withToken(actor.channel, token);
  }

  async call<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    label: string = method.localName,
  ): Promise<MessageShape<O> | undefined> {
    const answer = await this.attempt(label, method, request);
    if (answer !== undefined) this.#actor.transcript.answer(`${this.#who} ${label}`, answer);
    return answer;
  }

  /** Only failures are recorded. */
  async attempt<I extends DescMessage, O extends DescMessage>(
    label: string,
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O> | undefined> {
    try {
      return await this.#channel.unary(method, request, { timeoutMs: TIMEOUT_MS });
    } catch (error) {
      this.#actor.transcript.error(`${this.#who} ${label}`, error);
      return undefined;
    }
  }

  put(
    key: string,
    value = "",
    options: Omit<MessageInitShape<typeof PutRequestSchema>, "key" | "value" | "$typeName"> = {},
  ) {
    return this.call(KV.method.put, { key: bytes(key), value: bytes(value), ...options }, `put ${key}`);
  }

  range(key: string, end = "", options: Omit<MessageInitShape<typeof RangeRequestSchema>, "key" | "$typeName"> = {}) {
    return this.call(KV.method.range, { key: bytes(key), rangeEnd: bytes(end), ...options }, `range ${show(key, end)}`);
  }

  del(key: string, end = "", prevKv = false) {
    return this.call(
      KV.method.deleteRange,
      { key: bytes(key), rangeEnd: bytes(end), prevKv },
      `delete ${show(key, end)}`,
    );
  }

  txn(label: string, request: MessageInitShape<typeof TxnRequestSchema>) {
    return this.call(KV.method.txn, request, `txn ${label}`);
  }

  grantLease(id: bigint) {
    return this.call(Lease.method.leaseGrant, { ID: id, TTL: 600n });
  }

  watch(): WatchProbe {
    return new WatchProbe(this.#channel as Channel, this.#actor.transcript);
  }

  keepAlive(): KeepAliveProbe {
    return new KeepAliveProbe(this.#channel as Channel, this.#actor.transcript);
  }

  /** Takes the first message of a stream with one request, for its error. */
  async first<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    request: MessageInitShape<I>,
  ): Promise<void> {
    const { transcript } = this.#actor;
    const label = `${this.#who} ${method.localName}`;
    try {
      for await (const _ of this.#channel.stream(method, once(request), { timeoutMs: TIMEOUT_MS })) {
        transcript.note(`${label} → answered`);
        return;
      }
      transcript.note(`${label} → ended`);
    } catch (error) {
      if (error instanceof RpcError) transcript.error(label, error);
      else throw error;
    }
  }

  addUser(name: string, password: string) {
    return this.call(Auth.method.userAdd, { name, password }, `userAdd ${name}`);
  }

  addRole(name: string) {
    return this.call(Auth.method.roleAdd, { name }, `roleAdd ${name}`);
  }

  grant(user: string, role: string) {
    return this.call(Auth.method.userGrantRole, { user, role }, `grant ${user} ${role}`);
  }

  permit(name: string, access: keyof typeof Permission_Type, key: string, end = "") {
    const perm = { permType: Permission_Type[access], key: bytes(key), rangeEnd: bytes(end) };
    return this.call(Auth.method.roleGrantPermission, { name, perm }, `permit ${name} ${access} ${show(key, end)}`);
  }

  forbid(role: string, key: string, end = "") {
    const request = { role, key: bytes(key), rangeEnd: bytes(end) };
    return this.call(Auth.method.roleRevokePermission, request, `forbid ${role} ${show(key, end)}`);
  }
}

export const putOp = (key: string, options: { lease?: bigint; prevKv?: boolean } = {}): Operation => ({
  request: { case: "requestPut", value: { key: bytes(key), value: bytes("t"), ...options } },
});
export const rangeOp = (key: string, end = ""): Operation => ({
  request: { case: "requestRange", value: { key: bytes(key), rangeEnd: bytes(end) } },
});
export const deleteOp = (key: string, end = "", prevKv = false): Operation => ({
  request: { case: "requestDeleteRange", value: { key: bytes(key), rangeEnd: bytes(end), prevKv } },
});
export const txnOp = (value: MessageInitShape<typeof TxnRequestSchema>): Operation => ({
  request: { case: "requestTxn", value },
});
/** True for a key that does not exist. */
export const absent = (key: string, end = "") => ({
  key: bytes(key),
  rangeEnd: bytes(end),
  target: Target.CREATE,
  result: Result.EQUAL,
  targetUnion: { case: "createRevision", value: 0n } as const,
});

function show(key: string, end: string): string {
  return JSON.stringify(end === "" ? key : [key, end]);
}

async function* once<T>(item: T): AsyncGenerator<T> {
  yield item;
}
