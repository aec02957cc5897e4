/** Every key the store knows, in order, each with its history. It is rebuilt from table `key` when the store opens. */
import { byteString, isFromKey } from "../bytes.js";
import { createOrderedMap, type OrderedMap } from "../ordered-map.js";
import { KeyIndex } from "./key-index.js";

/** Keys with `from <= key < to`, as byte strings; `to` undefined: every key from `from` on. */
export interface KeyRange {
  readonly from: string;
  readonly to: string | undefined;
  /** The range is that of the key `from` alone. */
  readonly single?: boolean;
}

/** The range a request means by `key` and `range_end`; one that ends before it begins holds no key. */
export function keyRange(key: Uint8Array, rangeEnd: Uint8Array): KeyRange {
  const from = byteString(key);
  if (rangeEnd.length === 0) return { from, to: justAfter(from), single: true };
  return { from, to: isFromKey(rangeEnd) ? undefined : byteString(rangeEnd) };
}

/** The next key in order: nothing sorts between a key and the same key with a zero byte behind it. */
export function justAfter(key: string): string {
  return `${key}\0`;
}

export class TreeIndex {
  /** Most requests name one key: a hash finds it four times faster than the tree. */
  readonly #byKey = new Map<string, KeyIndex>();
  readonly #inOrder: OrderedMap<KeyIndex> = createOrderedMap();

  /** Keys with any history, deleted ones included until compaction forgets them. */
  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): KeyIndex | undefined {
    return this.#byKey.get(key);
  }

  getOrCreate(key: string): KeyIndex {
    let index = this.#byKey.get(key);
    if (index === undefined) {
      index = new KeyIndex(key);
      this.#byKey.set(key, index);
      this.#inOrder.set(key, index);
    }
    return index;
  }

  delete(key: string): void {
    this.#byKey.delete(key);
    this.#inOrder.delete(key);
  }

  /** In key order. No key may be added or deleted during the walk: end it, and begin a new one `justAfter` the last key. */
  *visit(range: KeyRange): Generator<KeyIndex, void, void> {
    if (range.single) {
      const index = this.#byKey.get(range.from);
      if (index !== undefined) yield index;
      return;
    }
    for (const [key, index] of this.#inOrder.entries(range.from, [])) {
      if (range.to !== undefined && key >= range.to) return;
      yield index;
    }
  }
}
