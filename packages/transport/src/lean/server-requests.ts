/**
 * The requests of a stream, as its handler iterates over them. What has come is kept as it came and decoded one message at a
 * time; its bytes go back to the client's window only when the handler has read all that was there, so a handler that does
 * not read stops the client within one window.
 */
import type { MessageReader } from "../grpc/message-reader.js";
import type { Http2Stream } from "../http2/stream.js";
import { RpcError, StatusCode } from "../status.js";
import { type StreamEnd, told, WaitingReaders } from "./waiting-readers.js";

const NOTHING: Uint8Array = new Uint8Array(0);
/** Up to this size a chunk that has to wait is copied, into rooms of this one. */
const SMALL_BYTES_MAX = 512;
const ROOM_BYTES = 4_096;

/** `failed` ends the call: its requests cannot be read. */
export interface RequestStreamOwner {
  decoded(message: Uint8Array): unknown;
  failed(error: unknown): void;
}

export class RequestStream implements AsyncIterableIterator<unknown, undefined> {
  readonly #owner: RequestStreamOwner;
  readonly #stream: Http2Stream;
  readonly #reader: MessageReader;
  readonly #readers: WaitingReaders<unknown> = new WaitingReaders(() => this.#take());
  /** Chunks that the reader has not got yet; joining them all would take time by the square of their number. */
  #chunks: Uint8Array[] = [];
  #nextChunk = 0;
  /** What the last chunk lies in, if it was put together here. */
  #room: Uint8Array = NOTHING;
  #roomAt = 0;
  /** Bytes of the client's window that it has not got back. */
  #heldBytes = 0;
  #isComplete = false;
  #end: StreamEnd | undefined;

  constructor(owner: RequestStreamOwner, stream: Http2Stream, reader: MessageReader) {
    this.#owner = owner;
    this.#stream = stream;
    this.#reader = reader;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#readers.next();
  }

  /** The handler reads no more: what still comes is dropped, and soon the client's window is used up. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#finish({});
    return Promise.resolve({ done: true, value: undefined });
  }

  push(chunk: Uint8Array, isLast: boolean): void {
    this.#heldBytes += chunk.length;
    if (isLast) this.#isComplete = true;
    if (this.#end !== undefined) return;
    if (chunk.length > 0) this.#append(chunk);
    this.#readers.serve();
  }

  /** The call is over. Its handler is told with this error if it still reads; without one the requests have ended. */
  close(error?: { readonly cause: unknown }): void {
    this.#finish(error === undefined ? {} : { error });
    this.#giveBack();
  }

  /** Small ones that wait are put together: each alone costs many times its bytes. */
  #append(chunk: Uint8Array): void {
    if (!this.#readers.isEmpty || chunk.length > SMALL_BYTES_MAX) {
      this.#chunks.push(chunk);
      this.#room = NOTHING;
      return;
    }
    const end = this.#roomAt + chunk.length;
    const isSame = end <= this.#room.length && this.#chunks.length > this.#nextChunk;
    if (!isSame) {
      this.#room = new Uint8Array(ROOM_BYTES);
      this.#roomAt = 0;
      this.#chunks.push(NOTHING);
    }
    this.#room.set(chunk, this.#roomAt);
    this.#roomAt += chunk.length;
    this.#chunks[this.#chunks.length - 1] = this.#room.subarray(0, this.#roomAt);
  }

  /** The next message or the end; undefined where one has to be waited for. */
  #take(): IteratorResult<unknown, undefined> | undefined {
    if (this.#end !== undefined) return told(this.#end);
    try {
      const message = this.#nextMessage();
      if (message !== undefined) return { done: false, value: this.#owner.decoded(message) };
      if (!this.#isComplete) {
        this.#giveBack();
        return undefined;
      }
      if (!this.#reader.atBoundary) throw new RpcError(StatusCode.INTERNAL, "unexpected EOF");
    } catch (error) {
      this.#owner.failed(error);
      this.#finish({});
      throw error;
    }
    this.#finish({});
    return { done: true, value: undefined };
  }

  #nextMessage(): Uint8Array | undefined {
    for (;;) {
      const message = this.#reader.next();
      if (message !== undefined) return message;
      const chunk = this.#chunks[this.#nextChunk++];
      if (chunk === undefined) {
        this.#chunks = [];
        this.#nextChunk = 0;
        return undefined;
      }
      this.#reader.push(chunk);
    }
  }

  #finish(end: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#chunks = [];
    this.#readers.serve();
  }

  #giveBack(): void {
    if (this.#heldBytes === 0) return;
    this.#stream.consumed(this.#heldBytes);
    this.#heldBytes = 0;
  }
}
