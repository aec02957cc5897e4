/**
 * The protobuf wire format, as much of it as the core's small records need: varints, strings and bytes. Written by hand
 * because the core imports no other package; the records stay readable with the definitions in `@kvorum/proto`
 * (https://protobuf.dev/programming-guides/encoding/).
 */
import { invariant } from "./invariant.js";

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Collects the fields of one message. Zero and empty values are left out, as proto3 does. */
export class MessageWriter {
  readonly #bytes: number[] = [];

  /** An `int64`, `uint64` or `bool`; negative numbers take ten bytes. */
  varint(field: number, value: bigint): this {
    if (value !== 0n) {
      this.#raw(BigInt(field * 8 + VARINT));
      this.#raw(BigInt.asUintN(64, value));
    }
    return this;
  }

  text(field: number, value: string): this {
    return value === "" ? this : this.element(field, value);
  }

  /** One element of a repeated string: written even when it is empty. */
  element(field: number, value: string): this {
    return this.#delimited(field, encodeUtf8(value));
  }

  /** `bytes`, or the fields of a message; written only when there are any. A permission, say, always has some. */
  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.#delimited(field, value);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #delimited(field: number, value: Iterable<number> & { readonly length: number }): this {
    this.#raw(BigInt(field * 8 + LENGTH_DELIMITED));
    this.#raw(BigInt(value.length));
    // One by one: a call takes only so many arguments.
    for (const byte of value) this.#bytes.push(byte);
    return this;
  }

  #raw(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.#bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#bytes.push(Number(rest));
  }
}

export interface Field {
  readonly number: number;
  /** An unsigned 64-bit value; 0n for a length-delimited field. */
  readonly varint: bigint;
  /** The content of a length-delimited field; empty for a varint. */
  readonly bytes: Uint8Array;
}

/**
 * The fields of a message in the order they were written. A record that was cut short or is not of our making breaks an
 * invariant: it was read back from our own storage.
 */
export function* readMessage(bytes: Uint8Array): Iterable<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      invariant(byte !== undefined, "a stored record ends inside a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError("a stored record holds a number of more than ten bytes");
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    if (tag % 8 === VARINT) {
      yield { number, varint: varint(), bytes: new Uint8Array(0) };
    } else {
      invariant(tag % 8 === LENGTH_DELIMITED, `a stored record has a field of wire type ${tag % 8}`);
      const length = Number(varint());
      invariant(at + length <= bytes.length, "a stored record ends inside a field");
      yield { number, varint: 0n, bytes: bytes.slice(at, at + length) };
      at += length;
    }
  }
}

/** UTF-8 (RFC 3629); a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    const scalar = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (scalar < 0x80) bytes.push(scalar);
    else if (scalar < 0x800) bytes.push(0xc0 | (scalar >> 6), continuation(scalar));
    else if (scalar < 0x10000) bytes.push(0xe0 | (scalar >> 12), continuation(scalar >> 6), continuation(scalar));
    else {
      bytes.push(0xf0 | (scalar >> 18), continuation(scalar >> 12), continuation(scalar >> 6), continuation(scalar));
    }
  }
  return bytes;
}

/** Reads what `encodeUtf8` wrote; it does not look for malformed input. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] as number;
    const more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let point = more === 0 ? first : first & (0x3f >> more);
    for (let i = 1; i <= more; i++) point = (point << 6) | ((bytes[at + i] ?? 0) & 0x3f);
    text += String.fromCodePoint(point);
    at += more + 1;
  }
  return text;
}

function continuation(bits: number): number {
  return 0x80 | (bits & 0x3f);
}
