/**
 * Header blocks seen before, with the lists they decode to. A client says the same thing in every call, and once its fields
 * are in the dynamic table it says it in the same few bytes; comparing those is much cheaper than making strings of them.
 *
 * An entry holds for one state of the table: blocks that change the table are not kept, and each entry knows the state it was
 * made in. A slot for each hash, so a new block drops whatever was there.
 */
import type { HeaderList } from "./header-list.js";

const SLOTS = 64;
/** A longer block is rarely said twice. */
const BLOCK_BYTES_MAX = 1_024;

interface Entry {
  readonly block: Uint8Array;
  readonly list: HeaderList;
  readonly state: number;
}

export class BlockCache {
  readonly #slots: (Entry | undefined)[] = [];

  /** The list of the octets from `from` up to `to`, if they were kept in this state of the table. */
  find(bytes: Uint8Array, from: number, to: number, state: number): HeaderList | undefined {
    if (to - from > BLOCK_BYTES_MAX) return undefined;
    const entry = this.#slots[slotOf(bytes, from, to)];
    if (entry === undefined || entry.state !== state) return undefined;
    const { block } = entry;
    if (block.length !== to - from) return undefined;
    for (let i = 0; i < block.length; i++) if (block[i] !== bytes[from + i]) return undefined;
    return entry.list;
  }

  keep(bytes: Uint8Array, from: number, to: number, state: number, list: HeaderList): void {
    if (to - from > BLOCK_BYTES_MAX) return;
    // Undefined in all slots first, so that the array never has holes.
    while (this.#slots.length < SLOTS) this.#slots.push(undefined);
    this.#slots[slotOf(bytes, from, to)] = { block: bytes.slice(from, to), list, state };
  }
}

/** FNV-1a, folded. */
function slotOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
