/**
 * What a user may read and write: the permissions of all its roles, merged. Ranges that overlap or touch are one, so a
 * request may span what several roles grant piece by piece.
 */
import { KeyRangeSet } from "../mvcc/key-range-set.js";
import { keyRange } from "../mvcc/tree-index.js";
import type { Role } from "./types.js";

export interface Grants {
  readonly read: KeyRangeSet;
  readonly write: KeyRangeSet;
}

export function mergeGrants(roles: Iterable<Role>): Grants {
  const read = new KeyRangeSet();
  const write = new KeyRangeSet();
  for (const { permissions } of roles) {
    for (const { type, key, rangeEnd } of permissions) {
      const range = keyRange(key, rangeEnd);
      if (type !== "write") read.add(range);
      if (type !== "read") write.add(range);
    }
  }
  return { read, write };
}
