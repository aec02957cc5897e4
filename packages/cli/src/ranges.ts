/** From arguments to the range of keys that a request names, with etcdctl's rules and words for arguments that do not go together. */
import { fromKey, prefix } from "@kvorum/client";
import { badArguments } from "./failure.js";

export interface RangeArguments {
  readonly key: string;
  readonly end: string | undefined;
  readonly isPrefix: boolean;
  readonly isFromKey: boolean;
}

/** The two fields of a request: an empty end means the key alone. Errors: `CommandFailure`. */
export function rangeOf(given: RangeArguments): { key: Uint8Array; rangeEnd: Uint8Array } {
  if (given.isPrefix && given.isFromKey) {
    throw badArguments("`--prefix` and `--from-key` cannot be set at the same time, choose one");
  }
  if (given.end !== undefined && (given.isPrefix || given.isFromKey)) {
    throw badArguments("too many arguments, only accept one argument when `--prefix` or `--from-key` is set");
  }
  if (given.isPrefix || given.isFromKey) {
    const { key, end } = given.isPrefix ? prefix(given.key) : fromKey(given.key);
    return { key, rangeEnd: end ?? new Uint8Array() };
  }
  return { key: Buffer.from(given.key), rangeEnd: Buffer.from(given.end ?? "") };
}
