/**
 * Who is due when: a binary heap, so that thousands of leases cost no more than their own turns. An item that is given a new
 * time is simply put in again; what is left of it at the old time is skipped.
 */

interface Slot<T> {
  readonly atMs: number;
  readonly item: T;
}

export class DueQueue<T> {
  readonly #slots: Slot<T>[] = [];
  /** The time that counts, for each item. */
  readonly #times = new Map<T, number>();

  /** The earliest time; infinite when nothing waits. */
  get nextMs(): number {
    this.#skipStale();
    return this.#slots[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  set(item: T, atMs: number): void {
    if (this.#times.get(item) === atMs) return;
    this.#times.set(item, atMs);
    this.#slots.push({ atMs, item });
    this.#up(this.#slots.length - 1);
  }

  delete(item: T): void {
    this.#times.delete(item);
  }

  /** Removes and returns what is due. */
  take(nowMs: number): T[] {
    const due: T[] = [];
    while (this.nextMs <= nowMs) {
      const slot = this.#pop();
      if (slot === undefined) break;
      this.#times.delete(slot.item);
      due.push(slot.item);
    }
    return due;
  }

  #skipStale(): void {
    for (let first = this.#slots[0]; first !== undefined; first = this.#slots[0]) {
      if (this.#times.get(first.item) === first.atMs) return;
      this.#pop();
    }
  }

  #pop(): Slot<T> | undefined {
    const first = this.#slots[0];
    const last = this.#slots.pop();
    if (last !== undefined && this.#slots.length > 0) {
      this.#slots[0] = last;
      this.#down();
    }
    return first;
  }

  #up(start: number): void {
    for (let index = start; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfEarlier(index, parent)) return;
      index = parent;
    }
  }

  #down(): void {
    for (let index = 0; ; ) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      const child = this.#at(right) < this.#at(left) ? right : left;
      if (!this.#swapIfEarlier(child, index)) return;
      index = child;
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [below, above] = [this.#slots[child], this.#slots[parent]];
    if (below === undefined || above === undefined || below.atMs >= above.atMs) return false;
    this.#slots[parent] = below;
    this.#slots[child] = above;
    return true;
  }

  #at(index: number): number {
    return this.#slots[index]?.atMs ?? Number.POSITIVE_INFINITY;
  }
}
