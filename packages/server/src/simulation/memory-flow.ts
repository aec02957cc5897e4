/**
 * A snapshot or a question on its way between two members in memory: work on a connection of its own, which ends when that
 * is reset, at once and on both sides.
 */
export class MemoryFlow {
  readonly #from: bigint;
  readonly #to: bigint;
  #broken = false;
  #break: (error: Error) => void = () => {};
  /** Never fulfilled; rejects when the connection is reset. */
  readonly #end: Promise<never>;

  constructor(from: bigint, to: bigint) {
    this.#from = from;
    this.#to = to;
    this.#end = new Promise((_, reject) => {
      this.#break = reject;
    });
    // Whoever works on the flow at that moment is told; there need not be anybody.
    this.#end.catch(() => {});
  }

  joins(a: bigint, b: bigint): boolean {
    return (this.#from === a && this.#to === b) || (this.#from === b && this.#to === a);
  }

  /** Whether it stood until now. */
  break(): boolean {
    if (this.#broken) return false;
    this.#broken = true;
    this.#break(resetError());
    return true;
  }

  /** The work, for as long as the connection stands. Errors: the work's, or that the connection was reset. */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#end]);
  }

  /** Errors: the connection was reset. */
  check(): void {
    if (this.#broken) throw resetError();
  }
}

function resetError(): Error {
  return new Error("the connection was reset");
}
