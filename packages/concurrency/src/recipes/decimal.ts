/**
 * Whole numbers as decimal text, so that `etcdctl get` shows them and a program in any language reads them. They are held to
 * 64 bits with a sign, which is what those other readers have.
 */
import type { Codec } from "@kvorum/client";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const DECIMAL = /^-?\d{1,32}$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Errors of decoding say what is wrong and not what was stored. */
export const decimal: Codec<bigint> = {
  encode: (value) => encoder.encode(value.toString()),
  decode: (bytes) => {
    const text = decoder.decode(bytes);
    if (!DECIMAL.test(text)) throw new TypeError("it is not a whole number in decimal digits");
    const value = BigInt(text);
    if (!fitsInt64(value)) throw new RangeError("it does not fit into 64 bits");
    return value;
  },
};

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** Errors: `TypeError` for what is no number, `RangeError` for one that is not whole or does not fit into 64 bits. */
export function toInt64(value: bigint | number, argument: string): bigint {
  if (typeof value !== "bigint" && typeof value !== "number") {
    throw new TypeError(`${argument} must be a bigint or a whole number, not ${typeof value}`);
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`${argument} must be a whole number, not ${value}`);
  }
  const wide = BigInt(value);
  if (!fitsInt64(wide)) throw new RangeError(`${argument} must fit into 64 bits, not ${wide}`);
  return wide;
}
