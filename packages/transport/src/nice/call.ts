/**
 * One call on a grpc-js channel: what unary calls and streams have in common. It starts the call, reports its end once,
 * turns a failed status into an `RpcError` and knows whether the request can have reached the server.
 *
 * The calls are made with `Channel.createCall`, one layer below nice-grpc's client, which passes neither the deadline
 * nor the state of the connection through (see the decision record on the first engine).
 */
import type { ChannelInterface, Metadata as GrpcMetadata, StatusObject } from "@grpc/grpc-js";
import type { CallOptions } from "../channel.js";
import { RpcError, StatusCode } from "../status.js";
import { fromGrpcMetadata, toGrpcMetadata } from "./grpc-metadata.js";

type GrpcCall = ReturnType<ChannelInterface["createCall"]>;

/** What a call tells its owner. `ended` comes exactly once, and nothing comes after it. */
export interface CallListener {
  message(bytes: Buffer): void;
  /** Undefined after status OK; else the `RpcError`, or the signal's reason. */
  ended(error: { readonly cause: unknown } | undefined): void;
}

/** grpc-js's words for a stream that the server refused, or that lies beyond the last one of its GOAWAY. */
const refusedDetails = "Stream refused by server";
/** Longest delay of a timer of node; what lies beyond is as good as no deadline. */
const timerMsMax = 2 ** 31 - 1;

export class Call {
  readonly path: string;
  readonly #call: GrpcCall;
  readonly #target: string;
  readonly #options: CallOptions;
  readonly #listener: CallListener;
  readonly #onEnd: (call: Call) => void;
  #headerSeen = false;
  #ended = false;

  /** Errors: those of `toGrpcMetadata` and of an impossible `timeoutMs`, before anything is sent. */
  constructor(
    channel: ChannelInterface,
    path: string,
    options: CallOptions,
    listener: CallListener,
    onEnd: (call: Call) => void,
  ) {
    const metadata = toGrpcMetadata(options.metadata);
    this.path = path;
    this.#options = options;
    this.#listener = listener;
    this.#onEnd = onEnd;
    this.#target = channel.getTarget();
    this.#call = channel.createCall(path, deadlineOf(options.timeoutMs), null, null, null);
    options.signal?.addEventListener("abort", this.#abort, { once: true });
    this.#call.start(metadata, {
      onReceiveMetadata: (header) => this.#header(header),
      onReceiveMessage: (bytes: Buffer) => {
        if (!this.#ended) listener.message(bytes);
      },
      onReceiveStatus: (status) => this.#status(status),
    });
  }

  /** Asks for one more message. */
  read(): void {
    this.#call.startRead();
  }

  /** Sends one message; `taken` is called when grpc-js can take the next one. One message at a time. */
  send(bytes: Buffer, taken?: () => void): void {
    this.#call.sendMessageWithContext({ ...(taken !== undefined && { callback: () => taken() }) }, bytes);
  }

  halfClose(): void {
    this.#call.halfClose();
  }

  /** Ends the call with this error and cancels it on the server. */
  cancel(error: unknown): void {
    if (this.#ended) return;
    this.#end({ cause: error });
    this.#call.cancelWithStatus(StatusCode.CANCELLED, "Cancelled on client");
  }

  /** Ends the call with a status of our own, as if the engine had given it. */
  fail(code: StatusCode, details: string): void {
    if (this.#ended) return;
    const error = new RpcError(code, details, { method: this.path, maybeSent: this.#handedToConnection() });
    this.cancel(error);
  }

  readonly #abort = (): void => this.cancel(this.#options.signal?.reason);

  #header(header: GrpcMetadata): void {
    this.#headerSeen = true;
    if (!this.#ended) this.#options.onHeader?.(fromGrpcMetadata(header));
  }

  #status(status: StatusObject): void {
    if (this.#ended) return;
    this.#options.onTrailer?.(fromGrpcMetadata(status.metadata));
    if (status.code === StatusCode.OK) {
      this.#end(undefined);
      return;
    }
    const code = (status.code in statusNames ? status.code : StatusCode.UNKNOWN) as StatusCode;
    const trailers = fromGrpcMetadata(status.metadata);
    const maybeSent = this.#handedToConnection() && !this.#refused(status);
    this.#end({ cause: new RpcError(code, status.details, { method: this.path, trailers, maybeSent }) });
  }

  #end(error: { readonly cause: unknown } | undefined): void {
    this.#ended = true;
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#onEnd(this);
    this.#listener.ended(error);
  }

  /**
   * Whether grpc-js ever gave the call to a connection. Until then it names the channel's target as the peer (with its
   * scheme), afterwards the address of the connection.
   */
  #handedToConnection(): boolean {
    return this.#call.getPeer() !== this.#target;
  }

  #refused(status: StatusObject): boolean {
    return (
      status.code === StatusCode.UNAVAILABLE &&
      status.details === refusedDetails &&
      !this.#headerSeen &&
      Object.keys(status.metadata.getMap()).length === 0
    );
  }
}

const statusNames: Readonly<Record<number, true>> = Object.fromEntries(
  Object.values(StatusCode).map((code) => [code, true as const]),
);

function deadlineOf(timeoutMs: number | undefined): number {
  if (timeoutMs === undefined) return Number.POSITIVE_INFINITY;
  if (!(timeoutMs >= 0)) throw new RangeError(`timeoutMs must be a number of milliseconds from 0, got ${timeoutMs}`);
  return timeoutMs > timerMsMax ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs;
}
