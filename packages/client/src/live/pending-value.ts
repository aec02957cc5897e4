/** The value that one consumer of a `LiveValue` has not taken: the newest, and none where it is what the consumer has. */
import { sameData } from "./same-data.js";
import type { Pending } from "./tap.js";

export class PendingValue<T> implements Pending<T> {
  #newest: T;
  #seen: { readonly value: T } | undefined;

  /** A consumer that knows `current` already, or (`initial`) is to begin with it. */
  constructor(current: T, initial: boolean) {
    this.#newest = current;
    this.#seen = initial ? undefined : { value: current };
  }

  set(value: T): void {
    this.#newest = value;
  }

  take(): { readonly value: T } | undefined {
    if (this.#seen !== undefined && sameData(this.#seen.value, this.#newest)) return undefined;
    this.#seen = { value: this.#newest };
    return this.#seen;
  }
}
