/**
 * Reads the fields of one message and of all that are nested in it: a cursor over the bytes, which the generated readers share.
 *
 * It takes and refuses exactly what protobuf-es does, in its leniency too. A wire type that is not the field's own goes
 * unnoticed, since the field's type alone says how its value is read; a nested message may read past its end as long as the
 * bytes last; a varint drops the bits that its type has no room for.
 */
import type { UnknownField } from "@bufbuild/protobuf";
import { readUtf8 } from "./text.js";
import { highWord, lowWord, setWords, signedValue, unsignedValue } from "./wide.js";

/** Messages in messages, and groups, that one inside the other are still read. */
const DEPTH_MAX = 100;

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const GROUP = 3;
const GROUP_END = 4;

/** What numbers of one byte are read as: making a `bigint` costs more than finding one. */
const ONE_BYTE_VALUES: readonly bigint[] = Array.from({ length: 0x80 }, (_, value) => BigInt(value));

/** What a bytes field is that the message does not have. One for all: nothing can be written into it. */
export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

export class Reader {
  /** Where the next byte is read. */
  at = 0;

  readonly #bytes: Uint8Array;
  #depth = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Number and wire type of the next field. Errors: `RangeError` for a field number that is 0 or too large, or no wire type. */
  tag(): number {
    const byte = this.#bytes[this.at] as number;
    if (byte < 0x80 && byte > 7 && (byte & 7) <= 5) {
      this.at += 1;
      return byte;
    }
    return this.#longTag();
  }

  /** Where the nested message that begins here ends; `leave()` when it is read. */
  nested(): number {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new RangeError(`messages are nested more than ${DEPTH_MAX} deep`);
    return this.end();
  }

  leave(): void {
    this.#depth -= 1;
  }

  /** Where that ends whose length stands here. */
  end(): number {
    const end = this.uint32() + this.at;
    if (end > this.#bytes.length) throw truncated();
    return end;
  }

  /** A view of the message's bytes. */
  bytes(): Uint8Array {
    const end = this.end();
    const field = this.#bytes.subarray(this.at, end);
    this.at = end;
    return field;
  }

  /** Errors: `TypeError` for bytes that are no UTF-8. */
  text(): string {
    const end = this.end();
    const field = readUtf8(this.#bytes, this.at, end);
    this.at = end;
    return field;
  }

  bool(): boolean {
    this.#varint();
    return lowWord() !== 0 || highWord() !== 0;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  uint32(): number {
    const byte = this.#bytes[this.at] as number;
    if (byte < 0x80) {
      this.at += 1;
      return byte;
    }
    this.#varint();
    return lowWord();
  }

  int64(): bigint {
    const byte = this.#bytes[this.at] as number;
    if (byte < 0x80) {
      this.at += 1;
      return ONE_BYTE_VALUES[byte] as bigint;
    }
    this.#varint();
    return signedValue();
  }

  uint64(): bigint {
    const byte = this.#bytes[this.at] as number;
    if (byte < 0x80) {
      this.at += 1;
      return ONE_BYTE_VALUES[byte] as bigint;
    }
    this.#varint();
    return unsignedValue();
  }

  /** Appends one value, or all of a packed field. */
  int32List(tag: number, list: number[]): void {
    if ((tag & 7) !== DELIMITED) list.push(this.int32());
    else for (const end = this.end(); this.at < end; ) list.push(this.int32());
  }

  /** Appends one value, or all of a packed field. */
  uint64List(tag: number, list: bigint[]): void {
    if ((tag & 7) !== DELIMITED) list.push(this.uint64());
    else for (const end = this.end(); this.at < end; ) list.push(this.uint64());
  }

  /** Keeps a field that the message's type does not know, for whoever writes the message again. */
  unknown(message: { $unknown?: UnknownField[] | undefined }, tag: number): void {
    const start = this.at;
    this.#skip(tag, DEPTH_MAX - this.#depth);
    const field = { no: tag >>> 3, wireType: tag & 7, data: this.#bytes.subarray(start, this.at) };
    if (message.$unknown === undefined) message.$unknown = [field];
    else message.$unknown.push(field);
  }

  #skip(tag: number, groupsLeft: number): void {
    const wireType = tag & 7;
    if (wireType === VARINT) this.#skipVarint();
    else if (wireType === DELIMITED) this.at = this.end();
    else if (wireType === GROUP) this.#skipGroup(tag, groupsLeft);
    else if (wireType === GROUP_END) throw new RangeError("a group ends that never began");
    else this.at += wireType === FIXED64 ? 8 : 4;
    if (this.at > this.#bytes.length) throw truncated();
  }

  /** However long it is. */
  #skipVarint(): void {
    while ((this.#bytes[this.at] as number) >= 0x80) this.at += 1;
    this.at += 1;
  }

  #skipGroup(opening: number, groupsLeft: number): void {
    if (groupsLeft <= 0) throw new RangeError(`groups are nested more than ${DEPTH_MAX} deep`);
    let tag = this.tag();
    for (; (tag & 7) !== GROUP_END; tag = this.tag()) this.#skip(tag, groupsLeft - 1);
    if (tag >>> 3 !== opening >>> 3) throw new RangeError("a group ends under another number");
  }

  #longTag(): number {
    const start = this.at;
    this.#varint();
    const length = this.at - start;
    const tag = lowWord();
    if (length > 5 || (length === 5 && (this.#bytes[this.at - 1] as number) > 0x0f) || tag < 8 || (tag & 7) > 5) {
      throw new RangeError("a field has no valid number or wire type");
    }
    return tag;
  }

  /** Into the register of `wide.ts`. */
  #varint(): void {
    const bytes = this.#bytes;
    let at = this.at;
    let [low, high, shift] = [0, 0, 0];
    let byte: number;
    do {
      byte = bytes[at++] as number;
      low |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80 && shift < 28);
    // The fifth byte has bits of both words.
    if (byte >= 0x80) {
      byte = bytes[at++] as number;
      low |= (byte & 0x0f) << 28;
      high = (byte & 0x70) >>> 4;
      for (shift = 3; byte >= 0x80 && shift <= 31; shift += 7) {
        byte = bytes[at++] as number;
        high |= (byte & 0x7f) << shift;
      }
      if (byte >= 0x80) throw new RangeError("a varint has more than ten bytes");
    }
    if (at > bytes.length) throw truncated();
    this.at = at;
    setWords(low, high);
  }
}

function truncated(): RangeError {
  return new RangeError("the message ends too early");
}
