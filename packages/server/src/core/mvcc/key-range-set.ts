/** A set of keys given by ranges, as disjoint ranges in order: lookups and additions cost the logarithm of their number. */
import { createOrderedMap, type OrderedMap } from "../ordered-map.js";
import { justAfter, type KeyRange } from "./tree-index.js";

export class KeyRangeSet {
  /** Start of each range to its end; undefined: no end. */
  readonly #ends: OrderedMap<string | undefined> = createOrderedMap();

  get size(): number {
    return this.#ends.size;
  }

  has(key: string): boolean {
    const below = this.#ends.nextLowerPair(justAfter(key));
    return below !== undefined && (below[1] === undefined || key < below[1]);
  }

  /** Whether every key of the range is in the set; of an empty one, whether its start is. */
  covers(range: KeyRange): boolean {
    const below = this.#ends.nextLowerPair(justAfter(range.from));
    if (below === undefined) return false;
    const end = below[1];
    // Ranges of the set that touch are one, so a gap-free cover is a single range.
    return end === undefined || (range.from < end && range.to !== undefined && range.to <= end);
  }

  add(range: KeyRange): void {
    if (range.to !== undefined && range.to <= range.from) return;
    let { from, to } = range;
    const below = this.#ends.nextLowerPair(from);
    if (below !== undefined && (below[1] === undefined || below[1] >= from)) {
      from = below[0];
      to = later(below[1], to);
    }
    for (const [start, end] of this.#startingWithin(from, to)) {
      this.#ends.delete(start);
      to = later(end, to);
    }
    this.#ends.set(from, to);
  }

  addAll(other: KeyRangeSet): void {
    for (const [from, to] of other.#ends.toArray()) this.add({ from, to });
  }

  #startingWithin(from: string, to: string | undefined): [string, string | undefined][] {
    const within: [string, string | undefined][] = [];
    for (const [start, end] of this.#ends.entries(from)) {
      if (to !== undefined && start > to) break;
      within.push([start, end]);
    }
    return within;
  }
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || b === undefined ? undefined : a > b ? a : b;
}
