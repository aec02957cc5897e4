/**
 * Long walks in slices: a walk is a generator that yields when it has done enough for one turn of the event loop. Who runs
 * it decides what happens in between; the walk itself notices what changed when it goes on.
 */

/** A walk that pauses by yielding and returns its result. */
export type Slices<R> = Generator<void, R, void>;

/**
 * Cost of one slice, in visits of an index entry: one to three milliseconds, ten where all rows come from the disk. A read of a
 * stored row counts `READ_COST`, so that a range of a thousand keys is one slice: a hundred of them in turns would all hold
 * their rows at once, and cost the garbage collector more than the reading.
 */
export const SLICE_COST = 8192;
export const READ_COST = 4;

/** Runs a walk to its end in one go. */
export function finish<R>(slices: Slices<R>): R {
  for (;;) {
    const step = slices.next();
    if (step.done) return step.value;
  }
}

/** Counts what a walk has cost so far. */
export class SliceBudget {
  readonly #perSlice: number;
  #left: number;
  #spent = 0;

  constructor(perSlice: number = SLICE_COST) {
    this.#perSlice = perSlice;
    this.#left = perSlice;
  }

  /** True when the slice is used up; the next one starts full. */
  spend(cost: number): boolean {
    this.#spent += cost;
    this.#left -= cost;
    if (this.#left > 0) return false;
    this.#left = this.#perSlice;
    return true;
  }

  /** All of it since this was last asked. */
  takeSpent(): number {
    const spent = this.#spent;
    this.#spent = 0;
    return spent;
  }
}
