/**
 * A client's connection to one member of a simulated cluster. It is made with the first call and again after it broke; to a
 * member that cannot be reached that takes as long as a client is willing to wait for a connection, and fails without
 * anything having been sent. What is lost on a connection is never made good (the packets of a TCP connection whose other
 * end has forgotten it), so one that has lost something breaks as soon as the two can talk again.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import {
  type CallOptions,
  type Channel,
  type ChannelOptions,
  type ChannelState,
  methodPath,
  RpcError,
  StatusCode,
  type StreamMethod,
  type UnaryMethod,
} from "@kvorum/transport";
import { MemoryChannel, type Wire } from "./memory-rpc.js";

/** What the connection has to know of the two ends and what lies between. */
export interface ConnectionSite extends Required<Omit<Wire, "delayMs">> {
  /** Milliseconds of the world. */
  nowMs(): number;
  /** Whether a message that is sent now gets through. */
  isOpen(): boolean;
  /** Whether there is somebody at the other end who would answer now. */
  reachable(): boolean;
  /** Milliseconds that a message takes which is sent now. */
  travelMs(): number;
  /** The connection is no longer used. */
  closed(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 5_000;

export class MemberConnection implements Channel {
  readonly endpoint: string;
  readonly state: ChannelState = "ready";
  readonly #site: ConnectionSite;
  readonly #options: ChannelOptions;
  readonly #channel: MemoryChannel;
  /** Calls that wait for a connection. */
  readonly #waiting: Set<(error?: RpcError) => void> = new Set();
  #stands = false;
  #lossy = false;
  #silences = 0;

  constructor(endpoint: string, site: ConnectionSite, options: ChannelOptions) {
    this.endpoint = endpoint;
    this.#site = site;
    this.#options = options;
    this.#channel = new MemoryChannel(endpoint, { ...site, delayMs: () => this.#send() });
  }

  onStateChange(): () => void {
    return () => {};
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    return this.#channel.unary(method, request, await this.#connected(methodPath(method), options));
  }

  async *stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    yield* this.#channel.stream(method, requests, await this.#connected(methodPath(method), options));
  }

  /** The connection is gone, in the middle of whatever it did; the next call makes another. */
  break(): void {
    this.#stands = false;
    this.#lossy = false;
    this.#channel.break();
  }

  /** The two may no longer reach each other: after the client's pings have gone unanswered the connection breaks. */
  silenced(): void {
    const { keepAlive } = this.#options;
    if (!this.#stands || keepAlive === false) return;
    const { intervalMs = PING_INTERVAL_MS, timeoutMs = PING_TIMEOUT_MS } = keepAlive ?? {};
    const silence = ++this.#silences;
    this.#site.after(intervalMs + timeoutMs, () => {
      if (silence === this.#silences && !this.#site.reachable()) this.break();
    });
  }

  /** The two may reach each other again. */
  restored(): void {
    if (!this.#site.reachable()) return;
    this.#silences += 1;
    if (this.#lossy) this.break();
    for (const go of [...this.#waiting]) go();
  }

  async close(): Promise<void> {
    const gone = new RpcError(StatusCode.CANCELLED, "the channel was closed", { maybeSent: false });
    for (const go of [...this.#waiting]) go(gone);
    await this.#channel.close();
    this.#site.closed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Milliseconds that a message takes, either way; undefined for one that is lost. */
  #send(): number | undefined {
    if (this.#site.isOpen()) return this.#site.travelMs();
    this.#lossy = true;
    return undefined;
  }

  /** The options of a call with the time that is left when there is a connection. */
  async #connected(method: string, options: CallOptions): Promise<CallOptions> {
    options.signal?.throwIfAborted();
    if (!this.#stands && !this.#site.reachable()) {
      const startMs = this.#site.nowMs();
      await this.#connect(method, options);
      if (options.timeoutMs === undefined) return options;
      return { ...options, timeoutMs: Math.max(0, options.timeoutMs - (this.#site.nowMs() - startMs)) };
    }
    this.#stands = true;
    return options;
  }

  #connect(method: string, { signal, timeoutMs = Number.POSITIVE_INFINITY }: CallOptions): Promise<void> {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#waiting.delete(go);
        signal?.removeEventListener("abort", aborted);
        settle();
      };
      const go = (error?: RpcError): void =>
        finish(() => {
          this.#stands = error === undefined;
          if (error === undefined) resolve();
          else reject(error);
        });
      const aborted = (): void => finish(() => reject(signal?.reason));
      signal?.addEventListener("abort", aborted, { once: true });
      this.#waiting.add(go);
      const unreachable =
        timeoutMs < connectTimeoutMs
          ? new RpcError(StatusCode.DEADLINE_EXCEEDED, "no connection in time", { method, maybeSent: false })
          : new RpcError(StatusCode.UNAVAILABLE, "no connection", { method, maybeSent: false });
      this.#site.after(Math.min(timeoutMs, connectTimeoutMs), () => {
        if (this.#waiting.has(go)) this.#site.home(() => go(unreachable));
      });
    });
  }
}
