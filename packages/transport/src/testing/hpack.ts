/** For tests of HPACK: bytes written as in the RFC, seeded chance, and a Huffman encoder, which the code itself does without. */
import type { HeaderField } from "../http2/hpack/header-field.js";
import { HUFFMAN_CODES } from "../http2/hpack/huffman.js";

/** Octets from hexadecimal digits; blanks do not count. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.replace(/\s/g, "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** A header list from lines `name: value`. */
export function list(lines: string): HeaderField[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => {
      const [, name = "", value = ""] = /^\s*(:?[^:]*): (.*)$/.exec(line) ?? [];
      return { name, value };
    });
}

/** The Huffman code of a text, with the padding the RFC asks for. */
export function huffman(text: string): Uint8Array {
  let bits = "";
  for (let i = 0; i < text.length; i++) bits += bitsOf(text.charCodeAt(i));
  while (bits.length % 8 !== 0) bits += "1";
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (octet) => Number.parseInt(octet, 2));
}

/** The code of one symbol as digits; 256 is the end of string. */
export function bitsOf(symbol: number): string {
  const { code, bits } = HUFFMAN_CODES[symbol] ?? { code: 0, bits: 0 };
  return code.toString(2).padStart(bits, "0");
}

/** A source of whole numbers below a bound, the same ones for the same seed (xorshift). */
export function seeded(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** The seed of a random test: a new one each time, or that of HTTP2_SEED, to see a failure again. */
export function freshSeed(): number {
  return Number(process.env["HTTP2_SEED"] ?? Date.now() % 1_000_000_007);
}
