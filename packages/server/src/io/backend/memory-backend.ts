/**
 * A backend in memory, for the embedded node and tests. Tables are B+trees that share nodes between
 * copies, so a snapshot or a remembered commit costs almost nothing until something changes.
 *
 * The content lives in a `MemoryStore` that outlives the backend object, as a file outlives the process: opening a second
 * `MemoryBackend` on the store is a restart, and `crash()` takes the store back to its durable state first.
 */
import sortedBtree from "sorted-btree";
import { compareBytes } from "../../core/bytes.js";
import { invariant } from "../../core/invariant.js";
import {
  type AppliedAt,
  type Backend,
  type BackendEntry,
  type BackendSize,
  type BackendSnapshot,
  type ContentSource,
  checkKeys,
  TABLES,
  type Table,
  type WriteBatch,
} from "../../core/mvcc/backend.js";
import { NOTHING_APPLIED } from "./applied-at.js";
import { guardedRange } from "./guarded-range.js";

// The package is CommonJS; the class sits in a property of its default export.
const BTree: typeof sortedBtree.default = sortedBtree.default;

/** What is used of a tree. Said here, because bundlers and Node disagree on where the package has its type. */
interface Tree {
  get(key: Uint8Array): Uint8Array | undefined;
  set(key: Uint8Array, value: Uint8Array): boolean;
  delete(key: Uint8Array): boolean;
  entries(lowestKey?: Uint8Array): Iterable<[Uint8Array, Uint8Array]>;
  clone(): Tree;
}

/** Everything as of one commit. */
interface Version {
  readonly at: AppliedAt;
  readonly tables: ReadonlyMap<Table, Tree>;
  readonly bytes: number;
}

const EMPTY_VERSION: Version = { at: NOTHING_APPLIED, tables: new Map(), bytes: 0 };

/** Commits that are visible but not flushed are kept apart at most this often; older ones merge into their successor. */
const UNFLUSHED_COMMITS_MAX = 64;

export class MemoryStore {
  #durable: Version = EMPTY_VERSION;
  #unflushed: Version[] = [];

  get current(): Version {
    return this.#unflushed.at(-1) ?? this.#durable;
  }

  get durable(): Version {
    return this.#durable;
  }

