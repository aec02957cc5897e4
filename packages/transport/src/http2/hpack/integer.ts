/** HPACK's integers (RFC 7541 §5.1): the low bits of an octet, and seven bits an octet from there on. */
import type { OctetWriter } from "../octets.js";
import { HpackError } from "./header-field.js";

/** A place in a block; reading moves it on. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  /** Where the block ends. */
  readonly end: number;
}

/** No length and no index of ours comes near; above it a value is refused, as §5.1 wants limits. */
const INTEGER_MAX = 2 ** 31 - 1;
/** Enough for INTEGER_MAX. Leading zeros are octets too, so the sender cannot go on with them for ever. */
const CONTINUATION_OCTETS_MAX = 5;

/** Reads the integer in the low `prefixBits` of the octet at the cursor. Errors: `HpackError` if it ends or is too large. */
export function readInteger(cursor: Cursor, prefixBits: number): number {
  const prefixMax = 2 ** prefixBits - 1;
  let value = nextOctet(cursor) & prefixMax;
  if (value < prefixMax) return value;
  for (let i = 0; i < CONTINUATION_OCTETS_MAX; i++) {
    const octet = nextOctet(cursor);
    value += (octet & 0x7f) * 2 ** (7 * i);
    if (octet >= 0x80) continue;
    if (value > INTEGER_MAX) break;
    return value;
  }
  throw new HpackError("an integer is too large");
}

/** Writes an integer; `pattern` fills the bits above the prefix. */
export function writeInteger(writer: OctetWriter, pattern: number, prefixBits: number, value: number): void {
  const prefixMax = 2 ** prefixBits - 1;
  if (value < prefixMax) {
    writer.octet(pattern | value);
    return;
  }
  writer.octet(pattern | prefixMax);
  let left = value - prefixMax;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) writer.octet(0x80 | (left & 0x7f));
  writer.octet(left);
}

function nextOctet(cursor: Cursor): number {
  if (cursor.at >= cursor.end) throw new HpackError("the block ends inside an integer");
  return cursor.bytes[cursor.at++] as number;
}
