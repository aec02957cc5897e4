/**
 * The changes of a cache that one consumer has not taken, as one change a key. A consumer that stops reading costs at most one
 * change for each key that it has seen or that there is, however many changes there were.
 */
import { byteString } from "./byte-order.js";
import { type Change, conflate } from "./change.js";
import type { Pending } from "./tap.js";

export class PendingChanges<V> implements Pending<Change<V>> {
  /** In the order of their revisions: a change that joins an older one moves to the end. */
  readonly #changes = new Map<string, Change<V>>();

  constructor(changes: readonly Change<V>[] = []) {
    this.push(changes);
  }

  get size(): number {
    return this.#changes.size;
  }

  push(changes: readonly Change<V>[]): void {
    for (const change of changes) {
      const key = byteString(change.keyBytes);
      const waiting = this.#changes.get(key);
      const joined = waiting === undefined ? change : conflate(waiting, change);
      this.#changes.delete(key);
      if (joined !== undefined) this.#changes.set(key, joined);
    }
  }

  take(): { readonly value: Change<V> } | undefined {
    for (const [key, value] of this.#changes) {
      this.#changes.delete(key);
      return { value };
    }
    return undefined;
  }
}
