/**
 * The side of a stream's iterator that is read: a reader takes what is there, or waits in line until something comes. Each
 * reader hears what became of its own turn: where a message cannot be handed out, the one whose it was is told why, and not
 * the next.
 */

/** No more will be handed out; what a reader is still to be told, once. */
export interface StreamEnd {
  error?: { readonly cause: unknown };
}

/** Throws the error the first time, and is done from then on. */
export function told(end: StreamEnd): IteratorResult<never, undefined> {
  const { error } = end;
  if (error === undefined) return { done: true, value: undefined };
  delete end.error;
  throw error.cause;
}

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

export class WaitingReaders<T> {
  readonly #take: () => IteratorResult<T, undefined> | undefined;
  readonly #waiters: Waiter<T>[] = [];

  /** `take`: the next message or the end, undefined where there is neither yet. Its reader is told what it throws. */
  constructor(take: () => IteratorResult<T, undefined> | undefined) {
    this.#take = take;
  }

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiters.length === 0) {
      try {
        const result = this.#take();
        if (result !== undefined) return Promise.resolve(result);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** Something has come: hands out to those that wait. */
  serve(): void {
    // One that is served is in line no longer: taking may end the stream, which serves the others with that.
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      try {
        const result = this.#take();
        if (result === undefined) {
          this.#waiters.unshift(waiter);
          return;
        }
        waiter.resolve(result);
      } catch (error) {
        waiter.reject(error);
      }
    }
  }
}
