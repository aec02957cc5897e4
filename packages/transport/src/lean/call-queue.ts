/** Calls that wait, in the order they came; each may leave at any time. */
export class CallQueue<Waiting> {
  readonly #calls = new Set<Waiting>();
  /** Kept from turn to turn: an iterator that begins anew walks over all that were removed before. */
  #next: Iterator<Waiting> = this.#calls.values();

  get size(): number {
    return this.#calls.size;
  }

  push(call: Waiting): void {
    this.#calls.add(call);
  }

  /** Removes the one that has waited longest. */
  shift(): Waiting | undefined {
    if (this.#calls.size === 0) return undefined;
    let result = this.#next.next();
    if (result.done) {
      this.#next = this.#calls.values();
      result = this.#next.next();
    }
    this.#calls.delete(result.value);
    return result.value;
  }

  /** False where it does not wait here. */
  remove(call: Waiting): boolean {
    return this.#calls.delete(call);
  }

  /** Removes them all, in their order. */
  clear(): Waiting[] {
    const calls = [...this.#calls];
    this.#calls.clear();
    return calls;
  }
}
