/**
 * A transport without sockets: a test answers unary calls with a function and plays the server's half of every stream. Answers
 * are made into real messages, so what the client decodes is what it would get from a connection.
 */
import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { CallOptions, Channel, StreamMethod, TransportFactory, UnaryMethod } from "@kvorum/transport";

export interface FakeCall {
  readonly endpoint: string;
  /** The method's name: `Put`. */
  readonly method: string;
  readonly request: Record<string, unknown>;
  readonly options: CallOptions;
}

/** Answers a call with the fields of its answer, or throws. */
export type Answerer = (call: FakeCall) => Record<string, unknown> | Promise<Record<string, unknown>>;

/** The server's half of one stream. */
export interface FakeStream {
  readonly endpoint: string;
  readonly method: string;
  readonly options: CallOptions;
  /** Everything the client has sent. */
  readonly requests: Record<string, unknown>[];
  readonly closed: boolean;
  answer(fields: Record<string, unknown>): void;
  /** The server ends the stream, with an error or (without) well. */
  end(error?: unknown): void;
}

export class FakeTransport {
  readonly calls: FakeCall[] = [];
  readonly streams: FakeStream[] = [];
  /** Channels made so far. */
  channels = 0;
  answer: Answerer = () => ({});

  readonly factory: TransportFactory = (endpoint) => {
    this.channels += 1;
    return new FakeChannel(endpoint, this);
  };

  /** The newest stream. */
  get stream(): FakeStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("no stream was opened");
    return stream;
  }
}

class FakeChannel implements Channel {
  readonly endpoint: string;
  readonly state = "ready";
  readonly #transport: FakeTransport;

  constructor(endpoint: string, transport: FakeTransport) {
    this.endpoint = endpoint;
    this.#transport = transport;
  }

  onStateChange(): () => void {
    return () => undefined;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    options.signal?.throwIfAborted();
    const fields = request as Record<string, unknown>;
    const call = { endpoint: this.endpoint, method: method.name, request: fields, options };
    this.#transport.calls.push(call);
    let onAbort = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(options.signal?.reason);
    });
    options.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const answer = await Promise.race([this.#transport.answer(call), aborted]);
      return create(method.output, answer as MessageInitShape<O>);
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
    }
  }

  stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): AsyncIterable<MessageShape<O>> {
    return { [Symbol.asyncIterator]: () => this.#open(method, requests, options) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#open<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    const answers: MessageShape<O>[] = [];
    const sent: Record<string, unknown>[] = [];
    let over: { readonly error: unknown } | undefined;
    let closed = false;
    let wake = (): void => undefined;
    this.#transport.streams.push({
      endpoint: this.endpoint,
      method: method.name,
      options,
      requests: sent,
      get closed() {
        return closed;
      },
      answer: (fields) => {
        answers.push(create(method.output, fields as MessageInitShape<O>));
        wake();
      },
      end: (error) => {
        over = { error };
        wake();
      },
    });
    const onAbort = (): void => {
      answers.length = 0;
      over = { error: options.signal?.reason };
      wake();
    };
    options.signal?.addEventListener("abort", onAbort, { once: true });
    void (async () => {
      for await (const request of requests) sent.push(request as Record<string, unknown>);
    })();
    try {
      for (;;) {
        const answer = answers.shift();
        if (answer !== undefined) yield answer;
        else if (over === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else if (over.error === undefined) return;
        else throw over.error;
      }
    } finally {
      closed = true;
      options.signal?.removeEventListener("abort", onAbort);
    }
  }
}
