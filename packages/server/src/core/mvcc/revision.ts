/**
 * The keys of table `key`: one change each, in the order of history. The layout is etcd's, so that the hash of a history
 * is the same here and there:
 *
 *     main, 8 bytes big-endian | "_" | sub, 8 bytes big-endian | "t" for a tombstone
 *
 * Inside the store a main revision is a `number` (the public types say `bigint`): an index keeps millions of them, and as
 * numbers they pack into plain arrays. 2^53 writes take 280 years at a million a second; `safeRevision` holds the line.
 */
import { invariant } from "../invariant.js";

/** Of a put's. */
export const REVISION_BYTES = 17;
const SEPARATOR = 0x5f;
const TOMBSTONE = 0x74;
const TWO_TO_32 = 0x1_0000_0000;

/** The place of a stored change, and whether it is a delete. */
export interface StoredRevision {
  readonly main: number;
  readonly sub: number;
  readonly tombstone: boolean;
}

export function encodeRevision(main: number, sub: number, tombstone = false): Uint8Array {
  const bytes = new Uint8Array(tombstone ? REVISION_BYTES + 1 : REVISION_BYTES);
  writeRevision(bytes, main, sub);
  if (tombstone) bytes[REVISION_BYTES] = TOMBSTONE;
  return bytes;
}

/** That of a put, over the first bytes of an array that has room for it. */
export function writeRevision(bytes: Uint8Array, main: number, sub: number): void {
  writeUint64(bytes, 0, main);
  bytes[8] = SEPARATOR;
  writeUint64(bytes, 9, sub);
}

export function decodeRevision(bytes: Uint8Array): StoredRevision {
  const tombstone = bytes.length === REVISION_BYTES + 1 && bytes[REVISION_BYTES] === TOMBSTONE;
  invariant((bytes.length === REVISION_BYTES || tombstone) && bytes[8] === SEPARATOR, "a stored revision is malformed");
  return { main: readUint64(bytes, 0), sub: readUint64(bytes, 9), tombstone };
}

/** A revision counter as a number that still counts exactly. */
export function safeRevision(revision: bigint): number {
  const number = Number(revision);
  invariant(Number.isSafeInteger(number), `revision ${revision} is out of range`);
  return number;
}

/** Eight bytes, big-endian: a counter as it stands in table `meta`. */
export function encodeCounter(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeUint64(bytes, 0, value);
  return bytes;
}

export function decodeCounter(bytes: Uint8Array): number {
  invariant(bytes.length === 8, "a stored counter is malformed");
  return readUint64(bytes, 0);
}

function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  writeUint32(bytes, at, Math.floor(value / TWO_TO_32));
  writeUint32(bytes, at + 4, value >>> 0);
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readUint64(bytes: Uint8Array, at: number): number {
  const value = readUint32(bytes, at) * TWO_TO_32 + readUint32(bytes, at + 4);
  invariant(Number.isSafeInteger(value), "a stored revision is out of range");
  return value;
}

function readUint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const low = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  return ((high << 16) | low) >>> 0;
}
