/** First in, first out. Taking the first moves nothing, where an array moves all that is left. */

/** Places of what has been taken, from which on they are given back although something still waits. */
const TAKEN_MAX = 1_024;

export class Fifo<T> implements Iterable<T> {
  readonly #items: (T | undefined)[] = [];
  /** Where the first of those that wait stands. */
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Undefined when nothing waits. */
  take(): T | undefined {
    if (this.#first === this.#items.length) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first++] = undefined;
    if (this.#first === this.#items.length) this.clear();
    else if (this.#first >= TAKEN_MAX && this.#first * 2 >= this.#items.length) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
    return item;
  }

  clear(): void {
    this.#items.length = 0;
    this.#first = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#first; at < this.#items.length; at++) yield this.#items[at] as T;
  }
}
