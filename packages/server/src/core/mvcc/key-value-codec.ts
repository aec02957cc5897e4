/**
 * `mvccpb.KeyValue` in protobuf's wire format, the form in which table `key` holds it: fields in the order of their
 * numbers, zero and empty ones left out, as every protobuf encoder writes them (field numbers: `kv.proto`).
 *
 * Written by hand because every put and every row of a range passes here, and the core imports no other package. The
 * size is computed first, so that a value is copied once and the array has no spare bytes.
 */
import { type Allocate, allocateAlone, EMPTY_BYTES } from "../bytes.js";
import { invariant } from "../invariant.js";
import type { KeyValue } from "./key-value.js";

const KEY = 0x0a;
const CREATE_REVISION = 0x10;
const MOD_REVISION = 0x18;
const VERSION = 0x20;
const VALUE = 0x2a;
const LEASE = 0x30;

export function encodeKeyValue(kv: KeyValue, allocate: Allocate = allocateAlone): Uint8Array {
  const bytes = allocate(
    bytesSize(kv.key) +
      int64Size(kv.createRevision) +
      int64Size(kv.modRevision) +
      int64Size(kv.version) +
      bytesSize(kv.value) +
      int64Size(kv.lease),
  );
  let at = writeBytes(bytes, 0, KEY, kv.key);
  at = writeInt64(bytes, at, CREATE_REVISION, kv.createRevision);
  at = writeInt64(bytes, at, MOD_REVISION, kv.modRevision);
  at = writeInt64(bytes, at, VERSION, kv.version);
  at = writeBytes(bytes, at, VALUE, kv.value);
  writeInt64(bytes, at, LEASE, kv.lease);
  return bytes;
}

/** `key` and `value` of the result are views into `bytes`. */
export function decodeKeyValue(bytes: Uint8Array): KeyValue {
  const kv = { key: EMPTY_BYTES, value: EMPTY_BYTES, createRevision: 0n, modRevision: 0n, version: 0n, lease: 0n };
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.uint32();
    if (tag === KEY) kv.key = reader.bytes();
    else if (tag === CREATE_REVISION) kv.createRevision = reader.int64();
    else if (tag === MOD_REVISION) kv.modRevision = reader.int64();
    else if (tag === VERSION) kv.version = reader.int64();
    else if (tag === VALUE) kv.value = reader.bytes();
    else if (tag === LEASE) kv.lease = reader.int64();
    else reader.skip(tag);
  }
  return kv;
}

class Reader {
  readonly #source: Uint8Array;
  #at = 0;

  constructor(source: Uint8Array) {
    this.#source = source;
  }

  get done(): boolean {
    return this.#at === this.#source.length;
  }

  uint32(): number {
    return Number(this.int64());
  }

  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.#at;
    invariant(length >= 0 && length <= this.#source.length - start, "a stored key-value ends inside a field");
    this.#at = start + length;
    return this.#source.subarray(start, this.#at);
  }

  /** Seven bytes hold 49 bits, exact in a number; the few longer ones (lease ids) take the slow way. */
  int64(): bigint {
    let low = 0;
    let scale = 1;
    for (let i = 0; i < 7; i++, scale *= 128) {
      const byte = this.#next();
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return BigInt(low);
    }
    let high = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = this.#next();
      high += (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (BigInt(high) << 49n) | BigInt(low));
    }
    invariant(false, "a stored key-value holds a number of more than ten bytes");
  }

  /** A field of a later version of the message. */
  skip(tag: number): void {
    const wireType = tag & 7;
    invariant(wireType === 0 || wireType === 2, `a stored key-value has a field of wire type ${wireType}`);
    if (wireType === 0) this.int64();
    else this.bytes();
  }

  #next(): number {
    const byte = this.#source[this.#at++];
    invariant(byte !== undefined, "a stored key-value ends inside a number");
    return byte;
  }
}

function bytesSize(field: Uint8Array): number {
  return field.length === 0 ? 0 : 1 + varintSize(field.length, 0) + field.length;
}

function int64Size(value: bigint): number {
  return value === 0n ? 0 : 1 + varintSize(lowWord(value), highWord(value));
}

function writeBytes(bytes: Uint8Array, at: number, tag: number, field: Uint8Array): number {
  if (field.length === 0) return at;
  bytes[at] = tag;
  const start = writeVarint(bytes, at + 1, field.length, 0);
  bytes.set(field, start);
  return start + field.length;
}

function writeInt64(bytes: Uint8Array, at: number, tag: number, value: bigint): number {
  if (value === 0n) return at;
  bytes[at] = tag;
  return writeVarint(bytes, at + 1, lowWord(value), highWord(value));
}

/** Bytes of a 64-bit number given as two unsigned words; negative numbers take ten. */
function varintSize(low: number, high: number): number {
  const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high);
  return Math.max(1, Math.ceil(bits / 7));
}

function writeVarint(bytes: Uint8Array, at: number, low: number, high: number): number {
  let [end, rest, carry] = [at, low, high];
  while (carry !== 0 || rest > 0x7f) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest = ((rest >>> 7) | (carry << 25)) >>> 0;
    carry >>>= 7;
  }
  bytes[end++] = rest;
  return end;
}

function lowWord(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

function highWord(value: bigint): number {
  return value >= 0n && value <= 0xffff_ffffn ? 0 : Number(BigInt.asUintN(32, value >> 32n));
}
