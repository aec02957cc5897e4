/**
 * How many values an encoded message has, counted without decoding it. Decoding makes an object of every message inside and
 * an element of every value in a list, so that two megabytes of the smallest ones keep the main thread busy for a second,
 * before anybody has asked who sends them; counting them takes a few milliseconds, and only where there could be so many.
 *
 * Counted are fields as they stand in the bytes (https://protobuf.dev/programming-guides/encoding), at every depth that a
 * decoder reads; of a packed list its bytes, which are no fewer than its values.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

const [VARINT, BITS_64, LENGTH, BITS_32] = [0, 1, 2, 5];
/** Depth at which protobuf-es refuses a message. */
const DEPTH_MAX = 100;

export class ValueCounter {
  readonly #fields = new Map<DescMessage, ReadonlyMap<number, DescField>>();

  /** What is malformed is left to the decoder: counting ends there. */
  hasMoreThan(max: number, schema: DescMessage, bytes: Uint8Array): boolean {
    // A value takes a byte at least.
    return bytes.length > max && this.#left(schema, bytes, 0, bytes.length, max, 0) < 0;
  }

  /** Of `left` values what is left behind those between `at` and `end`; negative as soon as there are too many. */
  #left(schema: DescMessage, bytes: Uint8Array, start: number, end: number, max: number, depth: number): number {
    if (depth > DEPTH_MAX) return max;
    const fields = this.#fieldsOf(schema);
    let [at, left] = [start, max];
    while (at < end && left >= 0) {
      left -= 1;
      const tagEnd = varintEnd(bytes, at, end);
      const tag = varint(bytes, at, tagEnd);
      at = tagEnd;
      const type = tag & 7;
      if (type === VARINT) at = varintEnd(bytes, at, end);
      else if (type === BITS_64) at += 8;
      else if (type === BITS_32) at += 4;
      else if (type === LENGTH) {
        const lengthEnd = varintEnd(bytes, at, end);
        const valueEnd = lengthEnd + varint(bytes, at, lengthEnd);
        if (valueEnd > end) return left;
        const field = fields.get(tag >>> 3);
        if (field?.message !== undefined) left = this.#left(field.message, bytes, lengthEnd, valueEnd, left, depth + 1);
        else if (field !== undefined && isPacked(field)) left -= valueEnd - lengthEnd;
        at = valueEnd;
      }
    }
    return left;
  }

  #fieldsOf(schema: DescMessage): ReadonlyMap<number, DescField> {
    let fields = this.#fields.get(schema);
    if (fields === undefined) {
      fields = new Map(schema.fields.map((field) => [field.number, field]));
      this.#fields.set(schema, fields);
    }
    return fields;
  }
}

/** Lists of numbers, however they are declared: a decoder takes them packed too. */
function isPacked({ fieldKind, scalar }: DescField): boolean {
  return fieldKind === "list" && scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES;
}

function varintEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) >= 0x80) at += 1;
  return Math.min(at + 1, end);
}

/** Its lowest 32 bits; no tag and no length has more. */
function varint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end && at < start + 5; at++) value |= ((bytes[at] as number) & 0x7f) << (7 * (at - start));
  return value >>> 0;
}
