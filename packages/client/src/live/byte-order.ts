/**
 * Keys as strings that a `Map` can hold and that sort as etcd sorts: one character a byte, so that the order of the strings
 * is the order of the bytes. Such a string is never shown; it is not the key's text.
 */
import { isZero, type KeyRange } from "../keys.js";

export function byteString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export function fromByteString(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The first index of `sorted` whose string is not below `text`. */
export function lowerBound(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? "") < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the keys of a range lie in `sorted`: from the first index up to but without the second. */
export function rangeBounds(sorted: readonly string[], range: KeyRange): [from: number, to: number] {
  const start = byteString(range.key);
  const from = lowerBound(sorted, start);
  if (range.end === undefined) return [from, sorted[from] === start ? from + 1 : from];
  if (isZero(range.end)) return [from, sorted.length];
  return [from, Math.max(from, lowerBound(sorted, byteString(range.end)))];
}
