/**
 * What streams send, and the windows it has to pass (RFC 9113 §5.2, §6.9). Bytes for which there is no window wait in the
 * queue of their stream. Streams that wait for nothing but the connection's window stand in a row and get a frame each in
 * turn, so that none starves.
 *
 * Invariant: while the connection's window is open and nothing is being sent, nobody stands in the row.
 */
import { ChunkQueue } from "./chunk-queue.js";
import type { FrameWriter } from "./frame-writer.js";
import type { PeerSettings } from "./settings.js";
import { WINDOW_BYTES_DEFAULT, WINDOW_BYTES_MAX } from "./settings.js";
import type { Http2Stream } from "./stream.js";

const PREFIX_BYTES = 5;

export class Sender {
  /** Bytes in the queues of all streams. */
  queuedBytes = 0;
  /** Of the connection. */
  window: number = WINDOW_BYTES_DEFAULT;
  readonly #frames: FrameWriter;
  readonly #peer: PeerSettings;
  /** Told that a stream's END_STREAM is in the output. */
  readonly #ended: (stream: Http2Stream) => void;
  #firstWaiting: Http2Stream | undefined = undefined;
  #lastWaiting: Http2Stream | undefined = undefined;
  #draining = false;
  #filling: Http2Stream | undefined = undefined;

  constructor(frames: FrameWriter, peer: PeerSettings, ended: (stream: Http2Stream) => void) {
    this.#frames = frames;
    this.#peer = peer;
    this.#ended = ended;
  }

  headers(stream: Http2Stream, block: Uint8Array, endStream: boolean): void {
    if (isOver(stream)) return;
    if (stream.queuedBytes > 0) {
      if (!endStream) throw new RangeError("only trailers can follow data that waits");
      stream.trailers = block;
      stream.endQueued = true;
      return;
    }
    this.#frames.headers(stream.id, block, endStream);
    if (endStream) this.#end(stream);
  }

  data(stream: Http2Stream, chunk: Uint8Array, endStream: boolean): void {
    if (isOver(stream) || (chunk.length === 0 && !endStream)) return;
    if (this.#passes(stream, chunk.length)) {
      this.#frames.dataHead(stream.id, chunk.length, endStream);
      this.#frames.output.body(chunk);
      this.#sent(stream, chunk.length, endStream);
      return;
    }
    this.#enqueue(stream, chunk, endStream);
    this.#begin(stream);
  }

  message(stream: Http2Stream, body: Uint8Array, endStream: boolean): void {
    if (isOver(stream)) return;
    const length = PREFIX_BYTES + body.length;
    if (this.#passes(stream, length)) {
      const { output } = this.#frames;
      this.#frames.dataHead(stream.id, length, endStream);
      output.octet(0);
      output.uint32(body.length);
      output.body(body);
      this.#sent(stream, length, endStream);
      return;
    }
    this.#enqueue(stream, prefixOf(body.length), endStream);
    if (body.length > 0) this.#enqueue(stream, body, endStream);
    this.#begin(stream);
  }

  /** The other side grants a stream more. False: more than a window can hold. */
  grant(stream: Http2Stream, bytes: number): boolean {
    if (stream.sendWindow + bytes > WINDOW_BYTES_MAX) return false;
    stream.sendWindow += bytes;
    this.#wait(stream);
    this.#drain();
    return true;
  }

  grantConnection(bytes: number): boolean {
    if (this.window + bytes > WINDOW_BYTES_MAX) return false;
    this.window += bytes;
    this.#drain();
    return true;
  }

  /** The other side's initial window has changed by so many bytes, which holds for open streams too (§6.9.2). */
  shift(streams: Iterable<Http2Stream>, bytes: number): boolean {
    for (const stream of streams) {
      if (stream.sendWindow + bytes > WINDOW_BYTES_MAX) return false;
      stream.sendWindow += bytes;
      this.#wait(stream);
    }
    this.#drain();
    return true;
  }

  /** What a stream has queued will not be sent. */
  drop(stream: Http2Stream): void {
    this.queuedBytes -= stream.queuedBytes;
    stream.queue = undefined;
    stream.trailers = undefined;
  }

  /** Nothing is before these bytes, and they fit into one frame and both windows. */
  #passes(stream: Http2Stream, length: number): boolean {
    if (stream.queuedBytes > 0) return false;
    if (length === 0) return true;
    return (
      this.#firstWaiting === undefined &&
      length <= this.window &&
      length <= stream.sendWindow &&
      length <= this.#peer.frameBytes
    );
  }

  #sent(stream: Http2Stream, length: number, endStream: boolean): void {
    this.window -= length;
    stream.sendWindow -= length;
    if (endStream) this.#end(stream);
  }

  #end(stream: Http2Stream): void {
    stream.localEnded = true;
    this.#ended(stream);
  }

  #enqueue(stream: Http2Stream, chunk: Uint8Array, endStream: boolean): void {
    stream.queue ??= new ChunkQueue();
    stream.queue.push(chunk);
    stream.endQueued = endStream;
    this.queuedBytes += chunk.length;
  }

  /** Sends what can be sent of a queue that its owner has just filled. Emptied at once, it is no news to the owner. */
  #begin(stream: Http2Stream): void {
    const before = this.#filling;
    this.#filling = stream;
    this.#wait(stream);
    this.#drain();
    this.#filling = before;
  }

  /** Puts a stream that has something to send and a window for it at the end of the row. */
  #wait(stream: Http2Stream): void {
    if (stream.waiting || stream.queuedBytes === 0 || stream.sendWindow <= 0) return;
    stream.waiting = true;
    if (this.#lastWaiting === undefined) this.#firstWaiting = stream;
    else this.#lastWaiting.nextWaiting = stream;
    this.#lastWaiting = stream;
  }

  #drain(): void {
    // A handler that is told of an empty queue may send at once; its stream takes its turn like the others.
    if (this.#draining) return;
    this.#draining = true;
    try {
      while (this.window > 0 && this.#firstWaiting !== undefined) this.#sendFrame(this.#nextInRow(this.#firstWaiting));
    } finally {
      this.#draining = false;
    }
  }

  #nextInRow(first: Http2Stream): Http2Stream {
    this.#firstWaiting = first.nextWaiting;
    if (this.#firstWaiting === undefined) this.#lastWaiting = undefined;
    first.nextWaiting = undefined;
    first.waiting = false;
    return first;
  }

  #sendFrame(stream: Http2Stream): void {
    const { queue } = stream;
    if (queue === undefined || queue.bytes === 0 || stream.sendWindow <= 0) return;
    const length = Math.min(queue.bytes, this.window, stream.sendWindow, this.#peer.frameBytes);
    const empties = length === queue.bytes;
    const endStream = empties && stream.endQueued && stream.trailers === undefined;
    this.#frames.dataHead(stream.id, length, endStream);
    queue.moveTo(this.#frames.output, length);
    this.queuedBytes -= length;
    this.#sent(stream, length, endStream);
    if (!empties) {
      this.#wait(stream);
      return;
    }
    if (stream.trailers !== undefined) {
      this.#frames.headers(stream.id, stream.trailers, true);
      this.#end(stream);
    }
    if (stream !== this.#filling) stream.handler.drained();
  }
}

function isOver(stream: Http2Stream): boolean {
  return stream.localEnded || stream.endQueued || stream.wasReset;
}

function prefixOf(length: number): Uint8Array {
  return Uint8Array.of(0, length >>> 24, length >>> 16, length >>> 8, length);
}
