/** The revision of a store, followed while its entries pass by: the same rule as when a node opens them. */
import { compareBytes } from "../core/bytes.js";
import { SCHEDULED } from "../core/mvcc/compaction.js";
import { decodeCounter, decodeRevision } from "../core/mvcc/revision.js";
import { NEVER_COMPACTED } from "../core/mvcc/store-state.js";
import type { SnapshotEntry } from "../io/snapshot/decode.js";

export class RevisionTrace {
  #last = 1;
  #compact = NEVER_COMPACTED;

  see(entry: SnapshotEntry): void {
    if (entry.table === "key") this.#last = Math.max(this.#last, decodeRevision(entry.key).main);
    if (isCompactionMark(entry)) this.#compact = decodeCounter(entry.value);
  }

  /** Of what was seen so far: the newest write's, or a compaction's if that write is gone. */
  get revision(): bigint {
    return BigInt(Math.max(this.#last, this.#compact));
  }

  /** -1n when nothing was ever compacted. */
  get compactRevision(): bigint {
    return BigInt(this.#compact);
  }
}

/** The record of the revision below which reads are given up. */
export function isCompactionMark({ table, key }: SnapshotEntry): boolean {
  return table === "meta" && compareBytes(key, SCHEDULED) === 0;
}
