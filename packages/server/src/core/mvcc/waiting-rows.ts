/**
 * Rows of table `key` that wait for the next commit. A row is written once and history only grows, so they come in order: they
 * lie one behind the other, by their numbers, and have keys of their own only when somebody walks them.
 */
import { compareBytes } from "../bytes.js";
import { invariant } from "../invariant.js";
import type { BackendEntry, BatchChange } from "./backend.js";
import { encodeRevision } from "./revision.js";

export class WaitingRows {
  readonly #mains: number[] = [];
  readonly #subs: number[] = [];
  readonly #values: Uint8Array[] = [];
  /** By place. */
  readonly #tombstones: Set<number> = new Set();

  get size(): number {
    return this.#mains.length;
  }

  /** The newest of all. Its value is kept. */
  add(main: number, sub: number, value: Uint8Array, isTombstone: boolean): void {
    const place = this.size;
    invariant(place === 0 || this.#isBefore(place - 1, main, sub), `row ${main}/${sub} comes behind all others`);
    if (isTombstone) this.#tombstones.add(place);
    this.#mains.push(main);
    this.#subs.push(sub);
    this.#values.push(value);
  }

  /** What was put there; a tombstone is not. */
  get(main: number, sub: number): Uint8Array | undefined {
    const place = this.#firstPlace((at) => this.#isBefore(at, main, sub));
    const isPut = this.#mains[place] === main && this.#subs[place] === sub && !this.#tombstones.has(place);
    return isPut ? this.#values[place] : undefined;
  }

  /** In order, `from <= key < to`. Nothing may be added during the walk. */
  *entries(from: Uint8Array, to: Uint8Array | undefined): Generator<BackendEntry, void, void> {
    const first = this.#firstPlace((at) => compareBytes(this.#keyAt(at), from) < 0);
    for (let place = first; place < this.size; place++) {
      const key = this.#keyAt(place);
      if (to !== undefined && compareBytes(key, to) >= 0) return;
      yield { key, value: this.#values[place] as Uint8Array };
    }
  }

  /** All of them for a batch. In one loop, since a commit is among the longest turns of the event loop. */
  changes(): BatchChange[] {
    const changes: BatchChange[] = [];
    for (let place = 0; place < this.size; place++) {
      changes.push({ type: "put", table: "key", key: this.#keyAt(place), value: this.#values[place] as Uint8Array });
    }
    return changes;
  }

  #keyAt(place: number): Uint8Array {
    return encodeRevision(this.#mains[place] as number, this.#subs[place] as number, this.#tombstones.has(place));
  }

  #isBefore(place: number, main: number, sub: number): boolean {
    const own = this.#mains[place] as number;
    return own < main || (own === main && (this.#subs[place] as number) < sub);
  }

  #firstPlace(isBefore: (place: number) => boolean): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
