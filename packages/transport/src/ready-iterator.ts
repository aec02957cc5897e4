/**
 * Answers that are there already. A promise for each of them costs more than sending a small one; so whoever knows what it
 * has may say so at once, and an engine that cares asks. Every other reader uses the same iterator as ever.
 */
export interface ReadyIterator<T> extends AsyncIterator<T> {
  /**
   * The next answer, where it is there. Undefined: `next` has to be asked, which waits for one, ends or fails. Asked only
   * when no `next` is pending.
   */
  ready(): T | undefined;
}

/** The same iterator, if it can say what is ready. */
export function readyIterator<T>(iterator: AsyncIterator<T>): ReadyIterator<T> | undefined {
  return "ready" in iterator && typeof iterator.ready === "function" ? (iterator as ReadyIterator<T>) : undefined;
}
