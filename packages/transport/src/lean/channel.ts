/**
 * The client half of the lean engine: a channel to one endpoint over our own HTTP/2. It connects at the first call, keeps one
 * connection, and makes another when that is lost or the server leaves it, whose calls then go on while new ones begin
 * elsewhere.
 *
 * Read `call.ts` with `call-unary.ts` and `call-stream.ts`, then `client-connection.ts` with `client-dial.ts`, and `socket.ts`.
 */
import type { DescMessage, DescMethod, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Slab } from "@kvorum/proto";
import type { CallOptions, Channel, ChannelOptions, ChannelState, TransportFactory } from "../channel.js";
import { messageSlab } from "../codec.js";
import {
  connectTimeoutMsDefault,
  keepAliveIntervalMsDefault,
  keepAliveTimeoutMsDefault,
  parseEndpointAddress,
  sendBytesMaxDefault,
} from "../endpoint.js";
import { decodeAnswer, encodeRequest } from "../messages.js";
import type { StreamMethod, UnaryMethod } from "../method.js";
import { RpcError, StatusCode } from "../status.js";
import type { Call, CallSettings } from "./call.js";
import { CallAborts } from "./call-aborts.js";
import type { AnswerStatus } from "./call-answer.js";
import { StreamCall } from "./call-stream.js";
import { UnaryCall } from "./call-unary.js";
import { ClientConnection, type ConnectionOwner } from "./client-connection.js";
import { Dialer } from "./client-dial.js";
import { Deadlines } from "./deadlines.js";
import { KnownMetadata } from "./known-metadata.js";
import { RequestHead } from "./request-head.js";

const RECEIVE_BYTES_MAX_DEFAULT = 2 ** 31 - 1;
/** First and longest pause between the beginnings of two attempts to connect; calls fail at once meanwhile. */
const RECONNECT_MS_FIRST = 100;
const RECONNECT_MS_MAX = 2_000;
const closedStatus: AnswerStatus = { code: StatusCode.CANCELLED, details: "the channel is closed" };
const NO_OPTIONS: CallOptions = {};

/**
 * Opens a channel of the lean engine. No I/O happens before the first call.
 *
 * Errors: `TypeError` for an endpoint that is not `http`, `https`, `unix` or `unixs`; node's own for TLS material that is none.
 */
export const leanChannel: TransportFactory = (endpoint, options = {}) => new LeanChannel(endpoint, options);

class LeanChannel implements Channel, ConnectionOwner {
  readonly endpoint: string;
  readonly #dialer: Dialer;
  readonly #connectTimeoutMs: number;
  readonly #sendBytesMax: number;
  readonly #slab: Slab = messageSlab();
  readonly #calls: CallSettings;
  readonly #heads = new Map<DescMethod, RequestHead>();
  readonly #listeners = new Set<(state: ChannelState) => void>();
  /** Those that take no more calls too, as long as they have some. */
  readonly #connections = new Set<ClientConnection>();
  #current: ClientConnection | undefined;
  #state: ChannelState = "idle";
  #keepAlive: { readonly intervalMs: number; readonly timeoutMs: number } | undefined;
  /** Why the last attempt failed; what calls are told until the next one. */
  #failure: AnswerStatus = closedStatus;
  #attemptMs = 0;
  #pauseMs = 0;

