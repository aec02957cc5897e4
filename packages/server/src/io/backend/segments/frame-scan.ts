/** Reads the frames of a segment in order, a piece of the file at a time, up to the first that does not hold. */
import type { DiskFile } from "../../../env.js";
import { naming } from "../../disk/disk-error.js";
import { FRAME_HEADER_BYTES, frameBytes, readFrameHeader, readFramePayload } from "./frame.js";

/** Read at once, and judged in one go: a few milliseconds. */
const PIECE_BYTES = 1024 * 1024;

export interface ScannedFrame {
  /** Where its payload begins, in bytes from the start of the file. */
  readonly payloadAt: number;
  /** A view that is good until the next piece is read. */
  readonly payload: Uint8Array;
  readonly oldest: number;
}

export interface ScanOptions {
  /** For errors. */
  readonly path: string;
  readonly file: DiskFile;
  readonly headerSeed: number;
  /** Where the frames end, at most. */
  readonly end: number;
  readonly offset: number;
  readonly chainCrc: number;
}

export class FrameScan {
  readonly #options: ScanOptions;
  /** Read and not judged, from `#offset` on. */
  #unjudged: Uint8Array = new Uint8Array(0);
  #offset: number;
  #chainCrc: number;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#offset = options.offset;
    this.#chainCrc = options.chainCrc;
  }

  /** Behind the last good frame. */
  get offset(): number {
    return this.#offset;
  }

  /** Of the last good frame. */
  get chainCrc(): number {
    return this.#chainCrc;
  }

  /** Some more frames; none when the end or a bad frame is reached. */
  async next(): Promise<readonly ScannedFrame[]> {
    for (;;) {
      const { frames, wanted } = this.#judge();
      if (frames.length > 0) return frames;
      const read = this.#offset + this.#unjudged.length;
      if (wanted <= this.#unjudged.length || read >= this.#options.end) return [];
      const more = await this.#read(read, Math.max(PIECE_BYTES, wanted - this.#unjudged.length));
      if (more.length === 0) return [];
      this.#unjudged = joined(this.#unjudged, more);
    }
  }

  /** The frames that are whole, and how many bytes it takes to judge the next one. */
  #judge(): { readonly frames: readonly ScannedFrame[]; readonly wanted: number } {
    const bytes = this.#unjudged;
    const frames: ScannedFrame[] = [];
    let at = 0;
    let wanted = FRAME_HEADER_BYTES;
    for (;;) {
      const header = readFrameHeader(bytes, at, this.#options.headerSeed);
      if (header === undefined) break;
      wanted = frameBytes(header.payloadLength);
      const payload = at + wanted > bytes.length ? undefined : readFramePayload(bytes, at, header, this.#chainCrc);
      if (payload === undefined) break;
      frames.push({ payloadAt: this.#offset + at + FRAME_HEADER_BYTES, payload, oldest: header.oldest });
      this.#chainCrc = header.chainCrc;
      at += wanted;
      wanted = FRAME_HEADER_BYTES;
    }
    this.#unjudged = bytes.subarray(at);
    this.#offset += at;
    return { frames, wanted };
  }

  #read(offset: number, bytes: number): Promise<Uint8Array> {
    const { path, file, end } = this.#options;
    return naming(path, file.readAt(offset, Math.min(bytes, end - offset)));
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
