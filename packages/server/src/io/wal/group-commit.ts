/**
 * Group commit without timers: one flush in flight, and everything that arrives meanwhile is the next batch. At low load
 * a record waits for one flush of its own; at high load many share one. A first record waits one microtask, so what is
 * submitted in the same turn travels together.
 */

interface Waiting<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<T> {
  readonly #flush: (batch: readonly T[]) => Promise<void>;
  readonly #bytes: (item: T) => number;
  readonly #batchBytesMax: number;
  #waiting: Waiting<T>[] = [];
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** A batch holds items up to `batchBytesMax`, and always at least one. After a failed flush everything rejects. */
  constructor(flush: (batch: readonly T[]) => Promise<void>, bytes: (item: T) => number, batchBytesMax: number) {
    this.#flush = flush;
    this.#bytes = bytes;
    this.#batchBytesMax = batchBytesMax;
  }

  /** Resolves when the flush that holds the item has succeeded. Items are flushed in the order of their submission. */
  submit(item: T): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure.error);
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting or in flight; never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#flush(batch.map(({ item }) => item));
      } catch (error) {
        this.#fail(error, batch);
        break;
      }
      for (const { resolve } of batch) resolve();
    }
    this.#running = undefined;
  }

  #takeBatch(): readonly Waiting<T>[] {
    let bytes = 0;
    let count = 0;
    for (const { item } of this.#waiting) {
      bytes += this.#bytes(item);
      if (count > 0 && bytes > this.#batchBytesMax) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #fail(error: unknown, batch: readonly Waiting<T>[]): void {
    this.#failure = { error };
    for (const { reject } of [...batch, ...this.#waiting]) reject(error);
    this.#waiting = [];
  }
}
