/** Keys as bytes, and as strings of one code unit a byte: those can be keys of a map and compare as etcd compares keys. */
import type { Key, KeyRange } from "@kvorum/client";

const encoder = new TextEncoder();

export function toBytes(key: Key): Uint8Array {
  return typeof key === "string" ? encoder.encode(key) : key;
}

/** One string for each sequence of bytes, in the same order. */
export function byteString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Whether the range has the key. A range without an end is one key; an end of one zero byte is no end. */
export function isInRange(key: Uint8Array, range: KeyRange): boolean {
  const [at, start] = [byteString(key), byteString(range.key)];
  if (range.end === undefined) return at === start;
  const end = byteString(range.end);
  return at >= start && (end === "\0" || at < end);
}
