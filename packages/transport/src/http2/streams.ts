/**
 * The streams of a connection that are not over, of both sides' making, and what happens to one: it begins, ends in one
 * direction and the other, or is reset (RFC 9113 §5.1).
 */
import { ClosedStreams } from "./closed-streams.js";
import type { StreamHandler } from "./events.js";
import type { FrameWriter } from "./frame-writer.js";
import type { ReceiveWindows } from "./receive-windows.js";
import { Sender } from "./sender.js";
import type { PeerSettings } from "./settings.js";
import { Http2Stream, type StreamWorks } from "./stream.js";

export class Streams implements StreamWorks {
  readonly sender: Sender;
  readonly #frames: FrameWriter;
  readonly #peer: PeerSettings;
  readonly #windows: ReceiveWindows;
  readonly #open: Map<number, Http2Stream> = new Map();
  readonly #closed: ClosedStreams = new ClosedStreams();

  constructor(frames: FrameWriter, peer: PeerSettings, windows: ReceiveWindows) {
    this.#frames = frames;
    this.#peer = peer;
    this.#windows = windows;
    this.sender = new Sender(frames, peer, (stream) => this.#settle(stream));
  }

  get count(): number {
    return this.#open.size;
  }

  all(): IterableIterator<Http2Stream> {
    return this.#open.values();
  }

  get(id: number): Http2Stream | undefined {
    return this.#open.get(id);
  }

  /** How a stream that is over ended; see `ClosedStreams`. */
  wasResetByUs(id: number): boolean | undefined {
    return this.#closed.resetByUs(id);
  }

  /** A stream has begun. `headSeen`: we have the head of the message that comes on it. */
  begin(id: number, handler: StreamHandler, headSeen: boolean): Http2Stream {
    const windows = { send: this.#peer.windowBytes, receive: this.#windows.streamBytes };
    const stream = new Http2Stream(id, handler, this, windows, headSeen, this.#frames.output.takes);
    this.#open.set(id, stream);
    return stream;
  }

  /** The other side's END_STREAM has come. */
  endRemote(stream: Http2Stream): void {
    stream.remoteEnded = true;
    this.#settle(stream);
  }

  /** Resets a stream that the other side did wrong on, open or not. */
  refuse(id: number, code: number): void {
    const stream = this.#open.get(id);
    this.#frames.reset(id, code);
    if (stream === undefined) this.#closed.add(id, true);
    else {
      this.#abandon(stream, true);
      stream.handler.reset(code, false);
    }
  }

  /** The other side, or the end of the connection, has ended a stream. */
  cut(stream: Http2Stream, code: number, refused: boolean): void {
    this.#abandon(stream, false);
    stream.handler.reset(code, refused);
  }

  /** The connection is over: no stream may send from here on, whoever is told of it first. */
  cutAll(code: number, refused: (stream: Http2Stream) => boolean): void {
    const streams = [...this.#open.values()];
    for (const stream of streams) this.#abandon(stream, false);
    for (const stream of streams) stream.handler.reset(code, refused(stream));
  }

  sendHeaders(stream: Http2Stream, block: Uint8Array, endStream: boolean): void {
    this.sender.headers(stream, block, endStream);
  }

  sendData(stream: Http2Stream, chunk: Uint8Array, endStream: boolean): void {
    this.sender.data(stream, chunk, endStream);
  }

  sendMessage(stream: Http2Stream, body: Uint8Array, endStream: boolean): void {
    this.sender.message(stream, body, endStream);
  }

  reset(stream: Http2Stream, code: number): void {
    if (stream.wasReset) return;
    if (stream.ended) this.#windows.release(stream);
    else {
      this.#frames.reset(stream.id, code);
      this.#abandon(stream, true);
    }
  }

  consumed(stream: Http2Stream, bytes: number): void {
    if (!stream.wasReset) this.#windows.consumed(stream, bytes);
  }

  #settle(stream: Http2Stream): void {
    if (!stream.localEnded || !stream.remoteEnded) return;
    this.#open.delete(stream.id);
    this.#closed.add(stream.id, false);
  }

  #abandon(stream: Http2Stream, byUs: boolean): void {
    stream.wasReset = true;
    this.#open.delete(stream.id);
    this.#closed.add(stream.id, byUs);
    this.sender.drop(stream);
    this.#windows.release(stream);
  }
}
