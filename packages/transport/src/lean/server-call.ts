/**
 * One call, from its head to its trailers. A handler is called in the very turn that brings the end of its request; a unary
 * one that answers at once has its head, message and trailers in the output before the next frame is read.
 *
 * A call ends once: by its answer, by an error, by a status of the server's own (`cancel`) or by the other side (`reset`). The
 * last two abort the handler's signal.
 */
import { fieldsOf } from "../grpc/metadata-fields.js";
import { wholeMessage } from "../grpc/whole-message.js";
import { ErrorCode } from "../http2/error-code.js";
import type { StreamHandler } from "../http2/events.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import type { Http2Stream } from "../http2/stream.js";
import type { MetadataInit } from "../metadata.js";
import { metadataInitOf } from "../nice/metadata.js";
import { RpcError, StatusCode } from "../status.js";
import { detailsOfThrown, statusOfThrown } from "../thrown.js";
import type { Deadline, Expiring } from "./deadlines.js";
import { AnswerStream, type AnswerTaker } from "./server-answers.js";
import { ANSWER_HEAD, answerHead, trailersBlock, trailersOnlyBlock } from "./server-blocks.js";
import { ServerContext } from "./server-context.js";
import type { RequestHead } from "./server-head.js";
import { decodeRequest, encodeAnswer, requestReader } from "./server-messages.js";
import type { ServedMethod } from "./server-methods.js";
import { RequestStream, type RequestStreamOwner } from "./server-requests.js";
import { type RequestKeeper, UnaryRequest } from "./server-unary-request.js";

/** The connection as its calls see it. */
export interface CallHost extends RequestKeeper {
  readonly peer: string;
  readonly certificateName: string | undefined;
  /** The socket can take more; otherwise the connection calls `roomAgain` later. */
  hasRoom(): boolean;
  /** An answer of so many bytes is in the output, or, in part, behind the client's windows. */
  sent(bytes: number, isQueued: boolean): void;
  /** The call is over; without one: what was left of its answer has gone. */
  left(call: ServerCall | undefined): void;
}

const NO_FIELDS: readonly HeaderField[] = [];

export class ServerCall implements StreamHandler, Expiring, RequestStreamOwner, AnswerTaker {
  /** Its neighbours in the list that the connection keeps of its calls. */
  before: ServerCall | undefined;
  after: ServerCall | undefined;
  readonly #host: CallHost;
  readonly #stream: Http2Stream;
  readonly #head: RequestHead;
  readonly #method: ServedMethod;
  #deadline: Deadline | undefined;
  /** Of a unary method, where it is not one chunk that is one message. */
  #request: UnaryRequest | undefined;
  #requests: RequestStream | undefined;
  #answers: AnswerStream | undefined;
  #abort: AbortController | undefined;
  #trailer: readonly HeaderField[];
  #requestEnded = false;
  #headSent = false;
  #isOver = false;
  #isAborted = false;

  constructor(host: CallHost, stream: Http2Stream, head: RequestHead, method: ServedMethod) {
    this.before = undefined;
    this.after = undefined;
    this.#host = host;
    this.#stream = stream;
    this.#head = head;
    this.#method = method;
    this.#deadline = undefined;
    this.#request = undefined;
    this.#requests = undefined;
    this.#answers = undefined;
    this.#abort = undefined;
    this.#trailer = NO_FIELDS;
  }

  /** The fields of the request's head. */
  get fields(): readonly HeaderField[] {
    return this.#head.fields;
  }

  /** Made when it is first asked for. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#isAborted) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  hasRoom(): boolean {
    return this.#stream.queuedBytes === 0 && this.#host.hasRoom();
  }

  /** The head has come; `endStream`: and that is all of the request. */
  begin(endStream: boolean): void {
    const { timeoutMs } = this.#head;
    if (timeoutMs !== Number.POSITIVE_INFINITY) this.#deadline = this.#host.server.deadlines.set(timeoutMs, this);
    this.#requestEnded = endStream;
    if (this.#method.requestStream) {
      this.#requests = new RequestStream(this, this.#stream, requestReader(this.#host.server, this.#head.encoding));
      if (endStream) this.#requests.push(NOTHING, true);
      this.#run(this.#requests);
    } else if (endStream) this.#receive(NOTHING, true);
  }

  headers(_trailers: readonly HeaderField[], endStream: boolean): void {
    this.data(NOTHING, endStream);
  }

