/**
 * Writes that are applied but not yet handed to the backend. The log is what makes a write durable, so the backend may
 * be written in large, rare batches (etcd: every 100 ms or 10,000 operations); until then reads look here first.
 */
import type { BackendEntry, Table, WriteBatch } from "./backend.js";

export interface WriteBuffer {
  put(table: Table, key: Uint8Array, value: Uint8Array): void;
  delete(table: Table, key: Uint8Array): void;
  /** The value as the next commit will show it. */
  get(table: Table, key: Uint8Array): Uint8Array | undefined;
  /** Buffered and stored entries merged, in key order, `from <= key < to`. */
  range(table: Table, from: Uint8Array, to: Uint8Array | undefined, limit?: number): Iterable<BackendEntry>;
  /** Changes waiting, for the decision when to commit. */
  readonly size: number;
  /** Hands out the waiting changes and forgets them; the caller commits them at once, in the same turn. */
  take(): WriteBatch;
}
