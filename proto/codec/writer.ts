/**
 * Writes the fields of one message and of all that are nested in it, into bytes of exactly their size: the generated writers
 * share it. They write what the `size…` functions have counted, in the same order.
 */
import { int32ListLength, uint64ListLength, unknownFields } from "./sizes.js";
import { utf8Size, writeUtf8 } from "./text.js";
import { highWord, lowWord, setSigned, setUnsigned, setWords } from "./wide.js";

/** Bytes up to which a loop copies faster than a call does. */
const COPY_LOOP_BYTES_MAX = 24;

export class Writer {
  readonly #bytes: Uint8Array;
  readonly #sizes: readonly number[];
  #at = 0;
  /** Of the size of the next nested message. */
  #nextSize = 1;

  /** `sizes`: of every message, the outermost first and each before those that are nested in it. `bytes`: room for the outermost. */
  constructor(sizes: readonly number[], bytes: Uint8Array) {
    this.#sizes = sizes;
    this.#bytes = bytes;
  }

  /** What has been written. Errors: `Error` when the message has changed since it was measured. */
  finish(): Uint8Array {
    if (this.#at !== this.#bytes.length) throw new Error("a message changed while it was encoded");
    return this.#bytes;
  }

  /** Opens a nested message, whose fields are written next. */
  nested(tag: number): void {
    this.#varint32(tag);
    this.#varint32(this.#sizes[this.#nextSize++] as number);
  }

  bytes(tag: number, value: Uint8Array): void {
    this.#varint32(tag);
    this.#varint32(value.length);
    this.#raw(value);
  }

  text(tag: number, value: string): void {
    const size = utf8Size(value);
    this.#varint32(tag);
    this.#varint32(size);
    writeUtf8(this.#bytes, this.#at, value, size);
    this.#at += size;
  }

  bool(tag: number, value: boolean): void {
    this.#varint32(tag);
    this.#bytes[this.#at++] = value ? 1 : 0;
  }

  int32(tag: number, value: number): void {
    this.#varint32(tag);
    this.#int32(value);
  }

  uint32(tag: number, value: number): void {
    this.#varint32(tag);
    this.#varint32(value);
  }

  int64(tag: number, value: bigint): void {
    this.#varint32(tag);
    setSigned(value);
    this.#register();
  }

  uint64(tag: number, value: bigint): void {
    this.#varint32(tag);
    setUnsigned(value);
    this.#register();
  }

  /** Packed. */
  int32List(tag: number, list: readonly number[]): void {
    this.#varint32(tag);
    this.#varint32(int32ListLength(list));
    for (const value of list) this.#int32(value);
  }

  /** Packed. */
  uint64List(tag: number, list: readonly bigint[]): void {
    this.#varint32(tag);
    this.#varint32(uint64ListLength(list));
    for (const value of list) {
      setUnsigned(value);
      this.#register();
    }
  }

  /** What a decoded message holds beside its own fields. */
  unknown(message: object, typeName: string): void {
    for (const { no, wireType, data } of unknownFields(message, typeName)) {
      this.#varint32(((no << 3) | wireType) >>> 0);
      this.#raw(data);
    }
  }

  /** The fields of a message that was encoded before. */
  encoded(bytes: Uint8Array): void {
    this.#raw(bytes);
  }

  #raw(value: Uint8Array): void {
    const { length } = value;
    if (length > COPY_LOOP_BYTES_MAX) this.#bytes.set(value, this.#at);
    else for (let i = 0; i < length; i++) this.#bytes[this.#at + i] = value[i] as number;
    this.#at += length;
  }

  #int32(value: number): void {
    setWords(value, value < 0 ? -1 : 0);
    this.#register();
  }

  #varint32(value: number): void {
    const bytes = this.#bytes;
    let [at, rest] = [this.#at, value];
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.#at = at;
  }

  /** What stands in the register of `wide.ts`. */
  #register(): void {
    const bytes = this.#bytes;
    let [at, low, high] = [this.#at, lowWord(), highWord()];
    for (; high !== 0; high >>>= 7) {
      bytes[at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
    }
    for (; low > 0x7f; low >>>= 7) bytes[at++] = (low & 0x7f) | 0x80;
    bytes[at++] = low;
    this.#at = at;
  }
}
