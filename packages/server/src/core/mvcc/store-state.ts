/** What the parts of the store share. Only `store.ts`, `change.ts` and `compaction.ts` write the two revisions. */
import { ServerError } from "../errors.js";
import type { KeyTable } from "./key-table.js";
import type { LeaseBook } from "./lease-book.js";
import { safeRevision } from "./revision.js";
import type { TreeIndex } from "./tree-index.js";

/** What stands for a compact revision where there was none, as in etcd: even a compaction at 0 comes after it. */
export const NEVER_COMPACTED = -1;

export interface StoreState {
  readonly index: TreeIndex;
  readonly table: KeyTable;
  readonly leases: LeaseBook;
  /** Main revision of the last write; 1 in an empty store. */
  currentRevision: number;
  /** Lowest revision still readable, or `NEVER_COMPACTED`. Never above `currentRevision`, never goes down. */
  compactRevision: number;
}

/**
 * The revision a read is served at: the asked one, or `newest` for 0 and less.
 *
 * Errors: `futureRevision`, `compacted`.
 */
export function readableRevision(state: StoreState, asked: bigint, newest: number): number {
  if (asked > BigInt(newest)) throw new ServerError("futureRevision");
  const revision = asked <= 0n ? newest : safeRevision(asked);
  if (revision < state.compactRevision) throw new ServerError("compacted");
  return revision;
}
