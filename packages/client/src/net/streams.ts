/**
 * Opening the long-lived streams (watch, lease keepalive): which member, with which headers, and what the end of one means.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { ResponseHeader } from "@kvorum/proto";
import { type Channel, methodPath, RpcError, StatusCode, type StreamMethod } from "@kvorum/transport";
import type { Clock } from "../clock.js";
import { EtcdError, isEtcdError, makeEtcdError } from "../errors.js";
import type { Interceptor } from "../observe/middleware.js";
import { type Action, classify, decide, errorKind, type Operation } from "../retry.js";
import { abortable } from "./abortable.js";
import type { Balancer } from "./balancer.js";
import type { Credentials } from "./credentials.js";
import type { Endpoint } from "./endpoint.js";
import { StreamMoved } from "./line.js";
import { lookupError } from "./srv.js";

/** An open stream and where it goes. `release` says that it has ended. */
export interface OpenStream<O> {
  readonly endpoint: Endpoint;
  readonly answers: AsyncIterable<O>;
  release(): void;
}

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** The endpoint that just failed. */
  readonly avoid?: Endpoint | undefined;
  /** A connection other than the endpoint's shared one. */
  readonly channel?: Channel;
  readonly endpoint?: Endpoint;
  /** May a member that has lost its leader end the stream, instead of leaving it silent? Default true. */
  readonly requireLeader?: boolean;
}

/** What to do after a stream ended: again (here or elsewhere), or give the error to the caller. */
export interface StreamEnd {
  readonly action: Action;
  readonly error: EtcdError;
}

export class Streams {
  readonly #balancer: Balancer;
  readonly #credentials: Credentials;
  readonly #clock: Clock;
  readonly #interceptor: Interceptor | undefined;

  constructor(balancer: Balancer, credentials: Credentials, clock: Clock, interceptor?: Interceptor) {
    this.#balancer = balancer;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#interceptor = interceptor;
  }

  get endpointCount(): number {
    return this.#balancer.endpoints.length;
  }

  pick(avoid?: Endpoint): Endpoint {
    return this.#balancer.pickForStream(this.#clock.nowMs(), avoid);
  }

  /**
   * The same once somebody is connected, or everybody was tried in vain.
   *
   * Errors: `EtcdError` where a name cannot be looked up; `signal.reason`.
   */
  async pickConnected(signal?: AbortSignal, avoid?: Endpoint): Promise<Endpoint> {
    const connecting = this.#balancer.connecting(this.#clock.nowMs());
    if (connecting !== undefined) {
      await abortable(connecting, signal).catch((error: unknown) => {
        throw lookupError(error);
      });
    }
    return this.pick(avoid);
  }

  pinned(address: string): Endpoint {
    return this.#balancer.pinned(address);
  }

  /**
   * Opens a stream. One in both directions (watch, keepalive) is known to be resumed by its owner: when its endpoint leaves, its
   * connection is replaced or another member should carry it, it ends with a `StreamMoved`.
   *
   * Errors: those of fetching a token, and of finding out the endpoints. The stream itself reports at its first `next()`.
   */
  async open<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: OpenOptions,
  ): Promise<OpenStream<MessageShape<O>>> {
    if (this.#interceptor === undefined) return this.#open(method, requests, options);
    const given = method.methodKind === "bidi_streaming" ? undefined : await firstOf(requests);
    return this.#interceptor.opening(method, given, options.signal, (changed) =>
      this.#open(method, changed === undefined ? requests : once(changed), options),
    );
  }

  async #open<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: OpenOptions,
  ): Promise<OpenStream<MessageShape<O>>> {
    const endpoint = options.endpoint ?? (await this.pickConnected(options.signal, options.avoid));
    const metadata = await this.#credentials.metadata();
    const movable = method.methodKind === "bidi_streaming" ? new AbortController() : undefined;
    const move = movable && ((reason: StreamMoved): void => movable.abort(reason));
    const line = endpoint.acquireStream(options.channel, move);
    const answers = (options.channel ?? line?.channel ?? endpoint.channel).stream(method, requests, {
      signal: movable === undefined ? options.signal : AbortSignal.any([options.signal, movable.signal]),
      metadata: options.requireLeader === false ? metadata : { ...metadata, hasleader: "true" },
    });
    let released = false;
    return {
      endpoint,
      answers: learning(answers, endpoint),
      release: () => {
        if (!released) endpoint.releaseStream(line, move);
        released = true;
      },
    };
  }

  /**
   * Tells the endpoint how its stream ended (undefined: the server half-closed it) and what follows from that. What is neither
   * a status nor an error of fetching a token is a mistake of ours, which no new stream would mend.
   */
  async ended(
    method: StreamMethod<DescMessage, DescMessage>,
    operation: Operation,
    endpoint: Endpoint | undefined,
    reason: unknown,
  ): Promise<StreamEnd> {
    if (isEtcdError(reason)) return { action: decide(errorKind(reason), operation), error: reason };
    const cause = reason ?? new RpcError(StatusCode.UNAVAILABLE, "the server ended the stream");
    if (!(cause instanceof RpcError)) {
      const message = cause instanceof Error ? cause.message : String(cause);
      const init = { code: "INTERNAL", reason: "unknown", outcome: "not-applied", cause } as const;
      return { action: "surface", error: new EtcdError(message, init) };
    }
    const failure = classify(cause);
    if (!(cause instanceof StreamMoved)) {
      endpoint?.failed(failure.kind, this.#clock.nowMs(), failure.reason === "transport");
    }
    const error = makeEtcdError(cause.details, {
      code: failure.code,
      reason: failure.reason,
      outcome: "not-applied",
      endpoint: endpoint?.address,
      method: methodPath(method),
      cause,
    });
    const action = decide(failure.kind, operation);
    // A client known by its certificate has no token to renew; the next stream itself picks up the new revision.
    if (action === "refresh" && !(await this.#credentials.refresh()) && failure.kind !== "auth-revision") {
      return { action: "surface", error };
    }
    return { action, error };
  }
}

/** Every answer's header tells how far its member is. */
function learning<O>(answers: AsyncIterable<O>, endpoint: Endpoint): AsyncIterable<O> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = answers[Symbol.asyncIterator]();
      return {
        next: () =>
          iterator.next().then((result) => {
            if (result.done !== true) endpoint.learn((result.value as { readonly header?: ResponseHeader }).header);
            return result;
          }),
        return: () => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined }),
      };
    },
  };
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

async function* once<T>(item: T): AsyncGenerator<T, void, undefined> {
  yield item;
}
