/** A hash of 32 bits of plain data, such as the answer of a command: its structure and everything in it. */
import { crc32 } from "node:zlib";
import { mixHash } from "../../../src/core/seeded/chance.js";

/** Errors count by their message. Functions and symbols do not occur in plain data and throw a `TypeError`. */
export function hashValue(hash: number, value: unknown): number {
  switch (typeof value) {
    case "undefined":
      return mixHash(hash, 1);
    case "boolean":
      return mixHash(hash, value ? 2 : 3);
    case "number":
      return mixHash(mixHash(hash, value | 0), Math.floor(value / 2 ** 32) | 0);
    case "bigint":
      return mixHash(mixHash(mixHash(hash, 6), Number(value & 0xffff_ffffn)), Number((value >> 32n) & 0xffff_ffffn));
    case "string":
      return mixHash(hash, crc32(value));
    case "object":
      return hashObject(hash, value);
    default:
      throw new TypeError(`a ${typeof value} is no plain data`);
  }
}

function hashObject(hash: number, value: object | null): number {
  if (value === null) return mixHash(hash, 4);
  if (value instanceof Uint8Array) return mixHash(hash, crc32(value));
  if (value instanceof Error) return mixHash(hash, crc32(value.message));
  let mixed = hash;
  if (value instanceof Map || value instanceof Set) for (const item of value) mixed = hashValue(mixed, item);
  else if (Array.isArray(value)) for (const item of value) mixed = hashValue(mixed, item);
  else mixed = mixHash(mixed, hashFields(value));
  return mixHash(mixed, 5);
}

/** In whatever order: what was read back from a disk has its fields in another one than what was never written. */
function hashFields(value: object): number {
  let sum = 0;
  for (const key of Object.keys(value)) sum = (sum + hashValue(hashOfName(key), Reflect.get(value, key))) | 0;
  return sum;
}

/** There are few names, and every entry that is applied has some of them. */
const NAMES = new Map<string, number>();

function hashOfName(name: string): number {
  let hash = NAMES.get(name);
  if (hash === undefined) {
    hash = crc32(name);
    NAMES.set(name, hash);
  }
  return hash;
}
