/**
 * One stream of a connection: what its owner calls, and the state that the parts of the connection keep in it. All work is
 * done by `sender.ts` and `streams.ts`; calls on a stream that is over do nothing.
 */
import type { ChunkQueue } from "./chunk-queue.js";
import type { StreamHandler } from "./events.js";

/** The connection, as a stream knows it. */
export interface StreamWorks {
  sendHeaders(stream: Http2Stream, block: Uint8Array, endStream: boolean): void;
  sendData(stream: Http2Stream, chunk: Uint8Array, endStream: boolean): void;
  sendMessage(stream: Http2Stream, body: Uint8Array, endStream: boolean): void;
  reset(stream: Http2Stream, code: number): void;
  consumed(stream: Http2Stream, bytes: number): void;
}

export class Http2Stream {
  readonly id: number;
  handler: StreamHandler;
  readonly #works: StreamWorks;

  // What follows is the connection's.

  /** Bytes that may be sent; below 0 after the other side has lowered its SETTINGS_INITIAL_WINDOW_SIZE. */
  sendWindow: number;
  /** Bytes that the other side may send. */
  receiveWindow: number;
  /** Bytes that the handler has been given and has not given back. */
  unreadBytes = 0;
  /** Bytes given back that the other side has not been told of. */
  owedBytes = 0;
  /** END_STREAM is in the output. */
  localEnded = false;
  /** END_STREAM has come. */
  remoteEnded = false;
  wasReset = false;
  queue: ChunkQueue | undefined = undefined;
  /** END_STREAM goes with the last byte of the queue, or with the trailers behind it. */
  endQueued = false;
  trailers: Uint8Array | undefined = undefined;
  /** In the row of those that wait for the connection's window, and who is next there. */
  waiting = false;
  nextWaiting: Http2Stream | undefined = undefined;
  /** The head of the message that we receive has come. */
  headSeen: boolean;
  /** Bytes of the body that content-length still wants, or -1. */
  contentLeft = -1;
  /** `Output.takes` when the stream began. */
  readonly beganAtTake: number;

  constructor(
    id: number,
    handler: StreamHandler,
    works: StreamWorks,
    windows: { readonly send: number; readonly receive: number },
    headSeen: boolean,
    beganAtTake: number,
  ) {
    this.id = id;
    this.handler = handler;
    this.#works = works;
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
    this.headSeen = headSeen;
    this.beganAtTake = beganAtTake;
  }

  /** Bytes of DATA that wait for a window. */
  get queuedBytes(): number {
    return this.queue === undefined ? 0 : this.queue.bytes;
  }

  /** Both directions are over, or it was reset. */
  get ended(): boolean {
    return this.wasReset || (this.localEnded && this.remoteEnded);
  }

  /**
   * An answer's head, or trailers: an HPACK block. Trailers wait for the data before them. Errors: `RangeError` for a head
   * that would have to wait.
   */
  sendHeaders(block: Uint8Array, endStream: boolean): void {
    this.#works.sendHeaders(this, block, endStream);
  }

  /** Takes the bytes over: they must not change later. What the windows do not let through waits in order. */
  sendData(chunk: Uint8Array, endStream: boolean): void {
    this.#works.sendData(this, chunk, endStream);
  }

  /** A message of gRPC that is not compressed: its prefix (0 and the length in four octets), and the body. */
  sendMessage(body: Uint8Array, endStream: boolean): void {
    this.#works.sendMessage(this, body, endStream);
  }

  /**
   * RST_STREAM; the handler is not told. What was received and not given back is given back. Also for a stream that is over,
   * whose owner does not want the rest of the bytes.
   */
  reset(code: number): void {
    this.#works.reset(this, code);
  }

  /** Gives back window for bytes that the handler was given, to the stream and the connection. */
  consumed(bytes: number): void {
    this.#works.consumed(this, bytes);
  }
}
