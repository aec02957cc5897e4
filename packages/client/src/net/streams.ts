/**
 * Opening the long-lived streams (watch, lease keepalive): which member, with which headers, and what the end of one means.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { type Channel, methodPath, RpcError, StatusCode, type StreamMethod } from "@kvorum/transport";
import type { Clock } from "../clock.js";
import { EtcdError, isEtcdError, makeEtcdError } from "../errors.js";
import { type Action, classify, decide, errorKind, type Operation } from "../retry.js";
import type { Balancer } from "./balancer.js";
import type { Credentials } from "./credentials.js";
import type { Endpoint } from "./endpoint.js";

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

  constructor(balancer: Balancer, credentials: Credentials, clock: Clock) {
    this.#balancer = balancer;
    this.#credentials = credentials;
    this.#clock = clock;
  }

  get endpointCount(): number {
    return this.#balancer.endpoints.length;
  }

  pick(avoid?: Endpoint): Endpoint {
    return this.#balancer.pickForStream(this.#clock.nowMs(), avoid);
  }

  pinned(address: string): Endpoint {
    return this.#balancer.pinned(address);
  }

  /** Errors: those of fetching a token. The stream itself reports at its first `next()`. */
  async open<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: OpenOptions,
  ): Promise<OpenStream<MessageShape<O>>> {
    const endpoint = options.endpoint ?? this.pick(options.avoid);
    const metadata = await this.#credentials.metadata();
    const answers = (options.channel ?? endpoint.channel).stream(method, requests, {
      signal: options.signal,
      // A member that has lost its leader ends the stream instead of leaving it silent.
      metadata: { ...metadata, hasleader: "true" },
    });
    endpoint.streams += 1;
    let released = false;
    return {
      endpoint,
      answers,
      release: () => {
        if (!released) endpoint.streams -= 1;
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
    endpoint?.failed(failure.kind, this.#clock.nowMs());
    const error = makeEtcdError(cause.details, {
      code: failure.code,
      reason: failure.reason,
      outcome: "not-applied",
      endpoint: endpoint?.address,
      method: methodPath(method),
      cause,
    });
    const action = decide(failure.kind, operation);
    if (action === "refresh" && !(await this.#credentials.refresh())) return { action: "surface", error };
    return { action, error };
  }
}
