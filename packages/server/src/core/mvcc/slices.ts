/**
 * Long walks in slices: a walk is a generator that yields when it has done enough for one turn of the event loop. Who runs
 * it decides what happens in between; the walk itself notices what changed when it goes on.
 */

/** A walk that pauses by yielding and returns its result. */
export type Slices<R> = Generator<void, R, void>;

/** Cost of one slice, in visits of an index entry: one to three milliseconds. A read of a stored value counts `READ_COST`. */
export const SLICE_COST = 8192;
export const READ_COST = 16;

/** Runs a walk to its end in one go. */
export function finish<R>(slices: Slices<R>): R {
  for (;;) {
    const step = slices.next();
    if (step.done) return step.value;
  }
}

/** Counts what a slice has cost so far. */
export class SliceBudget {
  readonly #perSlice: number;
  #left: number;

  constructor(perSlice: number) {
    this.#perSlice = perSlice;
    this.#left = perSlice;
  }

  /** True when the slice is used up; the next one starts full. */
  spend(cost: number): boolean {
    this.#left -= cost;
    if (this.#left > 0) return false;
    this.#left = this.#perSlice;
    return true;
  }
}
