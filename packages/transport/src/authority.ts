/**
 * Repairs what etcdctl 3.4 and other old Go clients send as `:authority`: with an endpoint written as a URL they put the
 * whole of it there, `http://127.0.0.1:2379`. Go's servers do not look at it; nghttp2, and so `node:http2`, ends the
 * stream with PROTOCOL_ERROR because of the slashes (RFC 3986 §3.2 allows none).
 *
 * A slash becomes a dot. Both have six bits in HPACK's Huffman code (RFC 7541, appendix B) and one byte without it, so no
 * length changes, neither in the frame nor in the table both sides keep: later requests refer to the entry by number and
 * need no repair. So only the first HEADERS frame of a connection is looked at; everything else passes untouched.
 */

const PREFACE_BYTES = 24;
const FRAME_HEAD_BYTES = 9;
const HEADERS = 0x1;
const PADDED = 0x8;
const PRIORITY = 0x20;
/** A frame longer than every HTTP/2 server takes at first (RFC 9113 §4.2) is left to the server to refuse. */
const FRAME_BYTES_MAX = 16_384;
/** Index of `:authority` in HPACK's static table. */
const AUTHORITY = 1;

/** The bytes of one connection from the client, in chunks as they come. */
export class AuthorityRepair {
  /** Bytes to let through before the next frame begins. */
  #skip = PREFACE_BYTES;
  #held: Buffer = Buffer.alloc(0);
  #done = false;

  /** The first HEADERS frame has passed: what follows needs no look. */
  get done(): boolean {
    return this.#done;
  }

  /** What can go on now; only an unfinished HEADERS frame and an unfinished frame head are held back. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const passed = this.#advance(bytes);
    this.#held = bytes.subarray(passed);
    return bytes.subarray(0, passed);
  }

  /** How many of the bytes may go on. */
  #advance(bytes: Buffer): number {
    let at = Math.min(this.#skip, bytes.length);
    this.#skip -= at;
    while (this.#skip === 0 && bytes.length - at >= FRAME_HEAD_BYTES) {
      const length = bytes.readUIntBE(at, 3);
      const end = at + FRAME_HEAD_BYTES + length;
      if (bytes[at + 3] === HEADERS && length <= FRAME_BYTES_MAX) {
        if (end > bytes.length) return at;
        repairHeaders(bytes.subarray(at + FRAME_HEAD_BYTES, end), bytes[at + 4] as number);
        this.#done = true;
        return bytes.length;
      }
      this.#skip = Math.max(0, end - bytes.length);
      at = Math.min(end, bytes.length);
    }
    return this.#skip > 0 ? bytes.length : at;
  }
}

/** Walks the header block of a HEADERS frame up to the authority's value; stops at whatever it does not understand. */
function repairHeaders(payload: Buffer, flags: number): void {
  const cursor = new Cursor(payload, (flags & PADDED ? 1 : 0) + (flags & PRIORITY ? 5 : 0));
  while (cursor.more) {
    const first = cursor.peek();
    if (first >= 0x80) cursor.integer(7);
    else if ((first & 0xe0) === 0x20) cursor.integer(5);
    else {
      const name = cursor.integer(first >= 0x40 ? 6 : 4);
      if (name === 0) cursor.string();
      const value = cursor.string();
      if (name !== AUTHORITY) continue;
      if (value.huffman) dotsForSlashesCoded(value.bytes);
      else dotsForSlashes(value.bytes);
      return;
    }
  }
}

/** Reads HPACK's integers and strings (RFC 7541 §5). Past the end it reads zeros, which end the walk. */
class Cursor {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  peek(): number {
    return this.#bytes[this.#at] ?? 0;
  }

  integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.#next() & mask;
    if (value < mask) return value;
    for (let factor = 1; this.more; factor *= 128) {
      const byte = this.#next();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  }

  string(): { readonly huffman: boolean; readonly bytes: Buffer } {
    const huffman = this.peek() >= 0x80;
    const length = this.integer(7);
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return { huffman, bytes };
  }

  #next(): number {
    return this.#bytes[this.#at++] ?? 0;
  }
}

const SLASH = 0x2f;
const DOT = 0x2e;

function dotsForSlashes(bytes: Buffer): void {
  for (let i = bytes.indexOf(SLASH); i >= 0; i = bytes.indexOf(SLASH, i)) bytes[i] = DOT;
}

/** The short codes, by their largest value of each length; longer ones do not occur in an address. */
const SHORT_CODES: readonly { readonly bits: number; readonly last: number }[] = [
  { bits: 5, last: 0b01001 },
  { bits: 6, last: 0b101101 },
  { bits: 7, last: 0b1111011 },
  { bits: 8, last: 0b11111101 },
];
const SLASH_CODE = 0b011000;
const DOT_CODE = 0b010111;

function dotsForSlashesCoded(bytes: Buffer): void {
  const end = bytes.length * 8;
  for (let at = 0; at < end; ) {
    const code = SHORT_CODES.find(({ bits, last }) => readBits(bytes, at, bits) <= last);
    if (code === undefined) return;
    if (code.bits === 6 && readBits(bytes, at, 6) === SLASH_CODE) writeBits(bytes, at, 6, DOT_CODE);
    at += code.bits;
  }
}

/** Up to 8 bits from a bit position on; bits behind the end are ones, as the padding is. */
function readBits(bytes: Buffer, at: number, count: number): number {
  const byte = at >> 3;
  const window = ((bytes[byte] as number) << 8) | (bytes[byte + 1] ?? 0xff);
  return (window >> (16 - (at & 7) - count)) & (2 ** count - 1);
}

function writeBits(bytes: Buffer, at: number, count: number, value: number): void {
  for (let i = 0; i < count; i++) {
    const byte = (at + i) >> 3;
    const mask = 0x80 >> ((at + i) & 7);
    const bit = (value >> (count - 1 - i)) & 1;
    bytes[byte] = bit === 1 ? (bytes[byte] as number) | mask : (bytes[byte] as number) & ~mask;
  }
}
