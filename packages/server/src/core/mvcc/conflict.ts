/**
 * Which writes of a transaction exclude each other. Both branches are looked at, before execution, by etcd's rules:
 *
 * - A key may be put once in a list of operations, and not be put and deleted in one list, in whatever order.
 * - What a nested transaction puts or deletes counts as done by the list it stands in. Its two branches exclude each
 *   other, so the same key may be put in both.
 * - Nested transactions are looked at in order: a put clashes with what one before it put or deleted. A delete that comes
 *   after a sibling's put passes, as it does in etcd.
 * - Deletes may overlap each other, and ranges anything.
 * - A delete "from a key on" clashes with nothing: etcd reads its range end, one zero byte, as an end before the key. Its
 *   operations then run in their order.
 */
import { byteString, isFromKey } from "../bytes.js";
import { ServerError } from "../errors.js";
import { KeyRangeSet } from "./key-range-set.js";
import type { Operation, TxnOperation } from "./operations.js";
import { keyRange } from "./tree-index.js";

/** Errors: `duplicateKey`. */
export function checkWriteConflicts(operation: TxnOperation): void {
  writesOf(operation.success);
  writesOf(operation.failure);
}

/** The keys a list of operations writes, nested lists included. */
interface Writes {
  readonly puts: Set<string>;
  readonly deletes: KeyRangeSet;
}

function writesOf(operations: readonly Operation[]): Writes {
  let writes: Writes = { puts: new Set(), deletes: new KeyRangeSet() };
  for (const operation of operations) {
    if (operation.kind !== "delete-range" || isFromKey(operation.rangeEnd)) continue;
    writes.deletes.add(keyRange(operation.key, operation.rangeEnd));
  }
  for (const operation of operations) {
    if (operation.kind === "txn") writes = withNested(writes, operation);
  }
  for (const operation of operations) {
    if (operation.kind === "put") addPut(writes, byteString(operation.key));
  }
  return writes;
}

function withNested(writes: Writes, nested: TxnOperation): Writes {
  const branches = [writesOf(nested.success), writesOf(nested.failure)];
  for (const branch of branches) {
    for (const key of branch.puts) if (clashes(writes, key)) throw new ServerError("duplicateKey");
  }
  return branches.reduce(union, writes);
}

function addPut(writes: Writes, key: string): void {
  if (clashes(writes, key)) throw new ServerError("duplicateKey");
  writes.puts.add(key);
}

function clashes(writes: Writes, key: string): boolean {
  return writes.puts.has(key) || writes.deletes.has(key);
}

/** Adds the smaller to the larger side: a deep nesting would otherwise copy every key once a level. */
function union(a: Writes, b: Writes): Writes {
  const [puts, morePuts] = a.puts.size >= b.puts.size ? [a.puts, b.puts] : [b.puts, a.puts];
  for (const key of morePuts) puts.add(key);
  const [deletes, moreDeletes] = a.deletes.size >= b.deletes.size ? [a.deletes, b.deletes] : [b.deletes, a.deletes];
  deletes.addAll(moreDeletes);
  return { puts, deletes };
}
