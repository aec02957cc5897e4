/**
 * Where 64-bit fields of a message become numbers and back. Raft terms and indexes, counts and amounts are numbers in
 * the code because they are computed with; a value that a number cannot hold exactly is refused, never rounded.
 */

/** The field as a number; throws `RangeError` naming the field when it does not fit exactly. */
export function toSafeNumber(value: bigint, field: string): number {
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw new RangeError(`${field} is ${value}, which is beyond ±(2^53 - 1)`);
  return result;
}
