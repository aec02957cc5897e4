/**
 * Header blocks seen before, with the lists they decode to. A client says the same thing in every call, and once its fields
 * are in the dynamic table it says it in the same few bytes; comparing those is much cheaper than making strings of them.
 *
 * An entry holds for one state of the table: blocks that change the table are not kept, and each entry knows the state it was
 * made in. Two places for each hash, the one that came last in front: a new block drops the other one. Answers are made of two
 * blocks in turn, head and trailers, and with one place the two that our own server sends would drop each other for ever.
 */
import type { HeaderList } from "./header-list.js";

const SETS = 32;
/** A longer block is rarely said twice. */
const BLOCK_BYTES_MAX = 1_024;

interface Entry {
  readonly block: Uint8Array;
  readonly list: HeaderList;
  readonly state: number;
}

export class BlockCache {
  /** Both places of the first set, then those of the second. */
  readonly #places: (Entry | undefined)[] = [];

  /** The list of the octets from `from` up to `to`, if they were kept in this state of the table. */
  find(bytes: Uint8Array, from: number, to: number, state: number): HeaderList | undefined {
    if (to - from > BLOCK_BYTES_MAX) return undefined;
    const place = placeOf(bytes, from, to);
    for (let at = place; at <= place + 1; at++) {
      const entry = this.#places[at];
      if (entry?.state === state && isAt(entry.block, bytes, from, to)) return entry.list;
    }
    return undefined;
  }

  keep(bytes: Uint8Array, from: number, to: number, state: number, list: HeaderList): void {
    if (to - from > BLOCK_BYTES_MAX) return;
    // Undefined in all places first, so that the array never has holes.
    while (this.#places.length < 2 * SETS) this.#places.push(undefined);
    const place = placeOf(bytes, from, to);
    this.#places[place + 1] = this.#places[place];
    this.#places[place] = { block: bytes.slice(from, to), list, state };
  }
}

function isAt(block: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (block.length !== to - from) return false;
  for (let i = 0; i < block.length; i++) if (block[i] !== bytes[from + i]) return false;
  return true;
}

/** The first of the two, by FNV-1a, folded. */
function placeOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return 2 * ((hash ^ (hash >>> 15)) & (SETS - 1));
}
