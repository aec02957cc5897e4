/**
 * The edge of a node in memory: its services, the very ones that stand behind gRPC, and channels to them over a connection
 * that takes its time, breaks with the process, and leaves a caller not knowing what became of a call.
 */
import type { DescMessage, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { decodeMessage, encodeMessage } from "@kvorum/proto";
import {
  type CallContext,
  type CallOptions,
  type Channel,
  type ChannelState,
  type Metadata,
  type MetadataInit,
  methodPath,
  RpcError,
  type ServiceImplementation,
  StatusCode,
  type StreamMethod,
  type UnaryMethod,
} from "@kvorum/transport";
import { ServerError } from "../core/errors.js";

type Handler = (request: unknown, context: CallContext) => unknown;

/** What a process serves. */
export class MemoryServices {
  readonly #handlers: Map<string, Handler> = new Map();
  readonly #connections: Set<() => void> = new Set();

  add<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void {
    const handlers = implementation as Readonly<Record<string, Handler | undefined>>;
    for (const method of service.methods) {
      const handler = handlers[method.localName];
      if (handler !== undefined) this.#handlers.set(methodPath(method), handler);
    }
  }

  /** Errors: UNIMPLEMENTED. */
  handlerOf(path: string): Handler {
    const handler = this.#handlers.get(path);
    if (handler === undefined) throw new RpcError(StatusCode.UNIMPLEMENTED, `unknown method ${path}`, { method: path });
    return handler;
  }

  /** `broken` is called when the process ends; the answer takes it back. */
  connect(broken: () => void): () => void {
    this.#connections.add(broken);
    return () => this.#connections.delete(broken);
  }

  /** The process is gone, and with it every connection. */
  close(): void {
    for (const broken of [...this.#connections]) broken();
    this.#connections.clear();
  }
}

/** The way from a client to a machine. */
export interface Wire {
  /** What serves there now; undefined when nothing listens. */
  services(): MemoryServices | undefined;
  /** Milliseconds one way, asked anew for each message; undefined when it is lost. */
  delayMs(): number | undefined;
  after(delayMs: number, run: () => void): void;
  /** Runs on the machine, or when its pause is over. */
  arrive(run: () => void): void;
  /** Runs at the client, or when its pause is over. Default: at once. */
  home?(run: () => void): void;
  /** Around every handled request: what an oracle wants to know of it. */
  around<T>(path: string, request: unknown, handle: () => Promise<T>): Promise<T>;
}

export class MemoryChannel implements Channel {
  readonly endpoint: string;
  readonly state: ChannelState = "ready";
  readonly #wire: Wire;
  readonly #open: Set<(error: RpcError) => void> = new Set();
  #breaks = 0;

  constructor(endpoint: string, wire: Wire) {
    this.endpoint = endpoint;
    this.#wire = wire;
  }

  onStateChange(): () => void {
    return () => {};
  }

  /** The connection breaks on the client's side: every call ends, and what is on its way is lost. */
  break(): void {
    this.#breaks += 1;
    for (const end of [...this.#open]) end(connectionBroke());
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const path = methodPath(method);
    const message = overTheWire(method.input, request);
    let server: AbortController | undefined;
    const handle: Handle<MessageShape<O>> = (services, answer) => {
      server = new AbortController();
      const context = contextOf(path, server.signal, options.metadata);
      const handled = this.#wire.around(path, message, async () => services.handlerOf(path)(message, context));
      handled.then(
        (result) => answer(undefined, () => overTheWire(method.output, result as MessageInitShape<O>)),
        (error: unknown) => answer(toRpcError(error, path)),
      );
    };
    return this.#call(path, options, handle, () => server?.abort());
  }

  async *stream<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    const path = methodPath(method);
    const server = new AbortController();
    const breaks = this.#breaks;
    const sent = this.#carried(method.input, requests, server.signal);
    const opened = (handler: Handler, context: CallContext): AsyncIterable<unknown> =>
      method.methodKind === "server_streaming"
        ? answersToOne(handler, method.input, requests, context)
        : (handler(sent, context) as AsyncIterable<unknown>);
    let answers: AsyncIterator<unknown> | undefined;
    let origin: MemoryServices | undefined;
    try {
      for (;;) {
        // Broken while the client was not reading.
        if (breaks !== this.#breaks) throw connectionBroke(path);
        const next = await this.#call<IteratorResult<MessageShape<O>>>(path, options, (services, answer) => {
          origin ??= services;
          // The process that served the stream died while the client was not reading.
          if (origin !== services) throw connectionBroke(path);
          answers ??= opened(services.handlerOf(path), contextOf(path, server.signal, options.metadata))[
            Symbol.asyncIterator
          ]();
          answers.next().then(
            ({ done, value }) =>
              answer(undefined, () =>
                done === true
                  ? { done: true, value: undefined }
                  : { done: false, value: overTheWire(method.output, value as MessageInitShape<O>) },
              ),
            (error: unknown) => answer(toRpcError(error, path)),
          );
        });
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      const ended = answers;
      // The server hears of it a little later, if it still is there.
      this.#wire.after(0, () =>
        this.#wire.arrive(() => {
          server.abort();
          void ended?.return?.().then(
            () => {},
            () => {},
          );
        }),
      );
    }
  }

  async close(): Promise<void> {
    const gone = new RpcError(StatusCode.CANCELLED, "the channel was closed");
    for (const end of [...this.#open]) end(gone);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One request, there and back. `onEnd` is told when the client gives up before the answer. */
  #call<T>(path: string, { signal, timeoutMs }: CallOptions, handle: Handle<T>, onEnd = (): void => {}): Promise<T> {
    const wire = this.#wire;
    const home = (run: () => void): void => (wire.home === undefined ? run() : wire.home(run));
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      let settled = false;
      let disconnect = (): void => {};
      const aborted = (): void => end(signal?.reason);
      const settle = (act: () => void): void => {
        if (settled) return;
        settled = true;
        disconnect();
        this.#open.delete(end);
        signal?.removeEventListener("abort", aborted);
        act();
      };
      const end = (error: unknown): void =>
        settle(() => {
          onEnd();
          reject(error);
        });
      const lost = (error: RpcError): void => wire.after(wire.delayMs() ?? 0, () => home(() => end(error)));
      this.#open.add(end);
      signal?.addEventListener("abort", aborted, { once: true });
      if (timeoutMs !== undefined) {
        wire.after(timeoutMs, () =>
          home(() => {
            // Most calls have their answer by then, and an error costs a look at the stack.
            if (!settled) end(new RpcError(StatusCode.DEADLINE_EXCEEDED, "deadline exceeded", { method: path }));
          }),
        );
      }
      const there = wire.delayMs();
      if (there === undefined) return;
      wire.after(there, () => {
        if (settled) return;
        const services = wire.services();
        if (services === undefined) {
          lost(new RpcError(StatusCode.UNAVAILABLE, "connection refused", { method: path, maybeSent: false }));
          return;
        }
        disconnect = services.connect(() => lost(connectionBroke(path)));
        wire.arrive(() => {
          if (settled || wire.services() !== services) return;
          const answer = (error: RpcError | undefined, result?: () => T): void => {
            const back = wire.delayMs();
            if (back === undefined || wire.services() !== services) return;
            wire.after(back, () =>
              home(() => settle(() => (error === undefined ? resolve((result as () => T)()) : reject(error)))),
            );
          };
          try {
            handle(services, answer);
          } catch (error) {
            answer(toRpcError(error, path));
          }
        });
      });
    });
  }

  /** The client's side of a stream as the server reads it. */
  async *#carried<I extends DescMessage>(
    schema: I,
    requests: AsyncIterable<MessageInitShape<I>>,
    signal: AbortSignal,
  ): AsyncGenerator<MessageShape<I>, void, undefined> {
    for await (const request of requests) {
      const there = this.#wire.delayMs();
      // What is lost on a stream that stands is never made good: the stream delivers no more until it breaks.
      if (there === undefined) return void (await new Promise<never>(() => {}));
      await new Promise<void>((resolve) => this.#wire.after(there, () => this.#wire.arrive(resolve)));
      if (signal.aborted) return;
      yield overTheWire(schema, request);
    }
  }
}

/** What a server does with a request that has arrived; `result` is read when the answer is back at the client. */
type Handle<T> = (services: MemoryServices, answer: (error: RpcError | undefined, result?: () => T) => void) => void;

/** A stream of answers to one request, which has come with the call. */
async function* answersToOne<I extends DescMessage>(
  handler: Handler,
  schema: I,
  requests: AsyncIterable<MessageInitShape<I>>,
  context: CallContext,
): AsyncGenerator<unknown, void, undefined> {
  for await (const request of requests) {
    yield* handler(overTheWire(schema, request), context) as AsyncIterable<unknown>;
    return;
  }
}

function contextOf(path: string, signal: AbortSignal, metadata: MetadataInit = {}): CallContext {
  return { signal, metadata: metadataOf(metadata), peer: "simulation", path, sendHeader() {}, setTrailer() {} };
}

function metadataOf(init: MetadataInit): Metadata {
  const pairs = Object.entries(init).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name.toLowerCase(), one] as const),
  );
  const getAll: Metadata["getAll"] = (key) =>
    pairs.filter(([name]) => name === key.toLowerCase()).map(([, value]) => value);
  return { get: (key) => getAll(key)[0], getAll, entries: () => pairs };
}

/** What arrives of a message: the same fields, nothing shared. */
function overTheWire<D extends DescMessage>(schema: D, message: MessageInitShape<D>): MessageShape<D> {
  return decodeMessage(schema, encodeMessage(schema, message));
}

function connectionBroke(method?: string): RpcError {
  return new RpcError(StatusCode.UNAVAILABLE, "the connection broke", method === undefined ? {} : { method });
}

function toRpcError(error: unknown, method: string): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof ServerError) return new RpcError(error.code as StatusCode, error.message, { method });
  return new RpcError(StatusCode.UNKNOWN, error instanceof Error ? error.message : String(error), {
    method,
    cause: error,
  });
}
