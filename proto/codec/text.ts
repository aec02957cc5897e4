/**
 * Strings to UTF-8 and back. Most strings of a message are short ASCII, for which a loop is faster than a call of the
 * platform's coders; those do the rest. Invalid UTF-8 is refused when it is read (proto3 asks for that), half a surrogate pair
 * is replaced when it is written, and a byte order mark in front is dropped: as protobuf-es does.
 */
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Bytes up to which a loop reads faster, and up to which it writes faster. */
const READ_LOOP_BYTES_MAX = 12;
const WRITE_LOOP_BYTES_MAX = 48;

/** Bytes that the text takes. */
export function utf8Size(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit <= 0x7f) continue;
    size += unit <= 0x7ff ? 1 : 2;
    // A pair is two units and four bytes: the second half is counted with the first.
    if (unit >= 0xd800 && unit <= 0xdbff && isSecondHalf(text.charCodeAt(i + 1))) i += 1;
  }
  return size;
}

/** `size` is `utf8Size(text)`; the bytes have that much room at `at`. */
export function writeUtf8(bytes: Uint8Array, at: number, text: string, size: number): void {
  if (size === text.length && size <= WRITE_LOOP_BYTES_MAX) {
    for (let i = 0; i < size; i++) bytes[at + i] = text.charCodeAt(i);
  } else {
    encoder.encodeInto(text, bytes.subarray(at, at + size));
  }
}

/** Errors: `TypeError` for bytes that are no UTF-8. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > READ_LOOP_BYTES_MAX) return decoder.decode(bytes.subarray(start, end));
  let text = "";
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte > 0x7f) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

function isSecondHalf(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
