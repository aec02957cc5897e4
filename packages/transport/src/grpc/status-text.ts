/**
 * The `grpc-message` field: UTF-8 whose octets outside of printable ASCII, and the percent sign, are written as `%` and two
 * hexadecimal digits (gRPC over HTTP/2, "Status-Message").
 */

const PERCENT = 0x25;
const needsEncoding = /[^\x20-\x24\x26-\x7e]/;
const needsDecoding = /[%\x80-\xff]/;

export function encodeStatusText(text: string): string {
  if (!needsEncoding.test(text)) return text;
  let encoded = "";
  for (const octet of Buffer.from(text, "utf8")) {
    if (octet >= 0x20 && octet <= 0x7e && octet !== PERCENT) encoded += String.fromCharCode(octet);
    else encoded += `%${octet < 0x10 ? "0" : ""}${octet.toString(16).toUpperCase()}`;
  }
  return encoded;
}

/**
 * What was meant, however badly it is written: a percent sign without two digits stands for itself, as the specification
 * asks, octets that should have been encoded are taken as they are, and what is no UTF-8 then becomes U+FFFD.
 */
export function decodeStatusText(text: string): string {
  if (!needsDecoding.test(text)) return text;
  const octets = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const octet = code === PERCENT ? hexadecimal(text, at + 1) : -1;
    octets[length++] = octet < 0 ? code : octet;
    if (octet >= 0) at += 2;
  }
  return octets.toString("utf8", 0, length);
}

/** The octet of two digits at `at`, or -1. */
function hexadecimal(text: string, at: number): number {
  const high = digitOf(text.charCodeAt(at));
  const low = digitOf(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
