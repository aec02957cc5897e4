/**
 * HPACK's Huffman code (RFC 7541 §5.2, appendix B). The code is canonical: codes ascend by their length and then by their
 * symbol, so the lengths alone give the whole table.
 *
 * The decoder takes four bits a step. A state is an inner node of the code's tree, the root is 0; because no code has
 * fewer than five bits, a step ends at most one symbol.
 */
import { octetString } from "../octets.js";
import { HpackError } from "./header-field.js";

/** End of string: its code is what padding is cut from, and must not occur itself. */
const EOS = 256;

/** Bits of the code of each symbol, 16 a line; the last one is EOS. */
const CODE_BITS: readonly number[] = `
  13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28
  28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
   6 10 10 12 13  6  8 11 10 10  8 11  8  6  6  6
   5  5  5  6  6  6  6  6  6  6  7  8 15  6 12 10
  13  6  7  7  7  7  7  7  7  7  7  7  7  7  7  7
   7  7  7  7  7  7  7  7  8  7  8 13 19 13 14  6
  15  5  6  5  6  5  6  6  6  5  7  7  6  6  6  5
   6  7  6  5  5  6  7  7  7  7  7 15 11 14 13 28
  20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23
  24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
  22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23
  21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
  26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25
  19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
  20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23
  26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
  30`
  .trim()
  .split(/\s+/)
  .map(Number);

export interface HuffmanCode {
  readonly code: number;
  readonly bits: number;
}

/** The code of each symbol, 0–255 and EOS. */
export const HUFFMAN_CODES: readonly HuffmanCode[] = canonicalCodes();

function canonicalCodes(): HuffmanCode[] {
  const codes: HuffmanCode[] = [];
  let next = 0;
  for (let bits = 1; bits <= 30; bits++, next *= 2) {
    for (const [symbol, length] of CODE_BITS.entries()) {
      if (length === bits) codes[symbol] = { code: next++, bits };
    }
  }
  return codes;
}

/** For each state and each four bits: the next state in the upper half, then what was ended. */
const STATE_SHIFT = 16;
const NO_SYMBOL = 0x8000;
const FAILED = -1;

interface Machine {
  readonly steps: Int32Array;
  /** States in which a string may end: at most seven bits into EOS (§5.2). */
  readonly mayEnd: ReadonlySet<number>;
}

const machine = buildMachine();

/**
 * Decodes the octets from `from` up to `to`. Errors: `HpackError` for EOS inside, and for padding that is longer than seven
 * bits or not the beginning of EOS.
 */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number): string {
  const { steps, mayEnd } = machine;
  // Five bits make a symbol at the least.
  const symbols = new Uint8Array(Math.ceil(((to - from) * 8) / 5));
  let length = 0;
  let state = 0;
  for (let at = from; at < to; at++) {
    const octet = bytes[at] as number;
    for (let shift = 4; shift >= 0; shift -= 4) {
      const step = steps[state * 16 + ((octet >> shift) & 0xf)] as number;
      if (step === FAILED) throw new HpackError("a string contains the end of string");
      state = step >> STATE_SHIFT;
      if ((step & NO_SYMBOL) === 0) symbols[length++] = step & 0xff;
    }
  }
  if (!mayEnd.has(state)) throw new HpackError("a string ends in wrong padding");
  return octetString(symbols, 0, length);
}

/** A node's two branches: an inner node as its state, a leaf as the complement of its symbol. */
type Node = [number | undefined, number | undefined];

function buildMachine(): Machine {
  const nodes = buildTree();
  const steps = new Int32Array(nodes.length * 16);
  for (let state = 0; state < nodes.length; state++) {
    for (let bits = 0; bits < 16; bits++) steps[state * 16 + bits] = stepOf(nodes, state, bits);
  }
  const mayEnd = new Set([0]);
  for (let state = 0, bits = 1; bits <= 7; bits++) {
    state = nodes[state]?.[1] ?? 0;
    mayEnd.add(state);
  }
  return { steps, mayEnd };
}

function buildTree(): Node[] {
  const nodes: Node[] = [[undefined, undefined]];
  for (const [symbol, { code, bits }] of HUFFMAN_CODES.entries()) {
    let node = nodes[0] as Node;
    for (let shift = bits - 1; shift > 0; shift--) {
      const branch = (code >> shift) & 1;
      node[branch] ??= nodes.push([undefined, undefined]) - 1;
      node = nodes[node[branch]] as Node;
    }
    node[code & 1] = ~symbol;
  }
  return nodes;
}

function stepOf(nodes: readonly Node[], from: number, bits: number): number {
  let state = from;
  let ended = NO_SYMBOL;
  for (let shift = 3; shift >= 0; shift--) {
    const next = nodes[state]?.[(bits >> shift) & 1] ?? ~EOS;
    if (next === ~EOS) return FAILED;
    if (next < 0) ended = ~next;
    state = Math.max(next, 0);
  }
  return (state << STATE_SHIFT) | ended;
}