  constructor(endpoint: string, options: ChannelOptions) {
    const { keepAlive = {}, receiveBytesMax = RECEIVE_BYTES_MAX_DEFAULT } = options;
    this.endpoint = endpoint;
    this.#dialer = new Dialer(parseEndpointAddress(endpoint), options.tls);
    this.#connectTimeoutMs = options.connectTimeoutMs ?? connectTimeoutMsDefault;
    this.#sendBytesMax = options.sendBytesMax ?? sendBytesMaxDefault;
    this.#calls = {
      aborts: new CallAborts(),
      deadlines: new Deadlines(),
      metadata: new KnownMetadata(),
      receiveBytesMax,
    };
    if (keepAlive !== false) {
      const { intervalMs = keepAliveIntervalMsDefault, timeoutMs = keepAliveTimeoutMsDefault } = keepAlive;
      this.#keepAlive = { intervalMs, timeoutMs };
    }
  }

  get state(): ChannelState {
    return this.#state;
  }

  onStateChange(listener: (state: ChannelState) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = NO_OPTIONS,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const head = this.#head(method);
      const bytes = encodeRequest(head.path, method.input, request, this.#sendBytesMax, this.#slab);
      const answered = resolve as (answer: Message) => void;
      const call = { head, output: method.output, request: bytes, resolve: answered, reject };
      this.#start(new UnaryCall(call, options, this.#calls));
    });
  }

  stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = NO_OPTIONS,
  ): AsyncIterable<MessageShape<O>> {
    const head = this.#head(method);
    const call = {
      head,
      requests,
      start: (started: Call) => this.#start(started),
      encode: (request: MessageInitShape<I>) =>
        encodeRequest(head.path, method.input, request, this.#sendBytesMax, this.#slab),
      decode: (bytes: Uint8Array) => decodeAnswer(head.path, method.output, bytes),
    };
    return { [Symbol.asyncIterator]: () => new StreamCall(call, options, this.#calls) };
  }

  close(): Promise<void> {
    if (this.#state !== "closed") {
      this.#current = undefined;
      this.#tell("closed");
      this.#listeners.clear();
      for (const connection of [...this.#connections]) connection.close(closedStatus);
      this.#calls.deadlines.close();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // `ConnectionOwner`.

  ready(): void {
    this.#pauseMs = 0;
    this.#tell("ready");
  }

  failed(_connection: ClientConnection, reason: string, waiting: readonly Call[]): void {
    this.#current = undefined;
    this.#pauseMs = Math.min(RECONNECT_MS_MAX, Math.max(RECONNECT_MS_FIRST, this.#pauseMs * 2));
    this.#failure = {
      code: StatusCode.UNAVAILABLE,
      details: `No connection established. Last error: ${reason}`,
    };
    this.#tell("failed");
    for (const call of waiting) call.refuse(this.#failure);
  }

  retired(connection: ClientConnection, waiting: readonly Call[]): void {
    if (this.#current === connection) {
      this.#current = undefined;
      this.#tell("idle");
    }
    for (const call of waiting) this.#dispatch(call);
  }

  over(connection: ClientConnection): void {
    this.#connections.delete(connection);
  }

  pingedTooOften(): void {
    if (this.#keepAlive !== undefined) {
      this.#keepAlive = { ...this.#keepAlive, intervalMs: this.#keepAlive.intervalMs * 2 };
    }
  }

  #start(call: Call): void {
    if (this.#state === "closed") {
      const { code, details } = closedStatus;
      throw new RpcError(code, details, { method: call.path, maybeSent: false });
    }
    call.begin();
    this.#dispatch(call);
  }

  #dispatch(call: Call): void {
    if (this.#state === "closed") call.refuse(closedStatus);
    else if (this.#current !== undefined) this.#current.start(call);
    else if (performance.now() < this.#attemptMs + this.#pauseMs) call.refuse(this.#failure);
    else this.#connect().start(call);
  }

  #connect(): ClientConnection {
    this.#attemptMs = performance.now();
    const settings = {
      dialer: this.#dialer,
      connectTimeoutMs: this.#connectTimeoutMs,
      keepAlive: this.#keepAlive,
    };
    const connection = new ClientConnection(settings, this);
    this.#connections.add(connection);
    this.#current = connection;
    this.#tell("connecting");
    return connection;
  }

  #head(method: DescMethod): RequestHead {
    let head = this.#heads.get(method);
    if (head === undefined) {
      head = new RequestHead(method, this.#dialer.authority, this.#dialer.secure);
      this.#heads.set(method, head);
    }
    return head;
  }

  #tell(state: ChannelState): void {
    if (state === this.#state || this.#state === "closed") return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}
