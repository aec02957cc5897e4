/**
 * One consumer's end of something that lives: an async iterator over what is pending for it. What is pending is the source's
 * matter (`change-stream.ts`, `latest.ts`), which keeps it bounded; here are waiting, leaving, aborting, and the error that
 * is thrown once.
 */

/** What is pending for one consumer. */
export interface Pending<T> {
  /** The oldest, or undefined when there is none. */
  take(): { readonly value: T } | undefined;
}

export class Tap<T> implements AsyncIterableIterator<T, undefined, undefined> {
  readonly #pending: Pending<T>;
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: (tap: Tap<T>) => void;
  readonly #onAbort = (): void => this.end();
  #over: { error?: unknown } | undefined;
  #failed = false;
  #wakes: (() => void)[] = [];

  /** `onEnd` is called once, when nothing more will be taken. */
  constructor(pending: Pending<T>, signal: AbortSignal | undefined, onEnd: (tap: Tap<T>) => void) {
    this.#pending = pending;
    this.#signal = signal;
    this.#onEnd = onEnd;
    if (signal?.aborted) this.end();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      // A failure comes after what was pending before it; an end is at once.
      const taken = this.#over === undefined || this.#failed ? this.#pending.take() : undefined;
      if (taken !== undefined) return { done: false, value: taken.value };
      if (this.#failed) {
        this.#failed = false;
        throw this.#over?.error;
      }
      if (this.#over !== undefined) return { done: true, value: undefined };
      await new Promise<void>((resolve) => this.#wakes.push(resolve));
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  /** Something may be pending now. */
  wake(): void {
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }

  fail(error: unknown): void {
    this.#finish({ error }, true);
  }

  end(): void {
    // Leaving the loop after a failure drops what is left of it.
    this.#failed = false;
    this.#finish({}, false);
  }

  #finish(over: { error?: unknown }, failed: boolean): void {
    if (this.#over !== undefined) return;
    this.#over = over;
    this.#failed = failed;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#onEnd(this);
    this.wake();
  }
}
