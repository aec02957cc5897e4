/**
 * One call through the gateway: the context its handler sees, and what ends it early: its caller's leaving or its
 * deadline. Both abort the handler's signal; the caller of a call whose deadline passed is answered at once.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { DescMethod } from "@bufbuild/protobuf";
import {
  type CallContext,
  type Metadata,
  type MetadataInit,
  methodPath,
  RpcError,
  StatusCode,
} from "@kvorum/transport";
import { metadataOfHeaders, timeoutMsOf } from "./metadata.js";

/** Node's timers take no longer delay; a deadline beyond it (24 days) is none. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export class GatewayCall implements CallContext, Disposable {
  readonly metadata: Metadata;
  readonly peer: string;
  readonly path: string;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  #header: MetadataInit = {};

  /** Errors: INVALID_ARGUMENT for a bad `Grpc-Timeout`. */
  constructor(method: DescMethod, headers: IncomingHttpHeaders, peer: string) {
    this.path = methodPath(method);
    this.peer = peer;
    this.metadata = metadataOfHeaders(headers);
    const timeoutMs = timeoutMsOf(headers);
    if (timeoutMs === undefined || timeoutMs > DELAY_MS_MAX) return;
    const late = (): void => this.#end(StatusCode.DEADLINE_EXCEEDED, "context deadline exceeded");
    // Node's timers take a millisecond at least.
    if (timeoutMs < 1) late();
    else this.#timer = setTimeout(late, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What the handler sent as header before its answer. */
  get header(): MetadataInit {
    return this.#header;
  }

  sendHeader(header: MetadataInit = {}): void {
    this.#header = header;
  }

  /** HTTP/1 callers do not read trailers. */
  setTrailer(): void {}

  /** The caller has gone. */
  cancel(): void {
    this.#end(StatusCode.CANCELLED, "context canceled");
  }

  /**
   * What the work answers, or the reason why nobody waits for it any more. Leaves nothing behind on the signal, because a
   * stream waits once a message.
   */
  async whileWanted<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    let leave = (): void => {};
    const ended = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason);
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
    });
    try {
      return await Promise.race([work, ended]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #end(code: StatusCode, details: string): void {
    if (!this.signal.aborted) this.#abort.abort(new RpcError(code, details));
  }
}
