/**
 * The heads of frames in a stream of bytes that passes by, cut anywhere, with the beginnings of their payloads if wanted. The
 * rest is skipped and nothing is kept but a head that is cut, so it costs a few operations a frame.
 */
import { FRAME_HEAD_BYTES } from "./frame.js";

/**
 * Told type, flags and stream of each frame as its head passes. `bytes` are the head and the beginning of the payload, as far
 * as it was asked for and is there; they change with the next frame.
 */
export type HeadTaker = (type: number, flags: number, streamId: number, bytes: Uint8Array) => void;

export class FrameHeads {
  readonly #take: HeadTaker;
  /** The head and behind it the beginning of the payload. */
  readonly #head: Uint8Array;
  readonly #beginningBytesMax: number;
  #headBytes = 0;
  #wanted = FRAME_HEAD_BYTES;
  /** Of the payload, or of what stands before the first frame. */
  #skip: number;

  /** `skipBytes` pass before the first frame: a client's preface. Of each payload `beginningBytesMax` bytes are shown. */
  constructor(take: HeadTaker, skipBytes = 0, beginningBytesMax = 0) {
    this.#take = take;
    this.#skip = skipBytes;
    this.#beginningBytesMax = beginningBytesMax;
    this.#head = new Uint8Array(FRAME_HEAD_BYTES + beginningBytesMax);
  }

  /** What passed so far ends with the end of a frame. */
  get betweenFrames(): boolean {
    return this.#skip === 0 && this.#headBytes === 0;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      this.#head[this.#headBytes++] = chunk[at++] as number;
      if (this.#headBytes === FRAME_HEAD_BYTES) {
        this.#wanted = FRAME_HEAD_BYTES + Math.min(this.#payloadBytes, this.#beginningBytesMax);
      }
      if (this.#headBytes === this.#wanted) this.#passed();
    }
  }

  get #payloadBytes(): number {
    const head = this.#head;
    return ((head[0] as number) << 16) | ((head[1] as number) << 8) | (head[2] as number);
  }

  #passed(): void {
    const head = this.#head;
    this.#headBytes = 0;
    this.#skip = FRAME_HEAD_BYTES + this.#payloadBytes - this.#wanted;
    this.#wanted = FRAME_HEAD_BYTES;
    // The first bit of the stream's id is reserved (RFC 9113 §4.1).
    const streamId =
      (((head[5] as number) & 0x7f) << 24) |
      ((head[6] as number) << 16) |
      ((head[7] as number) << 8) |
      (head[8] as number);
    this.#take(head[3] as number, head[4] as number, streamId, head);
  }
}
