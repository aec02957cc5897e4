/**
 * What the state machine asks of storage: ordered bytes to bytes, atomic batches, a durable prefix. Implemented on
 * segments of files and in memory under `io/backend/`; every implementation passes `io/backend/contract.ts`.
 *
 * Laws:
 * - A batch and the mark `at` become visible together, and survive a crash together or not at all.
 * - After a crash the backend holds the state of some earlier commit; `durableAt()` of the reopened backend says which.
 * - A range is walked before the next commit: the first step after one throws. Longer walks use a snapshot.
 * - Byte arrays that come out are the caller's to keep; arrays that go in are not changed afterwards by the caller.
 */
import { invariant } from "../invariant.js";

/** `key`: revision → encoded `mvccpb.KeyValue`; the others are small. */
export type Table = "key" | "meta" | "lease" | "member" | "alarm" | "auth";

export const TABLES: readonly Table[] = ["key", "meta", "lease", "member", "alarm", "auth"];

/** Longest key of any table, in bytes. Keys are never empty. */
export const KEY_BYTES_MAX = 1978;

export interface BackendEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export type BatchChange =
  | { readonly type: "put"; readonly table: Table; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "delete"; readonly table: Table; readonly key: Uint8Array };

/** Changes in order; a later change of one key wins. */
export type WriteBatch = readonly BatchChange[];

/** What every implementation asks of a batch's keys. */
export function checkKeys(batch: WriteBatch): void {
  for (const { table, key } of batch) {
    invariant(key.length > 0 && key.length <= KEY_BYTES_MAX, `a ${table} key of ${key.length} bytes can be stored`);
  }
}

/** Who counts in the cluster, as of an index. Joint consensus uses the last three fields (thesis §4.3). */
export interface ConfState {
  readonly voters: readonly bigint[];
  readonly learners: readonly bigint[];
  readonly votersOutgoing: readonly bigint[];
  readonly learnersNext: readonly bigint[];
  readonly autoLeave: boolean;
}

/** The log position whose effects the data includes: index 0 for an empty backend. */
export interface AppliedAt {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

export interface BackendSize {
  /** Bytes allocated on disk (or held in memory). */
  readonly bytes: number;
  /** Bytes in use, without free pages. */
  readonly bytesInUse: number;
}

/** A consistent copy of everything at one commit, as an ordered stream of entries. Close it when done. */
export interface BackendSnapshot {
  readonly at: AppliedAt;
  entries(table: Table): Iterable<BackendEntry>;
  close(): void;
}

/** Everything a backend is to hold, in any order. Its iterator is closed when the source is given up early. */
export type ContentSource =
  | Iterable<BackendEntry & { readonly table: Table }>
  | AsyncIterable<BackendEntry & { readonly table: Table }>;

/** What is stored cannot be read: a disk refused. Says where, and belongs into the log and nowhere else. */
export class UnreadableError extends Error {
  override readonly name = "UnreadableError";
}

/** Reads throw `UnreadableError` when the storage refuses them. */
export interface Backend {
  get(table: Table, key: Uint8Array): Uint8Array | undefined;
  /**
   * The same bytes without a copy, where they lie in memory: neither to be changed, nor to be kept for longer than an answer is
   * made, for a few of them may keep much more in memory.
   */
  view(table: Table, key: Uint8Array): Uint8Array | undefined;
  /** Entries with `from <= key < to` in key order, at most `limit` (default: all). `to` undefined: to the table's end. */
  range(table: Table, from: Uint8Array, to: Uint8Array | undefined, limit?: number): Iterable<BackendEntry>;
  /** Applies the batch and the mark in one transaction; visible when it returns, durable at the next flush. */
  commit(batch: WriteBatch, at: AppliedAt): void;
  /** The mark of the last commit. */
  appliedAt(): AppliedAt;
  /** The mark that is known to survive a power loss. */
  durableAt(): AppliedAt;
  /** Makes everything committed so far durable; resolves with the mark that is. */
  flush(): Promise<AppliedAt>;
  size(): BackendSize;
  snapshot(): BackendSnapshot;
  /**
   * Replaces the whole content by the snapshot's, atomically even across a crash; durable when it resolves. Entries are
   * taken as they come. Reads see the old content until then, and commits are refused. When the source or the storage
   * fails it rejects, and the old content stays as if nothing had been asked.
   */
  replaceWith(at: AppliedAt, entries: ContentSource): Promise<void>;
  /** Rewrites the data without free pages. Reads and commits before and after it see the same content. */
  defragment(): Promise<void>;
  close(): Promise<void>;
}
