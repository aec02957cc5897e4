/**
 * A stream as an async iterator: nothing happens before the first `next()`; leaving the loop cancels the call.
 *
 * Answers are read ahead by a few messages only, so a reader that stops stops the server through HTTP/2 flow control.
 * Requests are pulled one at a time, each when the connection has taken the one before. Whoever supplied the requests
 * learns of the end of the stream by the `return()` of their iterator.
 */
import type { Call, CallListener } from "./call.js";

/**
 * Messages read ahead of the consumer. grpc-js throws away what it has received but not handed out when a stream ends
 * with an error; reading a little ahead keeps the answers that came just before one.
 */
const readAheadMax = 16;

export interface StreamCallOptions<Request, Answer> {
  start(listener: CallListener): Call;
  readonly requests: AsyncIterable<Request>;
  encode(request: Request): Buffer;
  decode(bytes: Buffer): Answer;
  readonly signal: AbortSignal | undefined;
}

interface Waiter<Answer> {
  resolve(result: IteratorResult<Answer, undefined>): void;
  reject(error: unknown): void;
}

export class StreamCall<Request, Answer> implements AsyncIterator<Answer, undefined> {
  readonly #options: StreamCallOptions<Request, Answer>;
  readonly #received: Buffer[] = [];
  readonly #waiters: Waiter<Answer>[] = [];
  #requests: AsyncIterator<Request> | undefined;
  #call: Call | undefined;
  #reading = false;
  /** Set when no further message can come; `error` is what the consumer is still to be told, once. */
  #end: { error?: { readonly cause: unknown } } | undefined;

  constructor(options: StreamCallOptions<Request, Answer>) {
    this.#options = options;
  }

  async next(): Promise<IteratorResult<Answer, undefined>> {
    if (this.#call === undefined && this.#end === undefined) this.#start();
    const bytes = this.#received.shift();
    if (bytes !== undefined) {
      this.#read();
      return { done: false, value: this.#decode(bytes) };
    }
    if (this.#end !== undefined) return this.#finish(this.#end);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#read();
    });
  }

  /** Cancels the call on the server; a `next()` that still waits is done. */
  async return(): Promise<IteratorResult<Answer, undefined>> {
    this.#leave();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<Answer, undefined>> {
    this.#leave();
    throw error;
  }

  #start(): void {
    try {
      this.#options.signal?.throwIfAborted();
      this.#call = this.#options.start({
        message: (bytes) => this.#receive(bytes),
        ended: (error) => this.#ended(error),
      });
    } catch (cause) {
      this.#end = { error: { cause } };
      return;
    }
    void this.#sendRequests(this.#call);
  }

  #receive(bytes: Buffer): void {
    this.#reading = false;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#received.push(bytes);
    } else {
      try {
        waiter.resolve({ done: false, value: this.#decode(bytes) });
      } catch (error) {
        waiter.reject(error);
      }
    }
    this.#read();
  }

  #read(): void {
    if (this.#reading || this.#end !== undefined || this.#received.length >= readAheadMax) return;
    this.#reading = true;
    this.#call?.read();
  }

  #decode(bytes: Buffer): Answer {
    try {
      return this.#options.decode(bytes);
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #ended(error: { readonly cause: unknown } | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? {} : { error };
    // An abort is for now: what was read ahead is dropped. Before any other end it is still handed out.
    if (this.#options.signal?.aborted) this.#received.length = 0;
    this.#stopRequests();
    for (const waiter of this.#waiters.splice(0)) this.#finish(this.#end).then(waiter.resolve, waiter.reject);
  }

  async #finish(end: { error?: { readonly cause: unknown } }): Promise<IteratorResult<Answer, undefined>> {
    const { error } = end;
    if (error === undefined) return { done: true, value: undefined };
    delete end.error;
    throw error.cause;
  }

  #leave(): void {
    this.#received.length = 0;
    this.#end ??= {};
    delete this.#end.error;
    this.#call?.cancel(undefined);
    this.#stopRequests();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  async #sendRequests(call: Call): Promise<void> {
    const requests = this.#options.requests[Symbol.asyncIterator]();
    this.#requests = requests;
    try {
      while (this.#end === undefined) {
        const result = await requests.next();
        if (this.#end !== undefined) return;
        if (result.done) {
          this.#requests = undefined;
          call.halfClose();
          return;
        }
        const bytes = this.#options.encode(result.value);
        await new Promise<void>((resolve) => {
          this.#sent = resolve;
          call.send(bytes, resolve);
        });
      }
    } catch (error) {
      // The requests failed, so the stream has: its reader is told, and the server sees a cancelled call.
      call.cancel(error);
    }
  }

  /** Lets the sending loop go on: the end of the stream may swallow the callback of a message on its way. */
  #sent: (() => void) | undefined;

  #stopRequests(): void {
    this.#sent?.();
    const requests = this.#requests;
    this.#requests = undefined;
    // The iterator may be waiting for its own producer; nothing of ours hangs on when it finishes.
    requests?.return?.().catch(() => {});
  }
}
