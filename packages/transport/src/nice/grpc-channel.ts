/**
 * A grpc-js channel to one endpoint. nice-grpc opens it, because that bounds the time a
 * connection attempt may take (grpc-js alone waits for ever on a peer that accepts and says nothing); calls go through
 * `call.ts`, one layer below nice-grpc's own client.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { type ChannelInterface, connectivityState } from "@grpc/grpc-js";
import type { Slab } from "@kvorum/proto";
import { createChannel } from "nice-grpc";
import type { CallOptions, Channel, ChannelOptions, ChannelState } from "../channel.js";
import { messageSlab } from "../codec.js";
import { sendBytesMaxDefault } from "../endpoint.js";
import { decodeAnswer, encodeRequest } from "../messages.js";
import { methodPath, type StreamMethod, type UnaryMethod } from "../method.js";
import { RpcError, StatusCode } from "../status.js";
import { Call, type CallListener } from "./call.js";
import { CHANNEL_CLOSED, channelClosed } from "./channel-closed.js";
import { asBuffer } from "./codec.js";
import { grpcOptions, parseEndpoint } from "./endpoint.js";
import { StreamCall } from "./stream-call.js";

const states: Readonly<Record<number, ChannelState>> = {
  [connectivityState.IDLE]: "idle",
  [connectivityState.CONNECTING]: "connecting",
  [connectivityState.READY]: "ready",
  [connectivityState.TRANSIENT_FAILURE]: "failed",
  [connectivityState.SHUTDOWN]: "closed",
};

/** Errors: `TypeError` for an endpoint that is not `http`, `https` or `unix`. */
export class GrpcChannel implements Channel {
  readonly endpoint: string;
  readonly #channel: ChannelInterface;
  readonly #sendBytesMax: number;
  readonly #slab: Slab = messageSlab();
  readonly #calls = new Set<Call>();
  readonly #listeners = new Set<(state: ChannelState) => void>();
  #watching = false;
  #closed = false;

  constructor(endpoint: string, options: ChannelOptions) {
    const { target, credentials } = parseEndpoint(endpoint, options.tls);
    this.endpoint = endpoint;
    this.#sendBytesMax = options.sendBytesMax ?? sendBytesMaxDefault;
    this.#channel = createChannel(target, credentials, grpcOptions(options));
  }

  get state(): ChannelState {
    return this.#closed ? "closed" : (states[this.#channel.getConnectivityState(false)] ?? "failed");
  }

  onStateChange(listener: (state: ChannelState) => void): () => void {
    this.#listeners.add(listener);
    if (!this.#watching && !this.#closed) this.#watchState();
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    options.signal?.throwIfAborted();
    const path = methodPath(method);
    const bytes = asBuffer(encodeRequest(path, method.input, request, this.#sendBytesMax, this.#slab));
    const answer = await new Promise<Buffer>((resolve, reject) => {
      let message: Buffer | undefined;
      const call = this.#start(path, options, {
        message: (received) => {
          message = received;
        },
        ended: (error) => {
          if (error !== undefined) reject(error.cause);
          else if (message !== undefined) resolve(message);
          else
            reject(
              new RpcError(StatusCode.UNIMPLEMENTED, "the server ended the call without an answer", { method: path }),
            );
        },
      });
      call.read();
      call.send(bytes);
      call.halfClose();
    });
    return decodeAnswer(path, method.output, answer);
  }

  stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): AsyncIterable<MessageShape<O>> {
    const path = methodPath(method);
    return {
      [Symbol.asyncIterator]: () =>
        new StreamCall({
          start: (listener) => this.#start(path, options, listener),
          requests,
          encode: (request) => asBuffer(encodeRequest(path, method.input, request, this.#sendBytesMax, this.#slab)),
          decode: (bytes) => decodeAnswer(path, method.output, bytes),
          signal: options.signal,
        }),
    };
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    for (const call of [...this.#calls]) call.fail(StatusCode.CANCELLED, CHANNEL_CLOSED);
    this.#channel.close();
    // grpc-js learns an address that needs no lookup one turn after the first call. When that is after the close it connects all
    // the same, and keeps the connection for ever; closed once more, it lets go of it.
    setImmediate(() => this.#channel.close());
    this.#tell("closed");
    this.#listeners.clear();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(path: string, options: CallOptions, listener: CallListener): Call {
    if (this.#closed) {
      throw channelClosed(path);
    }
    const call = new Call(this.#channel, path, options, listener, (ended) => this.#calls.delete(ended));
    this.#calls.add(call);
    return call;
  }

  /** grpc-js reports one change at a time; each report asks for the next. */
  #watchState(): void {
    this.#watching = true;
    const current = this.#channel.getConnectivityState(false);
    this.#channel.watchConnectivityState(current, Number.POSITIVE_INFINITY, () => {
      if (this.#closed) return;
      this.#watchState();
      this.#tell(this.state);
    });
  }

  #tell(state: ChannelState): void {
    for (const listener of [...this.#listeners]) listener(state);
  }
}
