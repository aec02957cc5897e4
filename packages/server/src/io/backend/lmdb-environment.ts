/**
 * One LMDB environment: a directory with a data file, a named database a table, and one for the mark. Knows the engine;
 * `lmdb-backend.ts` knows when to use which environment.
 *
 * Settings: binary keys and values, no compression, no msgpack, no write map, synced unless told not to. With `overlappingSync` the
 * engine keeps the last flushed root apart from the newest one and `safeRestore` goes back to it after a crash. In this
 * version (3.5.6) the engine flushes inside a synchronous commit, so a commit that has returned is durable.
 */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { type Database, open, type RootDatabase, type Transaction, TransactionFlags } from "lmdb";
import { compareBytes } from "../../core/bytes.js";
import {
  type AppliedAt,
  type BackendEntry,
  type BackendSize,
  KEY_BYTES_MAX,
  TABLES,
  type Table,
  type WriteBatch,
} from "../../core/mvcc/backend.js";
import { decodeAppliedAt, encodeAppliedAt, NOTHING_APPLIED } from "./applied-at.js";

/** Written before the call returns, flushed the overlapping way. */
const COMMIT_FLAGS = TransactionFlags.SYNCHRONOUS_COMMIT | TransactionFlags.NO_SYNC_FLUSH;

const BINARY = { encoding: "binary", keyEncoding: "binary", compression: false, cache: false } as const;
/** The smallest key there is: LMDB has no empty one. */
const FIRST_KEY = Uint8Array.of(0);
const MARK_KEY = Uint8Array.of(1);

/** Entries are copied out in portions, so that no cursor stays open between two steps of a walk. */
const PORTION_ENTRIES = 256;
const PORTION_BYTES = 1024 * 1024;

type Store = Database<Uint8Array, Uint8Array>;

export interface LmdbEnvironmentOptions {
  readonly mapBytes: number;
  /** Commits return before the disk has them, and a power cut may damage the file. */
  readonly unsafeNoSync: boolean;
}

export class LmdbEnvironment {
  readonly directory: string;
  readonly #root: RootDatabase<Uint8Array, Uint8Array>;
  readonly #tables: ReadonlyMap<Table, Store>;
  readonly #marks: Store;

  /** The directory exists; the files in it are made when they do not. */
  constructor(directory: string, { mapBytes, unsafeNoSync }: LmdbEnvironmentOptions) {
    this.directory = directory;
    this.#root = open({
      ...BINARY,
      path: directory,
      noSubdir: false,
      mapSize: mapBytes,
      maxDbs: 10,
      maxReaders: 126,
      overlappingSync: !unsafeNoSync,
      noSync: unsafeNoSync,
      useWritemap: false,
      ...(unsafeNoSync ? {} : { safeRestore: true }),
    });
    this.#tables = new Map(TABLES.map((table) => [table, this.#root.openDB({ ...BINARY, name: table })]));
    this.#marks = this.#root.openDB({ ...BINARY, name: "applied" });
    for (const file of ["data.mdb", "lock.mdb"]) chmodSync(join(directory, file), 0o600);
  }

  appliedAt(transaction?: Transaction): AppliedAt {
    const bytes = this.#marks.get(MARK_KEY, transaction && { transaction });
    return bytes === undefined ? NOTHING_APPLIED : decodeAppliedAt(bytes);
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    if (key.length === 0 || key.length > KEY_BYTES_MAX) return undefined;
    const value = this.#store(table).getBinary(key);
    return value && new Uint8Array(value);
  }

  /** Applies the batches and the mark in one transaction; durable when it returns. */
  commit(batches: readonly WriteBatch[], at: AppliedAt | undefined): void {
    this.#root.transactionSync(() => {
      for (const batch of batches) {
        for (const change of batch) {
          const store = this.#store(change.table);
          if (change.type === "put") store.put(change.key, change.value);
          else store.remove(change.key);
        }
      }
      if (at !== undefined) this.#marks.put(MARK_KEY, encodeAppliedAt(at));
    }, COMMIT_FLAGS);
  }

  *entries(
    table: Table,
    from: Uint8Array,
    to: Uint8Array | undefined,
    limit: number,
    transaction?: Transaction,
  ): Generator<BackendEntry> {
    let left = limit;
    let start = from.length === 0 ? FIRST_KEY : from;
    let exclusiveStart = false;
    while (left > 0 && (to === undefined || compareBytes(start, to) < 0)) {
      const asked = Math.min(left, PORTION_ENTRIES);
      const portion = this.#portion(
        table,
        { start, exclusiveStart, limit: asked, ...(to && { end: to }) },
        transaction,
      );
      yield* portion.entries;
      left -= portion.entries.length;
      const last = portion.entries.at(-1);
      if (portion.ended || last === undefined) return;
      start = last.key;
      exclusiveStart = true;
    }
  }

  /** A consistent view that stays until `done()`. */
  readTransaction(): Transaction {
    return this.#root.useReadTransaction();
  }

  size(): BackendSize {
    const { pageSize, lastPageNumber, root, free } = this.#root.getStats() as EnvironmentStats;
    const trees = [root, free, this.#marks.getStats(), ...[...this.#tables.values()].map((store) => store.getStats())];
    const pages = (trees as TreeStats[]).reduce(
      (sum, tree) => sum + tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages,
      META_PAGES,
    );
    return { bytes: (lastPageNumber + 1) * pageSize, bytesInUse: Math.min(pages, lastPageNumber + 1) * pageSize };
  }

  /** Copies the live pages into a directory, in a thread of the pool. */
  async copyCompacted(directory: string): Promise<void> {
    await this.#root.backup(directory, true);
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  #portion(
    table: Table,
    range: { start: Uint8Array; exclusiveStart: boolean; limit: number; end?: Uint8Array },
    transaction: Transaction | undefined,
  ): { readonly entries: readonly BackendEntry[]; readonly ended: boolean } {
    const entries: BackendEntry[] = [];
    let bytes = 0;
    for (const { key, value } of this.#store(table).getRange({ ...range, ...(transaction && { transaction }) })) {
      // Copies: the engine's own buffers are views of its memory map and change under the reader.
      entries.push({ key: new Uint8Array(key), value: new Uint8Array(value) });
      bytes += key.length + value.length;
      if (bytes >= PORTION_BYTES) return { entries, ended: false };
    }
    return { entries, ended: entries.length < range.limit };
  }

  #store(table: Table): Store {
    const store = this.#tables.get(table);
    if (store === undefined) throw new RangeError(`no table ${table}`);
    return store;
  }
}

const META_PAGES = 2;

interface TreeStats {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface EnvironmentStats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  readonly root: TreeStats;
  readonly free: TreeStats;
}