  data(chunk: Uint8Array, endStream: boolean): void {
    if (endStream) this.#requestEnded = true;
    if (this.#requests !== undefined && !this.#isOver) {
      this.#requests.push(chunk, endStream);
      return;
    }
    // What comes after the end is dropped; the window of the connection is there for other calls.
    if (chunk.length > 0) this.#stream.consumed(chunk.length);
    if (!this.#isOver) this.#receive(chunk, endStream);
  }

  reset(): void {
    if (this.#isOver) return;
    this.#end();
    this.#stop();
  }

  drained(): void {
    if (this.#isOver) {
      this.#partEarly();
      this.#host.left(undefined);
    } else if (this.#host.hasRoom()) this.#answers?.resume();
  }

  /** The socket can take more again. */
  roomAgain(): void {
    if (this.#stream.queuedBytes === 0) this.#answers?.resume();
  }

  expired(): void {
    this.#deadline = undefined;
    this.cancel(StatusCode.DEADLINE_EXCEEDED, "Deadline exceeded");
  }

  /** Ends the call with a status of the server's own; its handler is told by its signal. */
  cancel(code: StatusCode, details: string): void {
    if (this.#isOver) return;
    this.#sendStatus(code, details);
    this.#stop();
  }

  /** Ignored once the head is on its way. Errors: those of `fieldsOf`. */
  sendHeader(header: MetadataInit | undefined): void {
    if (this.#headSent || this.#isOver) return;
    const block = header === undefined ? ANSWER_HEAD : answerHead(header);
    this.#headSent = true;
    this.#stream.sendHeaders(block, false);
  }

  /** A key that was set before is replaced. Errors: those of `fieldsOf`. */
  setTrailer(trailer: MetadataInit): void {
    const fields = fieldsOf(trailer);
    const names = new Set(fields.map(({ name }) => name));
    this.#trailer = [...this.#trailer.filter(({ name }) => !names.has(name)), ...fields];
  }

  sendAnswer(answer: unknown): boolean {
    if (this.#isOver) return false;
    let bytes: Uint8Array;
    try {
      bytes = encodeAnswer(this.#host.server, this.#method, answer);
    } catch (error) {
      this.failed(error);
      return false;
    }
    if (!this.#headSent) {
      this.#headSent = true;
      this.#stream.sendHeaders(ANSWER_HEAD, false);
    }
    this.#stream.sendMessage(bytes, false);
    this.#host.sent(bytes.length, this.#stream.queuedBytes > 0);
    return !this.#isOver;
  }

  finish(): void {
    if (this.#isOver) return;
    this.#sendStatus(StatusCode.OK, "");
    this.#requests?.close();
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    if (error instanceof RpcError && error.trailers !== undefined) this.#addTrailers(metadataInitOf(error.trailers));
    const isAbort = this.#isAborted && error === this.#abort?.signal.reason;
    this.#sendStatus(statusOfThrown(error, isAbort), detailsOfThrown(error));
    this.#requests?.close();
  }

  failed(error: unknown): void {
    if (this.#isOver) return;
    this.#sendStatus(statusOfThrown(error, false), detailsOfThrown(error));
    this.#stop();
  }

  handlerEnded(): void {
    this.#host.server.handlers.ended();
  }

  decoded(message: Uint8Array): unknown {
    return decodeRequest(this.#host.server, this.#method, message);
  }

  /** Of the request of a unary method, which is kept until it is whole. */
  #receive(chunk: Uint8Array, endStream: boolean): void {
    let message = endStream && this.#request === undefined ? this.#whole(chunk) : undefined;
    if (message === undefined) {
      this.#request ??= new UnaryRequest(this.#host, this.#head.encoding);
      try {
        if (chunk.length > 0) this.#request.push(chunk, endStream);
        if (!endStream) return;
        message = this.#request.end();
      } catch (error) {
        this.failed(error);
        return;
      }
    }
    let request: unknown;
    try {
      request = this.decoded(message);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#run(request);
  }

  #whole(chunk: Uint8Array): Uint8Array | undefined {
    return wholeMessage(chunk, this.#host.server.receiveBytesMax);
  }

  #run(request: unknown): void {
    const { handlers, middleware } = this.#host.server;
    const method = this.#method;
    const context = new ServerContext(this, method.path, this.#host.peer, this.#host.certificateName);
    handlers.started();
    let result: unknown;
    try {
      result = middleware === undefined ? method.run(request, context) : middleware.run(method, request, context, this);
      if (method.responseStream) {
        this.#answers = new AnswerStream(this, result as AsyncIterable<unknown>);
        this.#answers.resume();
        return;
      }
    } catch (error) {
      handlers.ended();
      this.fail(error);
      return;
    }
    if (!isPromise(result)) this.#answered(result);
    else
      result.then(
        (answer) => this.#answered(answer),
        (error: unknown) => this.#thrown(error),
      );
  }

  #answered(answer: unknown): void {
    this.#host.server.handlers.ended();
    if (answer === undefined || answer === null) this.fail(new TypeError(NO_ANSWER));
    else if (this.sendAnswer(answer)) this.finish();
  }

  #thrown(error: unknown): void {
    this.#host.server.handlers.ended();
    this.fail(error);
  }

  #addTrailers(trailers: MetadataInit): void {
    try {
      this.setTrailer(trailers);
    } catch {
      // The status says more than trailers that cannot be sent.
    }
  }

  #sendStatus(code: StatusCode, details: string): void {
    const block = this.#headSent
      ? trailersBlock(code, details, this.#trailer)
      : trailersOnlyBlock("200", code, details, this.#trailer);
    this.#headSent = true;
    this.#stream.sendHeaders(block, true);
    this.#end();
    this.#partEarly();
  }

  /** The client is told to send no more of its request, once it has all of the answer. */
  #partEarly(): void {
    if (!this.#requestEnded && this.#stream.queuedBytes === 0 && !this.#stream.ended) {
      this.#stream.reset(ErrorCode.NO_ERROR);
    }
  }

  #end(): void {
    this.#isOver = true;
    if (this.#deadline !== undefined) this.#host.server.deadlines.clear(this.#deadline);
    this.#request?.leave();
    this.#request = undefined;
    this.#host.left(this);
  }

  /** The handler is at work, and nobody waits for its answer. */
  #stop(): void {
    this.#isAborted = true;
    this.#abort?.abort();
    this.#requests?.close({ cause: this.signal.reason });
    this.#answers?.leave();
  }
}

const NOTHING = new Uint8Array(0);
const NO_ANSWER = "the handler gave no answer";

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
