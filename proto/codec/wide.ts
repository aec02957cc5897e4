/**
 * One 64-bit register between the two words that a varint is made of and the `bigint` that a message holds. Eight bytes seen
 * as a signed number, an unsigned one and two words: the engine turns that into plain loads and stores, where shifting and
 * masking a `bigint` allocates. It is the only state of this folder, and nothing is kept in it: who sets it reads it at once.
 */
const signed = new BigInt64Array(1);
const unsigned = new BigUint64Array(signed.buffer);
const words = new Uint32Array(signed.buffer);

/** Where the low word lies: first on almost every machine. */
const LOW: 0 | 1 = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
const HIGH: 0 | 1 = LOW === 0 ? 1 : 0;

export function setWords(low: number, high: number): void {
  words[LOW] = low;
  words[HIGH] = high;
}

/** Errors: `RangeError` for a number that 64 bits with a sign cannot hold. */
export function setSigned(value: bigint): void {
  const wide = asBigint(value);
  signed[0] = wide;
  if (signed[0] !== wide) throw new RangeError(`${value} is no int64`);
}

/** Errors: `RangeError` for a number that 64 bits without a sign cannot hold. */
export function setUnsigned(value: bigint): void {
  const wide = asBigint(value);
  unsigned[0] = wide;
  if (unsigned[0] !== wide) throw new RangeError(`${value} is no uint64`);
}

/** From 0 to 2^32 - 1. */
export function lowWord(): number {
  return words[LOW] as number;
}

/** From 0 to 2^32 - 1. */
export function highWord(): number {
  return words[HIGH] as number;
}

export function signedValue(): bigint {
  return signed[0] as bigint;
}

export function unsignedValue(): bigint {
  return unsigned[0] as bigint;
}

/** Whole numbers are taken for a `bigint`, as protobuf-es does: a caller without types may give one. */
function asBigint(value: bigint): bigint {
  return typeof value === "bigint" ? value : BigInt(value);
}
