/**
 * Bytes on their way to the socket. Small things are packed into one buffer that is given away piece by piece and never
 * written again where it was given away; large bodies stay where they are and go in between.
 */
import { FRAME_HEAD_BYTES } from "./frame.js";

/** From this size on a body is not copied. */
export const COPY_BYTES_MAX = 8_192;
const ROOM_BYTES_MIN = 1_024;
const ROOM_BYTES_MAX = 65_536;

export class Output {
  /** Bytes that were not taken yet. */
  bytes = 0;
  /** How often output was taken. */
  takes = 0;
  readonly #begun: () => void;
  #parts: Uint8Array[] = [];
  #room: Uint8Array = new Uint8Array(ROOM_BYTES_MIN);
  /** What is packed and in no part yet lies between these. */
  #from = 0;
  #at = 0;

  /** `begun` is called at the first byte after each `take`. */
  constructor(begun: () => void) {
    this.#begun = begun;
  }

  take(): readonly Uint8Array[] {
    this.#cut();
    const parts = this.#parts;
    this.#parts = [];
    // A connection at rest keeps no large room.
    if (this.bytes < ROOM_BYTES_MIN && this.#room.length > ROOM_BYTES_MIN) this.#newRoom(ROOM_BYTES_MIN);
    this.bytes = 0;
    this.takes++;
    return parts;
  }

  /** The head of a frame whose payload of `length` bytes is written next. */
  head(type: number, flags: number, streamId: number, length: number): void {
    const room = this.#reserve(FRAME_HEAD_BYTES);
    let at = this.#at;
    room[at++] = length >>> 16;
    room[at++] = length >>> 8;
    room[at++] = length;
    room[at++] = type;
    room[at++] = flags;
    room[at++] = streamId >>> 24;
    room[at++] = streamId >>> 16;
    room[at++] = streamId >>> 8;
    room[at++] = streamId;
    this.#wrote(at);
  }

  octet(value: number): void {
    this.#reserve(1)[this.#at] = value;
    this.#wrote(this.#at + 1);
  }

  uint16(value: number): void {
    this.octet(value >>> 8);
    this.octet(value);
  }

  uint32(value: number): void {
    const room = this.#reserve(4);
    let at = this.#at;
    room[at++] = value >>> 24;
    room[at++] = value >>> 16;
    room[at++] = value >>> 8;
    room[at++] = value;
    this.#wrote(at);
  }

  /** Bytes that are copied if they are few, and else must not change any more. */
  body(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length === 0) return;
    if (length >= COPY_BYTES_MAX) {
      this.#cut();
      this.#parts.push(bytes);
      this.#count(length);
      return;
    }
    this.#reserve(length).set(bytes, this.#at);
    this.#wrote(this.#at + length);
  }

  #wrote(at: number): void {
    const length = at - this.#at;
    this.#at = at;
    this.#count(length);
  }

  #count(length: number): void {
    const first = this.bytes === 0;
    this.bytes += length;
    if (first) this.#begun();
  }

  #reserve(length: number): Uint8Array {
    if (this.#at + length > this.#room.length) {
      this.#cut();
      this.#newRoom(Math.max(length, Math.min(ROOM_BYTES_MAX, this.#room.length * 2)));
    }
    return this.#room;
  }

  #newRoom(length: number): void {
    this.#room = new Uint8Array(length);
    this.#from = 0;
    this.#at = 0;
  }

  #cut(): void {
    if (this.#at > this.#from) this.#parts.push(this.#room.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}
