/**
 * A binary min-heap of things that fall due. Nothing is ever moved inside it: whoever pops an item looks whether its time
 * has changed meanwhile and puts it back. A lease that is renewed every second therefore costs the heap nothing.
 */
interface Item<T> {
  readonly dueMs: number;
  readonly sequence: number;
  readonly value: T;
}

export class DeadlineQueue<T> {
  readonly #heap: Item<T>[] = [];
  #sequence = 0;

  get size(): number {
    return this.#heap.length;
  }

  push(dueMs: number, value: T): void {
    // Equal times come out in the order they went in, so that a simulated run repeats exactly.
    const item = { dueMs, sequence: this.#sequence++, value };
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Item<T>;
      if (!before(item, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = item;
  }

  /** Takes out the earliest value if it is due at `nowMs`. */
  popDue(nowMs: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    const last = this.#heap.pop() as Item<T>;
    if (this.#heap.length > 0) this.#sink(last);
    return first.value;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  /** Puts `item` in the place of the root. */
  #sink(item: Item<T>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let smallest = heap[left];
      if (smallest === undefined) break;
      let down = left;
      const other = heap[right];
      if (other !== undefined && before(other, smallest)) {
        smallest = other;
        down = right;
      }
      if (!before(smallest, item)) break;
      heap[at] = smallest;
      at = down;
    }
    heap[at] = item;
  }
}

function before<T>(a: Item<T>, b: Item<T>): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}
