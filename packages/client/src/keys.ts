/**
 * Keys and ranges of keys as a caller writes them, and as they stand in a request. etcd orders keys by their bytes and
 * knows three forms of range: one key (no end), `[key, end)`, and everything from `key` on (`end` is the single byte 0).
 */
import { describe } from "./checks.js";

/** A key. Strings are UTF-8. Never empty. */
export type Key = string | Uint8Array;

/** `[key, end)` in byte order; without `end` the one key; with `end` = one zero byte every key from `key` on. */
export interface KeyRange {
  readonly key: Uint8Array;
  readonly end?: Uint8Array;
}

/** What a verb works on: one key or a range. */
export type Selector = Key | KeyRange;

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF: a key that starts with one must not turn into another key.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const ZERO = new Uint8Array([0]);

/** Every key that starts with `start`; the empty prefix is every key. */
export function prefix(start: Key): KeyRange {
  const key = toBytes(start);
  return key.length === 0 ? { key: ZERO, end: ZERO } : { key, end: prefixEnd(key) };
}

/**
 * The keys `k` with `start <= k < end`. Nothing matches when `end <= start`.
 *
 * Errors: `RangeError` when `end` is empty or a single zero byte, which the wire reads as "one key" and "no end".
 */
export function range(start: Key, end: Key): KeyRange {
  const endBytes = toBytes(end);
  if (endBytes.length === 0 || isZero(endBytes)) {
    throw new RangeError("range(): the end must be a key above the zero byte; fromKey(start) has no end");
  }
  return { key: startBytes(start), end: endBytes };
}

/** Every key at or after `start`. */
export function fromKey(start: Key): KeyRange {
  return { key: startBytes(start), end: ZERO };
}

/**
 * UTF-8 bytes of a string, or the bytes as they are.
 *
 * Errors: `TypeError` for anything else, and for half a surrogate pair: UTF-8 cannot say it, and replaced it would be another
 * key.
 */
export function toBytes(key: Key): Uint8Array {
  if (typeof key === "string") {
    if (!isWellFormed(key))
      throw new TypeError(`${JSON.stringify(key)} holds half a surrogate pair, which UTF-8 cannot say`);
    return encoder.encode(key);
  }
  if (key instanceof Uint8Array) return key;
  throw new TypeError(`a key must be a string or a Uint8Array, not ${describe(key)}`);
}

/** Is every surrogate of the text half of a pair? */
export function isWellFormed(text: string): boolean {
  // Node has it since 20; the compiler's library of that year does not know.
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/** The key as text. Bytes that are not UTF-8 become U+FFFD; `keyBytes` of a result is always exact. */
export function keyText(key: Uint8Array): string {
  return decoder.decode(key);
}

/** Errors: `TypeError` for an object that is none. */
export function isKeyRange(selector: Selector): selector is KeyRange {
  if (typeof selector !== "object" || selector === null || selector instanceof Uint8Array) return false;
  if (selector.key instanceof Uint8Array && (selector.end === undefined || selector.end instanceof Uint8Array))
    return true;
  throw new TypeError(`a range must be made by prefix(), range() or fromKey(), not ${describe(selector)}`);
}

/** Is this end the wire's "no end": the single byte 0? */
export function isZero(end: Uint8Array): boolean {
  return end.length === 1 && end[0] === 0;
}

/**
 * The smallest byte string above every string that starts with `start`: the last byte below 0xff goes up by one and what
 * follows is dropped. Nothing is above a run of 0xff, so that is the range without an end.
 */
export function prefixEnd(start: Uint8Array): Uint8Array {
  for (let i = start.length - 1; i >= 0; i--) {
    const byte = start[i] ?? 0xff;
    if (byte < 0xff) {
      const end = start.slice(0, i + 1);
      end[i] = byte + 1;
      return end;
    }
  }
  return ZERO;
}

export function concatBytes(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right;
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}

/** Negative, zero or positive, in etcd's order of keys. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function startBytes(start: Key): Uint8Array {
  const bytes = toBytes(start);
  return bytes.length === 0 ? ZERO : bytes;
}
