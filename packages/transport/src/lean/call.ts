/**
 * One call on a lean channel: what unary calls and streams have in common. It begins on a connection when that has room,
 * reads the answer's head and trailers, ends once, by a status, a deadline, an abort or the loss of its connection, and
 * knows whether the request can have reached the server.
 */
import type { CallOptions } from "../channel.js";
import { MessageReader } from "../grpc/message-reader.js";
import { metadataFrom } from "../grpc/metadata-fields.js";
import { encodeTimeout } from "../grpc/timeout.js";
import { ErrorCode } from "../http2/error-code.js";
import type { StreamHandler } from "../http2/events.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import type { Http2Stream } from "../http2/stream.js";
import { RpcError, StatusCode } from "../status.js";
import type { CallAborts } from "./call-aborts.js";
import { type AnswerHead, type AnswerReader, type AnswerStatus, foreignStatus } from "./call-answer.js";
import { refusedStatus, statusOfReset } from "./call-reset.js";
import type { Deadline, Deadlines, Expiring } from "./deadlines.js";
import type { KnownMetadata } from "./known-metadata.js";
import type { RequestHead } from "./request-head.js";

/** The connection that a call waits for or runs on. */
export interface CallConnection {
  readonly answers: AnswerReader;
  /** Set before the streams of a connection that is over are told. */
  readonly lost: AnswerStatus | undefined;
  /** So much waits to be written that a stream should wait too. */
  readonly congested: boolean;
  whenWritable(writable: () => void): void;
  /** The call is over, or waits no longer. */
  left(call: Call): void;
}

export interface CallSettings {
  readonly aborts: CallAborts;
  readonly deadlines: Deadlines;
  readonly metadata: KnownMetadata;
  readonly receiveBytesMax: number;
}

/** Longest timeout in milliseconds; what lies beyond is as good as none. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** Engine one's words. grpc-go's would be taken for the server's refusal of a request, after which a write is sent again. */
const tooLarge = (bytes: number, bytesMax: number): string =>
  `Received message larger than max (${bytes} vs ${bytesMax})`;

export abstract class Call implements StreamHandler, Expiring {
  readonly path: string;
  /** Where it waits or runs; set by the connection itself. */
  connection: CallConnection | undefined = undefined;
  protected stream: Http2Stream | undefined = undefined;
  protected over = false;
  readonly #head: RequestHead;
  readonly #options: CallOptions;
  readonly #settings: CallSettings;
  #metadata: readonly HeaderField[] | undefined = undefined;
  #deadline: Deadline | undefined = undefined;
  #deadlineMs = 0;
  #waited = false;
  #answerHead: AnswerHead | undefined = undefined;
  #reader: MessageReader | undefined = undefined;

  constructor(head: RequestHead, options: CallOptions, settings: CallSettings) {
    this.path = head.path;
    this.#head = head;
    this.#options = options;
    this.#settings = settings;
  }

