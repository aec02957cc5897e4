/**
 * Byte strings as keys: comparison in etcd's order (unsigned, lexicographic) and the forms a key range may take on the
 * wire (etcd API: `key`, `range_end`).
 */

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

/** Memory for so many bytes, to be filled to its end. It may be a piece of something larger. */
export type Allocate = (bytes: number) => Uint8Array;

export const allocateAlone: Allocate = (bytes) => new Uint8Array(bytes);

/** Negative, zero or positive, as `a` sorts before, with or after `b`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** `range_end` of one zero byte means "every key from `key` on". */
export function isFromKey(rangeEnd: Uint8Array): boolean {
  return rangeEnd.length === 1 && rangeEnd[0] === 0;
}

/**
 * The bytes as a string of code units 0–255, to key a `Map` or `Set` by content. Equal bytes give equal strings, and the
 * order of strings by code unit is the order of `compareBytes`.
 */
export function byteString(bytes: Uint8Array): string {
  // A call takes only so many arguments; ordinary keys need one round.
  let text = codeUnits(bytes, 0);
  for (let from = ARGUMENTS_MAX; from < bytes.length; from += ARGUMENTS_MAX) text += codeUnits(bytes, from);
  return text;
}

/** The bytes of which `byteString` made this string. */
export function stringBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const ARGUMENTS_MAX = 4096;

/** One call on a plain array: faster than one on a typed array, and in one piece, unlike a sum of short strings. */
function codeUnits(bytes: Uint8Array, from: number): string {
  const length = Math.min(bytes.length - from, ARGUMENTS_MAX);
  const codes = new Array<number>(length);
  for (let i = 0; i < length; i++) codes[i] = bytes[from + i] as number;
  return String.fromCharCode.apply(null, codes);
}
