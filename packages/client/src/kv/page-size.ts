/** How many pairs to ask for, from how large the last answers were. */

/** Bytes of keys and values that a page aims at. */
const PAGE_BYTES = 1_048_576;
const FIRST = 1_000;
const MOST = 10_000;
/** Pages that fit, before a size that did not is tried again. */
const PAGES_BEFORE_GROWTH = 8;

export class PageSize {
  readonly #most: number;
  #current: number;
  #hold = 0;

  constructor(most: number = MOST) {
    this.#most = most;
    this.#current = Math.min(most, FIRST);
  }

  get current(): number {
    return this.#current;
  }

  /** A page came. */
  fitted(bytes: number): void {
    if (this.#hold > 0) this.#hold -= 1;
    if (bytes > PAGE_BYTES) this.#current = half(this.#current);
    else if (bytes * 2 <= PAGE_BYTES && this.#hold === 0) this.#current = Math.min(this.#most, this.#current * 2);
  }

  /** A page was over the message limit. False where a single pair is. */
  tooLarge(): boolean {
    if (this.#current === 1) return false;
    this.#current = half(this.#current);
    this.#hold = PAGES_BEFORE_GROWTH;
    return true;
  }
}

function half(size: number): number {
  return Math.ceil(size / 2);
}
