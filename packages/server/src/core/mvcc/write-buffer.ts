/**
 * Writes that are applied but not yet handed to the backend. The log is what makes a write durable, so the backend may
 * be written in large, rare batches (etcd: every 100 ms or 10,000 operations); until then reads look here first.
 *
 * A deleted key stays in the buffer as a deletion: without that, a read would find the stored value below it again.
 *
 * Table `key`, which takes nearly all that is written, has a buffer of its own (`row-buffer.ts`).
 */
import { byteString } from "../bytes.js";
import { type Backend, type BackendEntry, type BatchChange, TABLES, type Table, type WriteBatch } from "./backend.js";
import { RowBuffer } from "./row-buffer.js";
import { TableChanges } from "./table-changes.js";

/** Those whose changes are told by key. */
export type SmallTable = Exclude<Table, "key">;
type SmallChange = BatchChange & { readonly table: SmallTable };

const SMALL_TABLES = TABLES.filter((table) => table !== "key");

export class WriteBuffer {
  /** Table `key`. */
  readonly rows: RowBuffer;
  readonly #backend: Backend;
  #tables: Record<SmallTable, TableChanges> = noChanges();
  #size = 0;
  #bytes = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.rows = new RowBuffer(backend);
  }

  /** Changes waiting (one a key, the newest), for the decision when to commit. */
  get size(): number {
    return this.#size + this.rows.size;
  }

  /** Bytes of keys and values written since the last `take`, for the same decision: a few large values fill memory too. */
  get bytes(): number {
    return this.#bytes + this.rows.bytes;
  }

  /** The arrays are kept, not copied: the caller does not change them afterwards. */
  put(table: SmallTable, key: Uint8Array, value: Uint8Array): void {
    this.#write({ type: "put", table, key, value }, key.length + value.length);
  }

  delete(table: SmallTable, key: Uint8Array): void {
    this.#write({ type: "delete", table, key }, key.length);
  }

  /** The value as the next commit will show it. */
  get(table: SmallTable, key: Uint8Array): Uint8Array | undefined {
    const change = this.#waiting(table, key);
    if (change === undefined) return this.#backend.get(table, key);
    return change.type === "put" ? change.value : undefined;
  }

  /**
   * Buffered and stored entries merged, in key order, `from <= key < to`; `to` undefined: to the table's end. Nothing
   * may be written or taken while it is being walked.
   */
  *range(
    table: SmallTable,
    from: Uint8Array,
    to: Uint8Array | undefined,
    limit: number = Infinity,
  ): Iterable<BackendEntry> {
    const changes = this.#tables[table];
    let left = limit;
    if (left <= 0) return;
    for (const entry of changes.size === 0
      ? this.#backend.range(table, from, to, limit)
      : merge(this.#backend.range(table, from, to), changes, from, to)) {
      yield entry;
      left--;
      if (left === 0) return;
    }
  }

  /** Hands out the waiting changes and forgets them; the caller commits them at once, in the same turn. */
  take(): WriteBatch {
    const batch = this.rows.take();
    for (const table of SMALL_TABLES) for (const change of this.#tables[table].values()) batch.push(change);
    this.#tables = noChanges();
    this.#size = 0;
    this.#bytes = 0;
    return batch;
  }

  #waiting(table: SmallTable, key: Uint8Array): BatchChange | undefined {
    const changes = this.#tables[table];
    return changes.size === 0 ? undefined : changes.get(byteString(key));
  }

  #write(change: SmallChange, bytes: number): void {
    const table = this.#tables[change.table];
    const before = table.size;
    table.set(byteString(change.key), change);
    this.#size += table.size - before;
    this.#bytes += bytes;
  }
}

/** Both sides in one ascending walk; where they meet, the buffered change hides the stored entry. */
function* merge(
  stored: Iterable<BackendEntry>,
  changes: TableChanges,
  from: Uint8Array,
  to: Uint8Array | undefined,
): Iterable<BackendEntry> {
  const end = to === undefined ? undefined : byteString(to);
  const buffered = changes.from(byteString(from));
  const nextBuffered = (): [string, BatchChange] | undefined => {
    const step = buffered.next();
    return step.done || (end !== undefined && step.value[0] >= end) ? undefined : step.value;
  };
  let change = nextBuffered();
  for (const entry of stored) {
    const key = byteString(entry.key);
    for (; change !== undefined && change[0] < key; change = nextBuffered()) {
      if (change[1].type === "put") yield change[1];
    }
    if (change === undefined || change[0] !== key) yield entry;
  }
  for (; change !== undefined; change = nextBuffered()) {
    if (change[1].type === "put") yield change[1];
  }
}

function noChanges(): Record<SmallTable, TableChanges> {
  return {
    meta: new TableChanges(),
    lease: new TableChanges(),
    member: new TableChanges(),
    alarm: new TableChanges(),
    auth: new TableChanges(),
  };
}
