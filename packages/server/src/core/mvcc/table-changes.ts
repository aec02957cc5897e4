/**
 * The waiting changes of one table, by key. Most are only ever looked up and handed on, so a key enters the ordered map
 * when a range first needs it, and no earlier.
 */
import { createOrderedMap, type OrderedMap } from "../ordered-map.js";
import type { BatchChange } from "./backend.js";

export class TableChanges {
  readonly #changes = new Map<string, BatchChange>();
  #ordered: OrderedMap<undefined> | undefined;
  #unordered: string[] = [];

  get size(): number {
    return this.#changes.size;
  }

  get(key: string): BatchChange | undefined {
    return this.#changes.get(key);
  }

  set(key: string, change: BatchChange): void {
    const before = this.#changes.size;
    this.#changes.set(key, change);
    if (this.#changes.size > before) this.#unordered.push(key);
  }

  /** The newest change of every key, in the order the keys were first written. */
  values(): Iterable<BatchChange> {
    return this.#changes.values();
  }

  /** Changes from a key on, in key order. Nothing may be set during the walk. */
  *from(start: string): Generator<[string, BatchChange], undefined, void> {
    for (const key of this.#keysInOrder().keys(start)) yield [key, this.#changes.get(key) as BatchChange];
  }

  #keysInOrder(): OrderedMap<undefined> {
    this.#ordered ??= createOrderedMap();
    for (const key of this.#unordered) this.#ordered.set(key, undefined);
    this.#unordered = [];
    return this.#ordered;
  }
}
