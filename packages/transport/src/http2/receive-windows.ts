/**
 * The windows we grant (RFC 9113 §6.9). What was dealt with is given back when half of a window is used up and not in every
 * frame, which would be a frame for each of theirs.
 */
import { ErrorCode, Http2Error } from "./error-code.js";
import type { FrameWriter } from "./frame-writer.js";
import { WINDOW_BYTES_DEFAULT } from "./settings.js";
import type { Http2Stream } from "./stream.js";

export class ReceiveWindows {
  /** What a new stream is granted. */
  streamBytes: number;
  readonly #frames: FrameWriter;
  readonly #announcedBytes: number;
  readonly #connectionBytes: number;
  /** Bytes that the other side may send on the connection. */
  #left: number;
  #owed = 0;
  #stopped = false;

  constructor(frames: FrameWriter, streamBytes: number, connectionBytes: number) {
    this.#frames = frames;
    this.#announcedBytes = streamBytes;
    this.#connectionBytes = connectionBytes;
    this.#left = connectionBytes;
    // Whoever has not seen our SETTINGS yet goes by the default.
    this.streamBytes = Math.max(streamBytes, WINDOW_BYTES_DEFAULT);
  }

  /** Tells the other side of the connection's window, which SETTINGS do not change. */
  announce(): void {
    const more = this.#connectionBytes - WINDOW_BYTES_DEFAULT;
    if (more > 0) this.#frames.windowUpdate(0, more);
  }

  /** The other side knows our SETTINGS: what was granted beyond them is taken back. */
  acknowledged(streams: Iterable<Http2Stream>): void {
    const more = this.streamBytes - this.#announcedBytes;
    if (more === 0) return;
    for (const stream of streams) stream.receiveWindow -= more;
    this.streamBytes = this.#announcedBytes;
  }

  /** A DATA frame has come, padding and all. Errors: `Http2Error` when the connection's window has no room for it. */
  received(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) {
      throw new Http2Error(ErrorCode.FLOW_CONTROL_ERROR, "more data than the connection's window allows");
    }
  }

  /** Bytes of a stream that was given so many are dealt with. */
  consumed(stream: Http2Stream, bytes: number): void {
    const count = Math.min(bytes, stream.unreadBytes);
    stream.unreadBytes -= count;
    this.giveBack(stream, count);
  }

  /** Nobody will read what a stream still holds. */
  release(stream: Http2Stream): void {
    this.giveBackToConnection(stream.unreadBytes);
    stream.unreadBytes = 0;
  }

  /** The connection is over: nothing is given back any more. */
  stop(): void {
    this.#stopped = true;
  }

  giveBack(stream: Http2Stream, bytes: number): void {
    this.giveBackToConnection(bytes);
    if (this.#stopped || stream.remoteEnded || stream.wasReset) return;
    stream.owedBytes += bytes;
    if (stream.owedBytes * 2 < this.streamBytes || stream.owedBytes === 0) return;
    this.#frames.windowUpdate(stream.id, stream.owedBytes);
    stream.receiveWindow += stream.owedBytes;
    stream.owedBytes = 0;
  }

  giveBackToConnection(bytes: number): void {
    this.#owed += bytes;
    if (this.#stopped || this.#owed * 2 < this.#connectionBytes) return;
    this.#frames.windowUpdate(0, this.#owed);
    this.#left += this.#owed;
    this.#owed = 0;
  }
}
