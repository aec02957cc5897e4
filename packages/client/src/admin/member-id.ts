/** Ids of members, which use all 64 bits without a sign, unlike revisions and leases. */
import { describe } from "../checks.js";
import type { BigIntLike } from "../options.js";

const UINT64_MAX = 2n ** 64n - 1n;

/** Errors: `TypeError`, `RangeError`, naming the argument. */
export function toMemberId(value: BigIntLike, name: string): bigint {
  if (typeof value !== "bigint" && typeof value !== "number") {
    throw new TypeError(`${name} must be the id of a member, not ${describe(value)}`);
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`${name} must be a whole number, not ${value}`);
  }
  const id = BigInt(value);
  if (id < 0n || id > UINT64_MAX) throw new RangeError(`${name} must fit into 64 bits without a sign, not ${id}`);
  return id;
}