  /**
   * The call may go: its time runs, and an abort is heard. Errors: `RangeError` for an impossible timeout, `TypeError` for
   * metadata that cannot stand in a header.
   */
  begin(): void {
    const { timeoutMs, signal, metadata } = this.#options;
    if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
      throw new RangeError(`timeoutMs must be a number of milliseconds from 0, got ${timeoutMs}`);
    }
    if (metadata !== undefined) this.#metadata = this.#settings.metadata.fields(metadata);
    if (timeoutMs !== undefined && timeoutMs <= TIMEOUT_MS_MAX) {
      this.#deadline = this.#settings.deadlines.set(timeoutMs, this);
    }
    if (signal !== undefined) this.#settings.aborts.add(signal, this);
  }

  /** It has to wait for a connection or for room on it, so that its timeout has to be computed anew. */
  waits(): void {
    if (this.#waited || this.#deadline === undefined) return;
    this.#waited = true;
    this.#deadlineMs = performance.now() + (this.#options.timeoutMs ?? 0);
  }

  /** The block of its HEADERS, to be sent now. */
  block(): Uint8Array {
    return this.#head.block(this.#timeout(), this.#metadata);
  }

  /** Its HEADERS are on their way. Returns the bytes of the message that goes with them. */
  opened(stream: Http2Stream): number {
    this.stream = stream;
    return this.sendFirst(stream);
  }

  /** Ends the call with this error and cancels it on the server. */
  cancel(error: unknown): void {
    if (this.over) return;
    this.#finish(ErrorCode.CANCEL);
    this.failed(error);
  }

  /** Ends a call that has not been opened. */
  refuse({ code, details }: AnswerStatus): void {
    this.cancel(this.error(code, details));
  }

  // `Expiring`.

  expired(): void {
    this.cancel(this.error(StatusCode.DEADLINE_EXCEEDED, "Deadline exceeded"));
  }

  // `StreamHandler`.

  headers(fields: readonly HeaderField[], endStream: boolean): void {
    if (this.over) return;
    if (endStream) {
      this.#trailers(fields);
      return;
    }
    this.#answerHead = this.connection?.answers.head(fields);
    const { onHeader } = this.#options;
    if (onHeader !== undefined) this.#tell(onHeader, fields);
  }

  data(chunk: Uint8Array, endStream: boolean): void {
    if (this.over || this.#answerHead?.foreign) this.stream?.consumed(chunk.length);
    else if (chunk.length > 0) this.received(chunk);
    if (!endStream || this.over) return;
    const head = this.#answerHead;
    const { code, details } = head?.foreign
      ? foreignStatus(head.httpStatus)
      : { code: StatusCode.INTERNAL, details: "server closed the stream without sending trailers" };
    this.cancel(this.error(code, details));
  }

  reset(code: number, refused: boolean): void {
    if (this.over) return;
    // Who has begun to answer has processed the request, whatever it says now.
    const unprocessed = refused && this.#answerHead === undefined;
    const status = this.connection?.lost ?? (unprocessed ? refusedStatus : this.#statusOfReset(code));
    this.#fail(status, undefined, !unprocessed);
  }

  drained(): void {}

  /** Sends what is to be sent with the head, and returns its bytes. */
  protected abstract sendFirst(stream: Http2Stream): number;
  /** Data that is not empty. Gives it back to the stream in time. */
  protected abstract received(chunk: Uint8Array): void;
  /** The server has ended the call with OK. `whole`: with whole messages only. */
  protected abstract succeeded(whole: boolean): void;
  protected abstract failed(error: unknown): void;

  protected get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  /** Made when there is something to read. */
  protected get reader(): MessageReader {
    if (this.#reader === undefined) {
      this.#reader = new MessageReader(this.#settings.receiveBytesMax, tooLarge);
      this.#reader.setEncoding(this.#answerHead?.encoding ?? "identity");
    }
    return this.#reader;
  }

  /** Nothing of a message is in the reader. */
  protected get readsNothing(): boolean {
    return this.#reader === undefined;
  }

  protected get receiveBytesMax(): number {
    return this.#settings.receiveBytesMax;
  }

  /** The next message of the reader. One that cannot be read ends the call. */
  protected nextMessage(): Uint8Array | undefined {
    try {
      return this.reader.next();
    } catch (error) {
      this.cancel(error instanceof RpcError ? this.error(error.code, error.details, error.cause) : error);
      return undefined;
    }
  }

  /** An error of our own, about a call that may be open or not. */
  protected error(code: StatusCode, details: string, cause?: unknown): RpcError {
    const options = { method: this.path, maybeSent: this.stream !== undefined };
    return new RpcError(code, details, cause === undefined ? options : { ...options, cause });
  }

  #timeout(): string | undefined {
    if (this.#deadline === undefined) return undefined;
    if (!this.#waited) return encodeTimeout(this.#options.timeoutMs ?? 0);
    return encodeTimeout(Math.max(0, this.#deadlineMs - performance.now()));
  }

  #trailers(fields: readonly HeaderField[]): void {
    const answers = this.connection?.answers;
    const status = answers?.status(fields);
    const { onTrailer } = this.#options;
    if (onTrailer !== undefined) this.#tell(onTrailer, fields);
    if (this.over) return;
    if (status?.code !== StatusCode.OK) {
      const head = this.#answerHead ?? answers?.head(fields);
      this.#fail(status ?? foreignStatus(head?.httpStatus ?? 0), fields, true);
      return;
    }
    const whole = this.#reader === undefined || this.#reader.atBoundary;
    this.#finish(ErrorCode.NO_ERROR);
    this.succeeded(whole);
  }

  #fail({ code, details }: AnswerStatus, trailers: readonly HeaderField[] | undefined, maybeSent: boolean): void {
    this.#finish(ErrorCode.NO_ERROR);
    const options = { method: this.path, maybeSent, ...(trailers && { trailers: metadataFrom(trailers) }) };
    this.failed(new RpcError(code, details, options));
  }

  #statusOfReset(code: number): AnswerStatus {
    const head = this.#answerHead;
    return code === ErrorCode.NO_ERROR && head?.foreign ? foreignStatus(head.httpStatus) : statusOfReset(code);
  }

  /** A listener that throws fails its call and nothing else. */
  #tell(listener: (metadata: ReturnType<typeof metadataFrom>) => void, fields: readonly HeaderField[]): void {
    try {
      listener(metadataFrom(fields));
    } catch (error) {
      this.cancel(error);
    }
  }

  /**
   * Lets go of all that the call holds. A stream that is not over is reset with this code: NO_ERROR where the answer is
   * complete and the server does not want the rest of the request (RFC 9113 §8.1).
   */
  #finish(code: number): void {
    this.over = true;
    if (this.#deadline !== undefined) this.#settings.deadlines.clear(this.#deadline);
    const { signal } = this.#options;
    if (signal !== undefined) this.#settings.aborts.remove(signal, this);
    if (this.stream !== undefined && !this.stream.ended) this.stream.reset(code);
    this.connection?.left(this);
  }
}
