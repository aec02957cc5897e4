/**
 * The client half of engine one: `grpc-channel.ts`, loaded by the first call. grpc-js and nice-grpc are a hundred modules,
 * which a process that chooses the other engine should not wait for.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Channel, ChannelOptions, ChannelState, TransportFactory } from "../channel.js";
import { clientSecureContext, parseEndpointAddress } from "../endpoint.js";
import { lateImport } from "../late-import.js";
import { methodPath, type StreamMethod, type UnaryMethod } from "../method.js";
import { channelClosed } from "./channel-closed.js";
import type { GrpcChannel } from "./grpc-channel.js";

/**
 * Opens a channel by way of grpc-js. No I/O happens before the first call.
 *
 * Errors: `TypeError` for an endpoint that is not `http`, `https`, `unix` or `unixs`; node's own for TLS material that is none.
 */
export const niceChannel: TransportFactory = (endpoint, options = {}) => {
  if (parseEndpointAddress(endpoint).secure) clientSecureContext(options.tls);
  return new NiceChannel(endpoint, options);
};

class NiceChannel implements Channel {
  readonly endpoint: string;
  readonly #options: ChannelOptions;
  /** Those who wait for a change before there is a channel to ask. */
  readonly #listeners = new Map<(state: ChannelState) => void, () => void>();
  #opening: Promise<GrpcChannel | undefined> | undefined;
  #channel: GrpcChannel | undefined;
  #closed = false;

  constructor(endpoint: string, options: ChannelOptions) {
    this.endpoint = endpoint;
    this.#options = options;
  }

  get state(): ChannelState {
    return this.#closed ? "closed" : (this.#channel?.state ?? "idle");
  }

  onStateChange(listener: (state: ChannelState) => void): () => void {
    if (this.#channel !== undefined) return this.#channel.onStateChange(listener);
    this.#listeners.set(listener, () => {});
    return () => {
      this.#listeners.get(listener)?.();
      this.#listeners.delete(listener);
    };
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    options.signal?.throwIfAborted();
    const channel = this.#channel ?? (await this.#opened(methodPath(method)));
    return channel.unary(method, request, options);
  }

  stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): AsyncIterable<MessageShape<O>> {
    if (this.#channel !== undefined) return this.#channel.stream(method, requests, options);
    const open = async (): Promise<AsyncIterator<MessageShape<O>>> => {
      const channel = this.#channel ?? (await this.#opened(methodPath(method)));
      return channel.stream(method, requests, options)[Symbol.asyncIterator]();
    };
    return { [Symbol.asyncIterator]: () => new LateAnswers(open) };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#channel !== undefined) return this.#channel.close();
    for (const listener of this.#listeners.keys()) listener("closed");
    this.#listeners.clear();
    await this.#opening;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #opened(path: string): Promise<GrpcChannel> {
    if (!this.#closed) this.#opening ??= this.#open();
    const channel = await this.#opening;
    if (channel === undefined || this.#closed) throw channelClosed(path);
    return channel;
  }

  /** Undefined where the channel was closed meanwhile. */
  async #open(): Promise<GrpcChannel | undefined> {
    const { GrpcChannel } = await lateImport(() => import("./grpc-channel.js"));
    if (this.#closed) return undefined;
    const channel = new GrpcChannel(this.endpoint, this.#options);
    for (const listener of this.#listeners.keys()) this.#listeners.set(listener, channel.onStateChange(listener));
    this.#channel = channel;
    return channel;
  }
}

/** The answers of a stream that was asked for before its channel was there. */
class LateAnswers<T> implements AsyncIterator<T> {
  readonly #open: () => Promise<AsyncIterator<T>>;
  #answers: Promise<AsyncIterator<T>> | undefined;
  #returned = false;

  constructor(open: () => Promise<AsyncIterator<T>>) {
    this.#open = open;
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.#returned) return { done: true, value: undefined };
    this.#answers ??= this.#open();
    return (await this.#answers).next();
  }

  async return(): Promise<IteratorResult<T>> {
    this.#returned = true;
    const answers = await this.#answers?.catch(() => undefined);
    await answers?.return?.();
    return { done: true, value: undefined };
  }
}
