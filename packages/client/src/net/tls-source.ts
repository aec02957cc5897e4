/**
 * TLS material that changes while the client lives: a function of the user's is asked before each new connection, and from time
 * to time while connections last. When its answer is another one, new channels are made with it; the old ones let their calls
 * end, and their streams open again on the new ones.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type {
  CallOptions,
  Channel,
  ChannelOptions,
  ChannelState,
  StreamMethod,
  TlsClientOptions,
  TransportFactory,
  UnaryMethod,
} from "@kvorum/transport";
import { type Clock, sleep } from "../clock.js";
import { Line, type StreamMoved } from "./line.js";

/** Gives the material for the next connection. What it throws or rejects with rejects the calls that need a connection. */
export type TlsProvider = () => TlsClientOptions | Promise<TlsClientOptions>;

/** How often the function is asked while connections last. */
const RENEW_MS = 60_000;

/** The answers of one function, for all channels of a client. */
export class TlsSource {
  readonly #provider: TlsProvider;
  readonly #channels = new Set<RotatingChannel>();
  #asking: Promise<TlsClientOptions> | undefined;
  #current: TlsClientOptions | undefined;

  constructor(provider: TlsProvider) {
    this.#provider = provider;
  }

  /** Channels of `factory` that use what the function last gave. Endpoints without TLS are made as they are. */
  factory(factory: TransportFactory): TransportFactory {
    return (endpoint, options = {}) => {
      if (!endpoint.startsWith("https:")) return factory(endpoint, options);
      const channel = new RotatingChannel(endpoint, factory, options, this, () => this.#channels.delete(channel));
      this.#channels.add(channel);
      return channel;
    };
  }

  /** Asks the function, once for all who want to know. The same object as long as the answer is the same. */
  ask(): Promise<TlsClientOptions> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Asks every minute until `closed` aborts, and passes a new answer on to every channel. Never rejects. */
  async run(clock: Clock, closed: AbortSignal): Promise<void> {
    while (!closed.aborted) {
      await sleep(clock, RENEW_MS, closed).catch(() => undefined);
      if (closed.aborted) return;
      if (![...this.#channels].some((channel) => channel.connected)) continue;
      // A function that fails now is asked again by the next connection, whose calls then say why they failed.
      const tls = await this.ask().catch(() => undefined);
      if (tls !== undefined) for (const channel of this.#channels) channel.rotate(tls);
    }
  }

  async #ask(): Promise<TlsClientOptions> {
    const tls = await this.#provider();
    if (this.#current === undefined || !sameTls(this.#current, tls)) this.#current = { ...tls };
    return this.#current;
  }
}

class RotatingChannel implements Channel {
  readonly endpoint: string;
  readonly #factory: TransportFactory;
  readonly #options: ChannelOptions;
  readonly #source: TlsSource;
  readonly #onClose: () => void;
  readonly #listeners = new Set<(state: ChannelState) => void>();
  readonly #lines = new Set<Line>();
  #line: Line | undefined;
  #tls: TlsClientOptions | undefined;
  #closed = false;

  constructor(
    endpoint: string,
    factory: TransportFactory,
    options: ChannelOptions,
    source: TlsSource,
    onClose: () => void,
  ) {
    this.endpoint = endpoint;
    this.#factory = factory;
    this.#options = options;
    this.#source = source;
    this.#onClose = onClose;
  }

  get state(): ChannelState {
    return this.#closed ? "closed" : (this.#line?.channel.state ?? "idle");
  }

  get connected(): boolean {
    return this.#line !== undefined;
  }

  onStateChange(listener: (state: ChannelState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const line = await this.#acquire();
    try {
      return await line.channel.unary(method, request, options);
    } finally {
      this.#release(line);
    }
  }

  async *stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>, undefined, undefined> {
    const line = await this.#acquire();
    const movable = method.methodKind === "bidi_streaming" ? new AbortController() : undefined;
    const move = (reason: StreamMoved): void => movable?.abort(reason);
    line.addMovable(move);
    const signals = [options.signal, movable?.signal].filter((signal) => signal !== undefined);
    try {
      yield* line.channel.stream(method, requests, { ...options, signal: AbortSignal.any(signals) });
    } finally {
      line.removeMovable(move);
      this.#release(line);
    }
    return undefined;
  }

  /** New calls go over a channel with this material; nothing happens when it is the one in use. */
  rotate(tls: TlsClientOptions): void {
    if (this.#closed || this.#line === undefined || tls === this.#tls) return;
    const old = this.#line;
    this.#make(tls);
    old.retire("the TLS material was renewed");
    if (old.idle) this.#lines.delete(old);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
    await Promise.all([...this.#lines].map((line) => line.close()));
    for (const listener of [...this.#listeners]) listener("closed");
    this.#listeners.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A channel that is connected is used as it is; one that would have to connect asks for the material first. */
  async #acquire(): Promise<Line> {
    if (this.#line === undefined || this.#line.channel.state !== "ready") {
      const tls = await this.#source.ask();
      if (this.#line === undefined) this.#make(tls);
      else this.rotate(tls);
    }
    const line = this.#line as Line;
    line.acquire();
    return line;
  }

  #release(line: Line): void {
    line.release();
    if (line !== this.#line && line.idle) this.#lines.delete(line);
  }

  #make(tls: TlsClientOptions): void {
    const line = new Line(this.#factory(this.endpoint, { ...this.#options, tls }));
    this.#lines.add(line);
    this.#line = line;
    this.#tls = tls;
    line.channel.onStateChange((state) => {
      if (this.#line === line) for (const listener of [...this.#listeners]) listener(state);
    });
    // Closed while the material was asked for: whoever calls now is told so by the channel.
    if (this.#closed) void line.close();
  }
}

function sameTls(a: TlsClientOptions, b: TlsClientOptions): boolean {
  return sameBytes(a.ca, b.ca) && sameBytes(a.cert, b.cert) && sameBytes(a.key, b.key) && a.serverName === b.serverName;
}

function sameBytes(a: string | Uint8Array | undefined, b: string | Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.from(a as Uint8Array).equals(Buffer.from(b as Uint8Array));
}
