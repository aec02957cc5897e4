/**
 * How many bytes the parts of a message take. The generated `size…` functions add them up, so that the writer can allocate once
 * and exactly. Numbers are checked here, where they are first looked at; the writer relies on it.
 */
import type { UnknownField } from "@bufbuild/protobuf";
import { utf8Size } from "./text.js";
import { highWord, lowWord, setSigned, setUnsigned } from "./wide.js";

/** Of a number below 2^32. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Of that many bytes with their length in front. */
export function delimitedSize(length: number): number {
  return varintSize(length) + length;
}

export function bytesSize(value: Uint8Array): number {
  return delimitedSize(value.length);
}

export function textSize(value: string): number {
  return delimitedSize(utf8Size(value));
}

/** Errors: `RangeError` for a number that is no int32. A negative one takes ten bytes. */
export function int32Size(value: number): number {
  if ((value | 0) !== value) throw new RangeError(`${value} is no int32`);
  return value < 0 ? 10 : varintSize(value);
}

/** Errors: `RangeError` for a number that is no uint32. */
export function uint32Size(value: number): number {
  if (value >>> 0 !== value) throw new RangeError(`${value} is no uint32`);
  return varintSize(value);
}

/** Errors: `RangeError` for a number that is no int64. */
export function int64Size(value: bigint): number {
  setSigned(value);
  return registerSize();
}

/** Errors: `RangeError` for a number that is no uint64. */
export function uint64Size(value: bigint): number {
  setUnsigned(value);
  return registerSize();
}

/** Of a packed field, without its length. */
export function int32ListLength(list: readonly number[]): number {
  let length = 0;
  for (const value of list) length += int32Size(value);
  return length;
}

/** Of a packed field, without its length. */
export function uint64ListLength(list: readonly bigint[]): number {
  let length = 0;
  for (const value of list) length += uint64Size(value);
  return length;
}

/** Of what a decoded message holds beside its own fields; `typeName` is that of the message that is written. */
export function unknownSize(message: object, typeName: string): number {
  let size = 0;
  for (const { no, wireType, data } of unknownFields(message, typeName)) {
    size += varintSize(((no << 3) | wireType) >>> 0) + data.length;
  }
  return size;
}

/** A plain object and a message of another type lend their known fields only. */
export function unknownFields(message: object, typeName: string): readonly UnknownField[] {
  const { $typeName, $unknown = [] } = message as { $typeName?: string; $unknown?: UnknownField[] };
  return $typeName === typeName ? $unknown : [];
}

function registerSize(): number {
  const high = highWord();
  return high === 0 ? varintSize(lowWord()) : Math.ceil((64 - Math.clz32(high)) / 7);
}