  append(version: Version): void {
    this.#unflushed.push(version);
    if (this.#unflushed.length > UNFLUSHED_COMMITS_MAX) this.#unflushed.shift();
  }

  flush(): void {
    this.#durable = this.current;
    this.#unflushed = [];
  }

  /** The same content once more, to try something on; a version is never changed, so nothing is copied. */
  clone(): MemoryStore {
    const twin = new MemoryStore();
    twin.#durable = this.#durable;
    twin.#unflushed = [...this.#unflushed];
    return twin;
  }

  /**
   * Loses what was not flushed. `survivors` picks how many of the remembered unflushed commits (given their number) reach
   * the medium all the same, oldest first; default: none.
   */
  crash(survivors: (unflushed: number) => number = () => 0): void {
    const count = survivors(this.#unflushed.length);
    invariant(count >= 0 && count <= this.#unflushed.length, `${count} commits cannot survive`);
    this.#durable = this.#unflushed[count - 1] ?? this.#durable;
    this.#unflushed = [];
  }
}

/** A row lives here for ever, and would keep all of what it is a piece of. */
function owned(value: Uint8Array): Uint8Array {
  return value.byteLength === value.buffer.byteLength ? value : value.slice();
}

export class MemoryBackend implements Backend {
  readonly #store: MemoryStore;
  #commits = 0;
  #closed = false;
  /** Replacements, one at a time. */
  #swapping: Promise<void> = Promise.resolve();
  #replacing = false;

  constructor(store: MemoryStore = new MemoryStore()) {
    this.#store = store;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#current().tables.get(table)?.get(key)?.slice();
  }

  view(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.get(table, key);
  }

  range(table: Table, from: Uint8Array, to: Uint8Array | undefined, limit?: number): Iterable<BackendEntry> {
    const walked = this.#commits;
    return guardedRange(entriesOf(this.#current(), table, from, to, limit), () => walked === this.#commits);
  }

  commit(batch: WriteBatch, at: AppliedAt): void {
    invariant(!this.#replacing, "nothing is committed while the content is replaced");
    checkKeys(batch);
    const { tables: before, bytes: bytesBefore } = this.#current();
    const tables = new Map(before);
    const changed = new Set<Table>();
    let bytes = bytesBefore;
    for (const change of batch) {
      let tree = tables.get(change.table);
      // The trees of an earlier commit stay as they are: the first change of a table works on a copy.
      if (!changed.has(change.table)) {
        tree = tree?.clone() ?? new BTree<Uint8Array, Uint8Array>(undefined, compareBytes);
        tables.set(change.table, tree);
        changed.add(change.table);
      }
      invariant(tree !== undefined, `table ${change.table} exists`);
      bytes += change.type === "put" ? put(tree, change.key, owned(change.value)) : remove(tree, change.key);
    }
    this.#commits++;
    this.#store.append({ at, tables, bytes });
  }

  appliedAt(): AppliedAt {
    return this.#current().at;
  }

  durableAt(): AppliedAt {
    this.#current();
    return this.#store.durable.at;
  }

  async flush(): Promise<AppliedAt> {
    this.#current();
    this.#store.flush();
    return this.#store.durable.at;
  }

  size(): BackendSize {
    const { bytes } = this.#current();
    return { bytes, bytesInUse: bytes };
  }

  snapshot(): BackendSnapshot {
    let version: Version | undefined = this.#current();
    return {
      at: version.at,
      entries: (table) => {
        invariant(version !== undefined && !this.#closed, "the snapshot is open");
        return guardedRange(entriesOf(version, table), () => version !== undefined && !this.#closed);
      },
      close: () => {
        version = undefined;
      },
    };
  }

  replaceWith(at: AppliedAt, entries: ContentSource): Promise<void> {
    this.#current();
    const swapped = this.#swapping.then(() => this.#replace(at, entries));
    this.#swapping = swapped.catch(() => {});
    return swapped;
  }

  async defragment(): Promise<void> {
    this.#current();
    this.#store.flush();
  }

  async close(): Promise<void> {
    await this.#swapping;
    if (!this.#closed) this.#store.flush();
    this.#closed = true;
  }

  async #replace(at: AppliedAt, entries: ContentSource): Promise<void> {
    const before = this.#current();
    this.#replacing = true;
    try {
      const version = await versionOf(at, entries);
      invariant(this.#current() === before, "the store is still this backend's");
      this.#commits++;
      this.#store.append(version);
      this.#store.flush();
    } finally {
      this.#replacing = false;
    }
  }

  #current(): Version {
    invariant(!this.#closed, "the backend is open");
    return this.#store.current;
  }
}

async function versionOf(at: AppliedAt, entries: ContentSource): Promise<Version> {
  const tables = new Map<Table, Tree>();
  let bytes = 0;
  for await (const { table, key, value } of entries) {
    checkKeys([{ type: "put", table, key, value }]);
    const tree = tables.get(table) ?? new BTree<Uint8Array, Uint8Array>(undefined, compareBytes);
    tables.set(table, tree);
    bytes += put(tree, key, value);
  }
  return { at, tables, bytes };
}

/** Copies what it yields: the tree's own arrays never leave. */
function* entriesOf(
  version: Version,
  table: Table,
  from?: Uint8Array,
  to?: Uint8Array,
  limit: number = Number.POSITIVE_INFINITY,
): Generator<BackendEntry> {
  invariant(TABLES.includes(table), `table ${table} exists`);
  let left = limit;
  for (const [key, value] of version.tables.get(table)?.entries(from) ?? []) {
    if (left-- <= 0 || (to !== undefined && compareBytes(key, to) >= 0)) return;
    yield { key: key.slice(), value: value.slice() };
  }
}

/** Bytes gained. */
function put(tree: Tree, key: Uint8Array, value: Uint8Array): number {
  const old = tree.get(key);
  tree.set(key, value);
  return old === undefined ? key.length + value.length : value.length - old.length;
}

function remove(tree: Tree, key: Uint8Array): number {
  const old = tree.get(key);
  if (old === undefined) return 0;
  tree.delete(key);
  return -key.length - old.length;
}
