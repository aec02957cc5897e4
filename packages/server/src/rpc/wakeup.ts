/**
 * How a loop that waits for several things waits: whoever has news calls `wake()`, the loop looks at everything and waits
 * again. News that comes while the loop is busy is not lost. One promise at a time, so nothing piles up on a long stream
 * as it would with `Promise.race`.
 */
export class Wakeup {
  #news = false;
  #resume: (() => void) | undefined;

  wake(): void {
    this.#news = true;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** Resolves at the next `wake()`, or at once when there was one since the last wait. One waiter at a time. */
  async wait(): Promise<void> {
    if (!this.#news) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
    this.#news = false;
  }
}

/** Requests that wait until the loop takes them; more are not read from the connection. */
const INBOX_REQUESTS_MAX = 16;

/** The requests of a stream for a loop that also waits for other things: a bounded queue instead of an iterator. */
export class Inbox<T> {
  readonly #queue: T[] = [];
  readonly #wake: () => void;
  readonly #onFailure: () => void;
  readonly #room = new Wakeup();
  #closed = false;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  /** Begins to read at once; `wake` is called at every request and at the end, `onFailure` when reading failed. */
  constructor(requests: AsyncIterable<T>, wake: () => void, onFailure: () => void = () => {}) {
    this.#wake = wake;
    this.#onFailure = onFailure;
    void this.#read(requests);
  }

  /** `take` would give a request, or fail. */
  get hasNews(): boolean {
    return this.#queue.length > 0 || this.#failure !== undefined;
  }

  /** The next request, or undefined when none waits. Errors: what reading the requests failed with, after the last one. */
  take(): T | undefined {
    const request = this.#queue.shift();
    if (request !== undefined) this.#room.wake();
    else if (this.#failure !== undefined) throw this.#failure.error;
    return request;
  }

  /** The client has sent its last request, and it was taken. */
  get finished(): boolean {
    return this.#ended && this.#queue.length === 0;
  }

  /** Stops reading. */
  close(): void {
    this.#closed = true;
    this.#room.wake();
  }

  async #read(requests: AsyncIterable<T>): Promise<void> {
    try {
      for await (const request of requests) {
        if (this.#closed) return;
        this.#queue.push(request);
        this.#wake();
        while (this.#queue.length >= INBOX_REQUESTS_MAX && !this.#closed) await this.#room.wait();
      }
      this.#ended = true;
    } catch (error) {
      this.#failure = { error };
      // What is read no more cannot fail any more.
      if (!this.#closed) this.#onFailure();
    }
    this.#wake();
  }
}
