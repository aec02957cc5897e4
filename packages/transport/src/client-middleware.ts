/**
 * nice-grpc's client middleware on a channel of either engine: tracing, metrics and the like work unchanged. Our own
 * retries do not use it: whether a call may be sent again depends on `RpcError.maybeSent`, which it cannot see.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import {
  ClientError,
  type ClientMiddleware,
  composeClientMiddleware,
  type MethodDescriptor,
  type CallOptions as NiceCallOptions,
} from "nice-grpc-common";
import type { CallOptions, Channel } from "./channel.js";
import { type Method, type MethodKind, methodPath, type StreamMethod, type UnaryMethod } from "./method.js";
import { fromNiceMetadata, metadataInitOf, toNiceMetadata } from "./nice/metadata.js";
import { RpcError, type StatusCode } from "./status.js";

/**
 * A channel whose calls go through the middleware; the first one runs outermost. State and lifetime stay the given
 * channel's. A middleware sees errors as nice-grpc's `ClientError`, the caller of the channel as `RpcError`.
 */
export function withClientMiddleware(channel: Channel, ...middleware: readonly ClientMiddleware[]): Channel {
  const [first, ...others] = middleware;
  if (first === undefined) return channel;
  return new MiddlewareChannel(channel, others.reduce(composeOuter, first));
}

/** nice-grpc runs the middleware attached last first; here they run as they are listed. */
function composeOuter(outer: ClientMiddleware, inner: ClientMiddleware): ClientMiddleware {
  return composeClientMiddleware(inner, outer);
}

class MiddlewareChannel implements Channel {
  readonly #channel: Channel;
  readonly #middleware: ClientMiddleware;

  constructor(channel: Channel, middleware: ClientMiddleware) {
    this.#channel = channel;
    this.#middleware = middleware;
  }

  get endpoint(): string {
    return this.#channel.endpoint;
  }

  get state(): Channel["state"] {
    return this.#channel.state;
  }

  onStateChange(listener: Parameters<Channel["onStateChange"]>[0]): () => void {
    return this.#channel.onStateChange(listener);
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const channel = this.#channel;
    const answers = this.#middleware<MessageInitShape<I>, MessageShape<O>>(
      {
        method: descriptorOf(method),
        requestStream: false,
        request,
        responseStream: false,
        // biome-ignore lint/correctness/useYield: nice-grpc's middleware delegates to a generator that returns its answer
        next: async function* (next, niceOptions) {
          try {
            return await channel.unary(method, next as MessageInitShape<I>, toOptions(options, niceOptions));
          } catch (error) {
            throw toClientError(error, method);
          }
        },
      },
      toNiceOptions(options),
    );
    try {
      const result = await answers.next();
      if (result.done === true && result.value !== undefined) return result.value as MessageShape<O>;
    } catch (error) {
      throw toRpcError(error);
    }
    throw new TypeError(`a middleware gave no answer, or more than one, for ${methodPath(method)}`);
  }

  async *stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>, undefined, undefined> {
    const channel = this.#channel;
    const answers = this.#middleware<MessageInitShape<I>, MessageShape<O>>(
      {
        method: descriptorOf(method),
        requestStream: true,
        request: requests,
        responseStream: true,
        next: async function* (next, niceOptions) {
          try {
            yield* channel.stream(method, next as typeof requests, toOptions(options, niceOptions));
          } catch (error) {
            throw toClientError(error, method);
          }
        },
      },
      toNiceOptions(options),
    );
    try {
      yield* answers;
    } catch (error) {
      throw toRpcError(error);
    }
    return undefined;
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function descriptorOf(method: Method<MethodKind, DescMessage, DescMessage>): MethodDescriptor {
  const kind = method.methodKind;
  return {
    path: methodPath(method),
    requestStream: kind === "client_streaming" || kind === "bidi_streaming",
    responseStream: kind === "server_streaming" || kind === "bidi_streaming",
    options: {},
  };
}

function toNiceOptions(options: CallOptions): NiceCallOptions {
  const { signal, metadata, onHeader, onTrailer } = options;
  return {
    metadata: toNiceMetadata(metadata),
    ...(signal !== undefined && { signal }),
    ...(onHeader !== undefined && { onHeader: (header) => onHeader(fromNiceMetadata(header)) }),
    ...(onTrailer !== undefined && { onTrailer: (trailer) => onTrailer(fromNiceMetadata(trailer)) }),
  };
}

/** What the middleware passed on; what nice-grpc does not know (the timeout) is kept from the caller's options. */
function toOptions(given: CallOptions, { metadata, signal, onHeader, onTrailer }: NiceCallOptions): CallOptions {
  return {
    ...(given.timeoutMs !== undefined && { timeoutMs: given.timeoutMs }),
    ...(metadata !== undefined && { metadata: metadataInitOf(fromNiceMetadata(metadata)) }),
    ...(signal !== undefined && { signal }),
    ...(onHeader !== undefined && { onHeader: (header) => onHeader(toNiceMetadata(metadataInitOf(header))) }),
    ...(onTrailer !== undefined && { onTrailer: (trailer) => onTrailer(toNiceMetadata(metadataInitOf(trailer))) }),
  };
}

function toClientError(error: unknown, method: Method<MethodKind, DescMessage, DescMessage>): unknown {
  if (!(error instanceof RpcError)) return error;
  return Object.assign(new ClientError(methodPath(method), error.code, error.details), { cause: error });
}

/** The error the engine threw, where the middleware let it through; one of the middleware's own making otherwise. */
function toRpcError(error: unknown): unknown {
  if (!(error instanceof ClientError)) return error;
  if ("cause" in error && error.cause instanceof RpcError) return error.cause;
  return new RpcError(error.code as StatusCode, error.details, { method: error.path, cause: error });
}
