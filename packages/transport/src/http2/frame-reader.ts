/**
 * Finds the frames in a connection's bytes, which are cut anywhere, without making anything for a frame that lies whole in its
 * chunk. Holds one unfinished frame at most. `FrameSplitter` is the same with an object a frame.
 */
import { ErrorCode, Http2Error } from "./error-code.js";
import { FRAME_HEAD_BYTES } from "./frame.js";

/** Told of each frame; its payload are the bytes from `from` up to `to`. False: no more frames are wanted. */
export interface FrameTaker {
  frame(type: number, flags: number, streamId: number, bytes: Uint8Array, from: number, to: number): boolean;
}

export class FrameReader {
  readonly #taker: FrameTaker;
  readonly #payloadBytesMax: number;
  /** Room for the head of a frame that is cut, and for all of it once the head has told the length. */
  #unfinished: Uint8Array = new Uint8Array(FRAME_HEAD_BYTES);
  #filled = 0;

  constructor(payloadBytesMax: number, taker: FrameTaker) {
    this.#payloadBytesMax = payloadBytesMax;
    this.#taker = taker;
  }

  /** Bytes of the frame that is not whole yet. */
  get unfinishedBytes(): number {
    return this.#filled;
  }

  /** Takes the bytes from `at` on. Errors: `Http2Error` for a frame that is too long, and whatever the taker throws. */
  receive(chunk: Uint8Array, at: number): void {
    const { length } = chunk;
    while (this.#filled > 0) {
      if (at >= length) return;
      const taken = this.#fill(chunk, at);
      if (taken < 0) return;
      at += taken;
    }
    while (length - at >= FRAME_HEAD_BYTES) {
      const from = at + FRAME_HEAD_BYTES;
      const to = from + this.#payloadBytes(chunk, at);
      if (to > length) break;
      if (!this.#take(chunk, at, to)) return;
      at = to;
    }
    while (at < length) {
      const taken = this.#fill(chunk, at);
      if (taken < 0) return;
      at += taken;
    }
  }

  /** Puts bytes into the unfinished frame, hands it on when it is whole, and returns how many; -1: no more are wanted. */
  #fill(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#unfinished.length - this.#filled, chunk.length - at);
    this.#unfinished.set(chunk.subarray(at, at + count), this.#filled);
    this.#filled += count;
    if (this.#filled < this.#unfinished.length) return count;
    const bytes = this.#unfinished;
    const whole = FRAME_HEAD_BYTES + this.#payloadBytes(bytes, 0);
    if (bytes.length < whole) {
      this.#unfinished = new Uint8Array(whole);
      this.#unfinished.set(bytes);
      return count;
    }
    this.#unfinished = new Uint8Array(FRAME_HEAD_BYTES);
    this.#filled = 0;
    return this.#take(bytes, 0, whole) ? count : -1;
  }

  #take(bytes: Uint8Array, at: number, to: number): boolean {
    // The first bit of the stream's id is reserved (RFC 9113 §4.1).
    const streamId =
      (((bytes[at + 5] as number) & 0x7f) << 24) |
      ((bytes[at + 6] as number) << 16) |
      ((bytes[at + 7] as number) << 8) |
      (bytes[at + 8] as number);
    return this.#taker.frame(
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      streamId,
      bytes,
      at + FRAME_HEAD_BYTES,
      to,
    );
  }

  #payloadBytes(bytes: Uint8Array, at: number): number {
    const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    if (length <= this.#payloadBytesMax) return length;
    throw new Http2Error(
      ErrorCode.FRAME_SIZE_ERROR,
      `a frame of ${length} bytes, where ${this.#payloadBytesMax} are allowed`,
    );
  }
}
