/** Keys in ascending order. */

/** The place of the first key that is not less; behind the end when all are. */
export function firstNotLess(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
