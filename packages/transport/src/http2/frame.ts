/**
 * HTTP/2 frames (RFC 9113 §4): a head of nine octets and a payload. `FrameSplitter` finds them in a stream of bytes that
 * is cut anywhere; what the payload means is for others.
 */
import { joined } from "./octets.js";

export const FRAME_HEAD_BYTES = 9;
/** Largest payload a side must take before it has allowed more: SETTINGS_MAX_FRAME_SIZE (RFC 9113 §6.5.2). */
export const FRAME_PAYLOAD_BYTES_DEFAULT = 16_384;

export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

/** Flags by their bit; which of them a frame can have depends on its type. */
export const FrameFlag = {
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** The head of a frame, without the length of its payload. */
export interface FrameHead {
  /** One of `FrameType`, or a type unknown here, which is to be ignored (RFC 9113 §5.5). */
  readonly type: number;
  readonly flags: number;
  /** 0 for the connection; the reserved bit is left out. */
  readonly streamId: number;
}

export interface Frame extends FrameHead {
  /** Head and payload as they came. */
  readonly bytes: Uint8Array;
  readonly payload: Uint8Array;
}

/** A frame whose payload is longer than was allowed: FRAME_SIZE_ERROR. */
export class FrameSizeError extends Error {
  override readonly name = "FrameSizeError";
  readonly payloadBytes: number;

  constructor(payloadBytes: number, payloadBytesMax: number) {
    super(`a frame of ${payloadBytes} bytes, where ${payloadBytesMax} are allowed`);
    this.payloadBytes = payloadBytes;
  }
}

/** Writes a frame. Errors: `RangeError` for a payload that no length field can hold. */
export function frameBytes(head: FrameHead, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  if (length > 0xffffff) throw new RangeError(`a frame cannot hold ${length} bytes`);
  const bytes = new Uint8Array(FRAME_HEAD_BYTES + length);
  bytes.set([length >>> 16, length >>> 8, length, head.type, head.flags]);
  bytes.set([(head.streamId >>> 24) & 0x7f, head.streamId >>> 16, head.streamId >>> 8, head.streamId], 5);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return bytes;
}

/** Reads one whole frame, head and payload. */
export function parseFrame(bytes: Uint8Array): Frame {
  const octet = (at: number): number => bytes[at] ?? 0;
  return {
    type: octet(3),
    flags: octet(4),
    streamId: ((octet(5) & 0x7f) << 24) | (octet(6) << 16) | (octet(7) << 8) | octet(8),
    bytes,
    payload: bytes.subarray(FRAME_HEAD_BYTES),
  };
}

/**
 * Cuts a stream of bytes into frames: `push` what came, then call `next` until it has no more. Holds one unfinished
 * frame at most; a frame that lies whole in its chunk is a view into it.
 */
export class FrameSplitter {
  readonly #payloadBytesMax: number;
  #chunk: Uint8Array = NOTHING;
  /** Where in the chunk the next frame, or the next part of the unfinished one, begins. */
  #at = 0;
  /** Room for the unfinished frame: for its head, and for all of it once the head has told the length. */
  #unfinished: Uint8Array = NOTHING;
  #filled = 0;

  constructor(payloadBytesMax: number = FRAME_PAYLOAD_BYTES_DEFAULT) {
    this.#payloadBytesMax = payloadBytesMax;
  }

  push(chunk: Uint8Array): void {
    this.#chunk = this.#left === 0 ? chunk : joined([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** The next whole frame, if there is one. Errors: `FrameSizeError`, again at every call; see `rest`. */
  next(): Frame | undefined {
    if (this.#filled === 0 && this.#left >= FRAME_HEAD_BYTES) {
      const end = this.#at + this.#checkedLength(this.#chunk, this.#at);
      if (end <= this.#chunk.length) {
        const bytes = this.#chunk.subarray(this.#at, end);
        this.#at = end;
        return parseFrame(bytes);
      }
    }
    if (!this.#fill(FRAME_HEAD_BYTES)) return undefined;
    if (!this.#fill(this.#checkedLength(this.#unfinished, 0))) return undefined;
    const frame = parseFrame(this.#unfinished);
    this.#unfinished = NOTHING;
    this.#filled = 0;
    return frame;
  }

  /** The bytes that no frame was made of yet. */
  rest(): Uint8Array {
    return joined([this.#unfinished.subarray(0, this.#filled), this.#chunk.subarray(this.#at)]);
  }

  get #left(): number {
    return this.#chunk.length - this.#at;
  }

  /** Length of the frame whose head begins at `at`, the head included. */
  #checkedLength(bytes: Uint8Array, at: number): number {
    const octet = (i: number): number => bytes[at + i] ?? 0;
    const payloadBytes = (octet(0) << 16) | (octet(1) << 8) | octet(2);
    if (payloadBytes > this.#payloadBytesMax) throw new FrameSizeError(payloadBytes, this.#payloadBytesMax);
    return FRAME_HEAD_BYTES + payloadBytes;
  }

  /** Takes from the chunk until the unfinished frame has `length` bytes; false if the chunk ends before. */
  #fill(length: number): boolean {
    if (this.#unfinished.length < length) {
      const room = new Uint8Array(length);
      room.set(this.#unfinished.subarray(0, this.#filled));
      this.#unfinished = room;
    }
    const count = Math.max(0, Math.min(length - this.#filled, this.#left));
    this.#unfinished.set(this.#chunk.subarray(this.#at, this.#at + count), this.#filled);
    this.#filled += count;
    this.#at += count;
    // A chunk that is used up must not stay in memory while the connection rests.
    if (this.#left === 0) this.push(NOTHING);
    return this.#filled >= length;
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
