/**
 * Table `key` as the next commit will show it: the stored rows, without those that compaction takes away, and behind them the
 * rows that wait. What is said in `write-buffer.ts` holds here, too; rows are apart because they are what a put writes: by
 * number a row needs no key, no string and no object of its own until it is committed, and a look-up makes no string.
 */
import { byteString } from "../bytes.js";
import type { Backend, BackendEntry, BatchChange } from "./backend.js";
import { encodeRevision, REVISION_BYTES, type StoredRevision, writeRevision } from "./revision.js";
import { WaitingRows } from "./waiting-rows.js";

export class RowBuffer {
  readonly #backend: Backend;
  #waiting: WaitingRows = new WaitingRows();
  /** By the string of the key. */
  #removals: Map<string, BatchChange> = new Map();
  #bytes = 0;
  /** The key of the row that is looked up; nobody keeps it. */
  readonly #wanted = new Uint8Array(REVISION_BYTES);

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Rows and removals that wait. */
  get size(): number {
    return this.#waiting.size + this.#removals.size;
  }

  /** Of keys and values, written since the last `take`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A row behind all that there are. Its value is kept, not copied: the caller does not change it afterwards. */
  add({ main, sub, tombstone }: StoredRevision, value: Uint8Array): void {
    this.#waiting.add(main, sub, value, tombstone);
    this.#bytes += REVISION_BYTES + value.length;
  }

  remove({ main, sub, tombstone }: StoredRevision): void {
    const key = encodeRevision(main, sub, tombstone);
    this.#removals.set(byteString(key), { type: "delete", table: "key", key });
    this.#bytes += key.length;
  }

  /** What was put at a place of history. */
  get(main: number, sub: number): Uint8Array | undefined {
    return this.#find(main, sub, "get");
  }

  /** The same for a reader of the moment: see `Backend.view`. */
  view(main: number, sub: number): Uint8Array | undefined {
    return this.#find(main, sub, "view");
  }

  /** In key order, `from <= key < to`; `to` undefined: to the end. Nothing may be written or taken during the walk. */
  *range(from: Uint8Array, to: Uint8Array | undefined): Generator<BackendEntry, void, void> {
    for (const entry of this.#backend.range("key", from, to)) if (!this.#isRemoved(entry.key)) yield entry;
    for (const entry of this.#waiting.entries(from, to)) if (!this.#isRemoved(entry.key)) yield entry;
  }

  /** See `WriteBuffer.take`. */
  take(): BatchChange[] {
    const puts = this.#waiting.changes();
    const batch = this.#removals.size === 0 ? puts : puts.filter(({ key }) => !this.#isRemoved(key));
    for (const removal of this.#removals.values()) batch.push(removal);
    this.#waiting = new WaitingRows();
    this.#removals = new Map();
    this.#bytes = 0;
    return batch;
  }

  #find(main: number, sub: number, read: "get" | "view"): Uint8Array | undefined {
    const waiting = this.#waiting.get(main, sub);
    if (waiting !== undefined && this.#removals.size === 0) return waiting;
    writeRevision(this.#wanted, main, sub);
    return this.#isRemoved(this.#wanted) ? undefined : (waiting ?? this.#backend[read]("key", this.#wanted));
  }

  #isRemoved(key: Uint8Array): boolean {
    return this.#removals.size > 0 && this.#removals.has(byteString(key));
  }
}
