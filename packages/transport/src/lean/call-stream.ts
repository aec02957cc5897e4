/**
 * A stream as an async iterator: nothing happens before the first `next()`; leaving the loop cancels the call.
 *
 * What has come is decoded when it is read. Its bytes go back to the server's window when the reader has taken all that was
 * there, so a reader that stops stops the server within one window. Requests are pulled one at a time, each when the
 * connection has taken the one before. Whoever supplied them learns of the end by the `return()` of their iterator.
 */
import type { CallOptions } from "../channel.js";
import type { Http2Stream } from "../http2/stream.js";
import { StatusCode } from "../status.js";
import { Call, type CallSettings } from "./call.js";
import type { RequestHead } from "./request-head.js";
import { type StreamEnd, told, WaitingReaders } from "./waiting-readers.js";

export interface StreamCallOptions<Request, Answer> {
  readonly head: RequestHead;
  readonly requests: AsyncIterable<Request>;
  /** Puts the call on its way. Errors: where the channel is closed. */
  start(call: Call): void;
  encode(request: Request): Uint8Array;
  decode(bytes: Uint8Array): Answer;
}

const NOTHING: Uint8Array = new Uint8Array(0);

export class StreamCall<Request, Answer> extends Call implements AsyncIterator<Answer, undefined> {
  readonly #call: StreamCallOptions<Request, Answer>;
  readonly #readers: WaitingReaders<Answer>;
  #messages: Uint8Array[] = [];
  #nextMessage = 0;
  /** Bytes of the server's window that it has not got back. */
  #heldBytes = 0;
  #started = false;
  #end: StreamEnd | undefined;
  #requests: AsyncIterator<Request> | undefined;
  #goOn: (() => void) | undefined;

  constructor(call: StreamCallOptions<Request, Answer>, options: CallOptions, settings: CallSettings) {
    super(call.head, options, settings);
    this.#call = call;
    this.#readers = new WaitingReaders(() => this.#take());
  }

  next(): Promise<IteratorResult<Answer, undefined>> {
    if (!this.#started && this.#end === undefined) this.#start();
    return this.#readers.next();
  }

  /** Cancels the call on the server; a `next()` that still waits is done. */
  return(): Promise<IteratorResult<Answer, undefined>> {
    this.#leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<IteratorResult<Answer, undefined>> {
    this.#leave();
    return Promise.reject(error);
  }

  override drained(): void {
    this.#goOn?.();
  }

  /** Requests come in their own time, and leave with the turn in which they do. */
  protected override sendFirst(stream: Http2Stream): number {
    if (this.#requests !== undefined) void this.#sendRequests(stream, this.#requests);
    return 0;
  }

  protected override received(chunk: Uint8Array): void {
    this.#heldBytes += chunk.length;
    this.reader.push(chunk);
    for (let message = this.nextMessage(); message !== undefined; message = this.nextMessage()) {
      this.#messages.push(message);
    }
    this.#readers.serve();
    if (this.#nextMessage === this.#messages.length) this.#giveBack();
  }

  protected override succeeded(whole: boolean): void {
    if (whole) this.#over({});
    else this.#over({ error: { cause: this.error(StatusCode.INTERNAL, "the stream ended inside of a message") } });
  }

  protected override failed(cause: unknown): void {
    // An abort is for now: what was read ahead is dropped. Before any other end it is still handed out.
    if (this.signal?.aborted) this.#drop();
    this.#over({ error: { cause } });
  }

  #start(): void {
    this.#started = true;
    try {
      this.signal?.throwIfAborted();
      this.#requests = this.#call.requests[Symbol.asyncIterator]();
      this.#call.start(this);
    } catch (cause) {
      this.#over({ error: { cause } });
    }
  }

  /** The next answer, or the end; undefined where it has to be waited for. */
  #take(): IteratorResult<Answer, undefined> | undefined {
    const message = this.#messages[this.#nextMessage];
    if (message === undefined) return this.#end === undefined ? undefined : told(this.#end);
    this.#messages[this.#nextMessage++] = NOTHING;
    if (this.#nextMessage === this.#messages.length) {
      this.#drop();
      this.#giveBack();
    }
    try {
      return { done: false, value: this.#call.decode(message) };
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #over(end: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#stopRequests();
    this.#readers.serve();
    // No more can come, whether the rest is read or not: other streams need the connection's window.
    this.#giveBack();
  }

  #leave(): void {
    this.#drop();
    this.#end ??= {};
    delete this.#end.error;
    this.cancel(undefined);
    this.#stopRequests();
    this.#giveBack();
    this.#readers.serve();
  }

  #drop(): void {
    this.#messages = [];
    this.#nextMessage = 0;
  }

  #giveBack(): void {
    if (this.#heldBytes === 0) return;
    this.stream?.consumed(this.#heldBytes);
    this.#heldBytes = 0;
  }

  async #sendRequests(stream: Http2Stream, requests: AsyncIterator<Request>): Promise<void> {
    try {
      while (this.#requests !== undefined) {
        const result = await requests.next();
        if (this.#requests === undefined) return;
        if (result.done) {
          this.#requests = undefined;
          stream.sendData(NOTHING, true);
          return;
        }
        stream.sendMessage(this.#call.encode(result.value), false);
        if (this.#mustWait(stream)) {
          await new Promise<void>((resolve) => {
            this.#goOn = resolve;
            if (stream.queuedBytes === 0) this.connection?.whenWritable(resolve);
          });
        }
      }
    } catch (error) {
      // The requests failed, so the stream has: its reader is told, and the server sees a cancelled call.
      this.cancel(error);
    }
  }

  #mustWait(stream: Http2Stream): boolean {
    return stream.queuedBytes > 0 || this.connection?.congested === true;
  }

  #stopRequests(): void {
    const requests = this.#requests;
    this.#requests = undefined;
    this.#goOn?.();
    // The iterator may be waiting for its own producer; nothing of ours hangs on when it finishes.
    requests?.return?.().catch(() => {});
  }
}
