/** A queue of what is going to happen, earliest first; at equal times in the order of planning. A binary heap. */

/** Anything that is to happen at a time. */
export interface Timed {
  readonly time: number;
}

interface Queued<T> {
  readonly event: T;
  readonly order: number;
}

export class TimedQueue<T extends Timed> {
  readonly #heap: Queued<T>[] = [];
  #order = 0;

  push(event: T): void {
    const heap = this.#heap;
    let at = heap.push({ event, order: this.#order++ }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The time of the next one. */
  get nextTime(): number | undefined {
    return this.#heap[0]?.event.time;
  }

  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    return first.event;
  }

  #sink(): void {
    const size = this.#heap.length;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < size && this.#isBefore(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a] as Queued<T>, this.#heap[b] as Queued<T>];
    const difference = left.event.time - right.event.time;
    return difference < 0 || (difference === 0 && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as Queued<T>;
    this.#heap[a] = this.#heap[b] as Queued<T>;
    this.#heap[b] = kept;
  }
}
