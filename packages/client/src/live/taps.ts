/** The consumers of one source: what there is goes to all of them, and so does the end, also to those that come after it. */
import { type Pending, Tap } from "./tap.js";

export class Taps<T, P extends Pending<T>> {
  readonly #open = new Map<Tap<T>, P>();
  #over: ((tap: Tap<T>) => void) | undefined;

  /** A consumer, with what is pending for it already. */
  open(pending: P, signal?: AbortSignal): Tap<T> {
    const tap = new Tap(pending, signal, (ended) => this.#open.delete(ended));
    if (!signal?.aborted) this.#open.set(tap, pending);
    this.#over?.(tap);
    return tap;
  }

  /** Consumers that have not left. */
  get size(): number {
    return this.#open.size;
  }

  /** Gives something to every consumer. */
  each(push: (pending: P) => void): void {
    for (const [tap, pending] of this.#open) {
      push(pending);
      tap.wake();
    }
  }

  fail(error: unknown): void {
    this.#finish((tap) => tap.fail(error));
  }

  end(): void {
    this.#finish((tap) => tap.end());
  }

  #finish(over: (tap: Tap<T>) => void): void {
    this.#over ??= over;
    for (const tap of [...this.#open.keys()]) over(tap);
  }
}
