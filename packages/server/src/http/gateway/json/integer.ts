/**
 * Whole numbers of JSON, exact beyond 2^53: ids and revisions need all 64 bits, so a number's digits are read as they
 * stand. `1e3` and `100.0` are whole too, as in protobuf's JSON mapping.
 */

/** Longer than any whole number of 64 bits that somebody writes; keeps the work of one number small. */
const TEXT_LENGTH_MAX = 64;

/** The value, or undefined when the text is no whole number of a sensible length. */
export function wholeNumber(text: string): bigint | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const digits = `${whole}${fraction}`;
  // Where the decimal point belongs, counted from the left end of the digits.
  const point = whole.length + Number(exponent);
  if (point > TEXT_LENGTH_MAX || /[^0]/.test(digits.slice(Math.max(0, point)))) return undefined;
  const magnitude = BigInt(digits.slice(0, Math.max(0, point)).padEnd(point, "0"));
  return sign === "-" ? -magnitude : magnitude;
}

export interface IntegerRange {
  readonly min: bigint;
  readonly max: bigint;
}

export const INT32: IntegerRange = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
export const UINT32: IntegerRange = { min: 0n, max: 2n ** 32n - 1n };
export const INT64: IntegerRange = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
export const UINT64: IntegerRange = { min: 0n, max: 2n ** 64n - 1n };

export function isWithin(value: bigint, { min, max }: IntegerRange): boolean {
  return value >= min && value <= max;
}
