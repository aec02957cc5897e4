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
