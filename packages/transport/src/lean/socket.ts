/**
 * A socket and the protocol on it: what comes goes into the `Http2Connection`, and what that has to say leaves in one write
 * a turn of the event loop, or in a few where it is much. Both halves of the lean engine stand on this; plain and TLS sockets are
 * the same to it.
 */
import type { Socket } from "node:net";
import { plain } from "../codec.js";
import { Http2Connection } from "../http2/connection.js";
import type { Http2Error } from "../http2/error-code.js";
import type { Http2Events, Http2Options } from "../http2/events.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import type { Http2Stream } from "../http2/stream.js";
import { EarlyWrites } from "./early-writes.js";

/** What the engine hears of the connection; see `Http2Events`. */
export interface SocketOwner extends Omit<Http2Events, "output" | "failed"> {
  /**
   * The connection is over and all its streams have been told. Once, and the last call. The socket may still be closing.
   * `error`: what broke it, undefined where one of the two sides ended it in peace.
   */
  closed(error: Error | undefined): void;
}

/**
 * Bytes that may wait in the socket. Above it the rest of the output stays in the connection, which ends one that asks for
 * answers and does not read them; whoever sends streams waits (`congested`), and a server reads no further requests.
 */
const WRITE_BYTES_MAX = 1024 * 1024;
/** Time for the other side to read our last words and to close, in milliseconds. */
const FAREWELL_MS = 500;

export class Http2Socket implements Http2Events {
  readonly socket: Socket;
  readonly connection: Http2Connection;
  /** When something was received last; monotonic, in milliseconds. */
  lastReceivedMs: number;
  readonly #owner: SocketOwner;
  /**
   * Only a server stops reading while it cannot write: its memory is what requests turn into. If both sides did, two that
   * send much to each other could wait for ever.
   */
  readonly #readsOnlyWhileWriting: boolean;
  readonly #early = new EarlyWrites();
  #waiting: (() => void)[] = [];
  #flushScheduled = false;
  #held = false;
  /** Nothing is read until it can write again. */
  #isStopped = false;
  #over = false;
  /** Told to the owner as the end of a connection whose last words are still to be written. */
  #failure: Http2Error | undefined;

  /** The socket is connected, and nobody else reads it. */
  constructor(socket: Socket, options: Http2Options, owner: SocketOwner) {
    this.socket = socket;
    this.#owner = owner;
    this.#readsOnlyWhileWriting = options.role === "server";
    this.lastReceivedMs = performance.now();
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("drain", () => this.#drained());
    socket.on("end", () => this.close());
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(undefined));
    this.connection = new Http2Connection(options, this);
  }

  /**
   * So much waits to be written that a stream should not add to it: see `whenWritable`. What waits for a window of the other
   * side does not count: it may wait for ever, and nothing of the other streams is behind it.
   */
  get congested(): boolean {
    return this.socket.writableLength > WRITE_BYTES_MAX;
  }

  /** Calls back once when it is not congested any more, or when the connection is over. */
  whenWritable(writable: () => void): void {
    this.#waiting.push(writable);
  }

  /** Says what is to be said, ends the connection in peace and gives the other side `graceMs` to do the same. Idempotent. */
  close(graceMs: number = FAREWELL_MS): void {
    if (this.#over) return;
    this.#write();
    this.#end(undefined);
    this.#part(graceMs);
  }

  /** Ends it at once: for a socket whose other side is lost. */
  destroy(error?: Error): void {
    this.#end(error);
    this.socket.destroy();
  }

  // What the connection reports.

  request(stream: Http2Stream, fields: readonly HeaderField[], endStream: boolean): void {
    this.#owner.request(stream, fields, endStream);
  }

  settings(): void {
    this.#owner.settings();
  }

  pong(opaque: Uint8Array): void {
    this.#owner.pong(opaque);
  }

  goAway(lastStreamId: number, code: number, debug: Uint8Array): void {
    this.#owner.goAway(lastStreamId, code, debug);
  }

  output(): void {
    if (this.#flushScheduled || this.#held) return;
    this.#flushScheduled = true;
    setImmediate(flush, this);
  }

  failed(error: Http2Error): void {
    // It is reported from within `receive`, and its GOAWAY is in the output only behind that.
    this.#failure = error;
  }

  /** One write of all that has gathered in this turn and was not written yet. */
  flush(): void {
    this.#flushScheduled = false;
    this.#early.endTurn();
    if (this.#over) return;
    this.#write();
    if (!this.congested) this.#eased();
    else if (this.#readsOnlyWhileWriting) this.#stopReading();
  }

  /** A message of so many bytes is in the output: when enough has gathered the other side gets it before the turn ends. */
  gathered(bytes: number): void {
    if (this.#early.message(bytes) && !this.#over) this.#write();
  }

  #receive(chunk: Buffer): void {
    if (this.#over) return;
    const nowMs = performance.now();
    this.lastReceivedMs = nowMs;
    this.connection.receive(plain(chunk), nowMs);
    if (this.#failure !== undefined) this.#fail(this.#failure);
  }

  #fail(failure: Http2Error): void {
    if (this.#over) return;
    this.#write();
    this.#end(failure);
    this.#part(FAREWELL_MS);
  }

  #write(): void {
    const { socket } = this;
    if (!socket.writable) return;
    this.#held = this.congested;
    if (this.#held) return;
    const parts = this.connection.takeOutput();
    const [first] = parts;
    if (first === undefined) return;
    if (parts.length === 1) {
      socket.write(first);
      return;
    }
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
  }

  #drained(): void {
    if (this.#over) return;
    if (this.#held) this.#write();
    if (!this.congested) this.#eased();
  }

  /**
   * Who was stopped by the mark goes on below it. A socket says only that it has written all, and while others always have
   * something more to write that may be never: each turn that writes looks too.
   */
  #eased(): void {
    if (this.#isStopped) {
      this.#isStopped = false;
      this.socket.resume();
    }
    this.#wake();
  }

  #stopReading(): void {
    this.#isStopped = true;
    this.socket.pause();
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const writable of waiting) writable();
  }

  #end(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.connection.closed();
    this.#wake();
    this.#owner.closed(error);
  }

  /** Nothing is read any more, but it is taken from the socket: unread bytes would make a reset of our end. */
  #part(graceMs: number): void {
    const { socket } = this;
    if (socket.destroyed) return;
    socket.end();
    socket.resume();
    const late = setTimeout(() => socket.destroy(), graceMs).unref();
    socket.once("close", () => clearTimeout(late));
  }
}

function flush(socket: Http2Socket): void {
  socket.flush();
}
