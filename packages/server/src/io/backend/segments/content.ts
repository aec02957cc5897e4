/**
 * What the segments hold, as of the last commit: for table `key` where each value stands, for the small tables the values
 * themselves. And how many bytes of each segment are still of use, which decides when it is cleaned. Knows no files: whoever
 * reads says how.
 */
import sortedBtree from "sorted-btree";
import { compareBytes } from "../../../core/bytes.js";
import { invariant } from "../../../core/invariant.js";
import { type BackendEntry, TABLES, type Table } from "../../../core/mvcc/backend.js";
import { encodeRevision } from "../../../core/mvcc/revision.js";
import { putBytes } from "./batch-codec.js";
import type { Place } from "./revision-chunk.js";
import { RevisionIndex, revisionOf } from "./revision-index.js";

// The package is CommonJS; the class sits in a property of its default export.
const BTree: typeof sortedBtree.default = sortedBtree.default;

/** A value in memory, and where its newest record stands. */
interface Held {
  readonly value: Uint8Array;
  readonly segment: number;
  readonly offset: number;
}

/** What is used of a tree. Said here, because bundlers and Node disagree on where the package has its type. */
interface Tree {
  get(key: Uint8Array): Held | undefined;
  set(key: Uint8Array, held: Held): boolean;
  delete(key: Uint8Array): boolean;
  entries(lowestKey?: Uint8Array): Iterable<[Uint8Array, Held]>;
  clone(): Tree;
}

/** Reads a value; what comes out is the caller's. */
export type ReadValue = (place: Place) => Uint8Array;

export class Content {
  /** Table `key` but for keys that are no revisions; those are in its tree. */
  readonly #revisions: RevisionIndex;
  readonly #trees: Readonly<Record<Table, Tree>>;
  /** Bytes of records that are of use, by segment. */
  readonly #live: Map<number, number> = new Map();
  #liveBytes = 0;

  constructor(revisions: RevisionIndex = new RevisionIndex(), trees: Readonly<Record<Table, Tree>> = emptyTrees()) {
    this.#revisions = revisions;
    this.#trees = trees;
  }

  /** Of all records that are of use. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  liveBytesOf(segment: number): number {
    return this.#live.get(segment) ?? 0;
  }

  /** The segment is gone. */
  forget(segment: number): void {
    invariant(this.liveBytesOf(segment) === 0, `nothing of segment ${segment} is of use any more`);
    this.#live.delete(segment);
  }

  /** The content as it is, for good; only to be read. Costs little. */
  freeze(): Content {
    const trees = Object.fromEntries(TABLES.map((table) => [table, this.#trees[table].clone()]));
    return new Content(this.#revisions.freeze(), trees as Record<Table, Tree>);
  }

  get(table: Table, key: Uint8Array, read: ReadValue): Uint8Array | undefined {
    const revision = table === "key" ? revisionOf(key) : undefined;
    if (revision === undefined) return this.#trees[table].get(key)?.value.slice();
    const place = this.#revisions.get(revision);
    return place && read(place);
  }

  /** A value was written to a place. Keeps copies of what it needs. */
  put(table: Table, key: Uint8Array, value: Uint8Array, segment: number, offset: number): void {
    const revision = table === "key" ? revisionOf(key) : undefined;
    if (revision !== undefined) {
      const before = this.#revisions.set(revision, { segment, offset, length: value.length });
      if (before !== undefined) this.#count(before.segment, -putBytes(key.length, before.length));
    } else {
      const tree = this.#trees[table];
      this.#drop(key, tree.get(key));
      tree.set(key.slice(), { value: value.slice(), segment, offset });
    }
    this.#count(segment, putBytes(key.length, value.length));
  }

  delete(table: Table, key: Uint8Array): void {
    const revision = table === "key" ? revisionOf(key) : undefined;
    if (revision !== undefined) {
      const before = this.#revisions.delete(revision);
      if (before !== undefined) this.#count(before.segment, -putBytes(key.length, before.length));
      return;
    }
    const tree = this.#trees[table];
    this.#drop(key, tree.get(key));
    tree.delete(key);
  }

  /** Whether the value at that place is the key's newest. */
  isLive(table: Table, key: Uint8Array, segment: number, offset: number): boolean {
    const revision = table === "key" ? revisionOf(key) : undefined;
    const place = revision === undefined ? this.#trees[table].get(key) : this.#revisions.get(revision);
    return place !== undefined && place.segment === segment && place.offset === offset;
  }

  /** In key order, `from <= key < to`. What it yields is the caller's. */
  *entries(
    table: Table,
    from: Uint8Array,
    to: Uint8Array | undefined,
    limit: number,
    read: ReadValue,
  ): Generator<BackendEntry, void, void> {
    invariant(TABLES.includes(table), `table ${table} exists`);
    let left = limit;
    if (left <= 0) return;
    const held = heldFrom(this.#trees[table], from);
    let next = held.next();
    for (const revision of table === "key" ? this.#revisions.from(from) : []) {
      const key = encodeRevision(revision.main, revision.sub, revision.tombstone);
      for (; next.value !== undefined && compareBytes(next.value.key, key) < 0; next = held.next()) {
        if (isAtEnd(next.value.key, to)) return;
        yield next.value;
        if (--left <= 0) return;
      }
      if (isAtEnd(key, to)) return;
      yield { key, value: read(revision) };
      if (--left <= 0) return;
    }
    for (; next.value !== undefined; next = held.next()) {
      if (isAtEnd(next.value.key, to)) return;
      yield next.value;
      if (--left <= 0) return;
    }
  }

  #drop(key: Uint8Array, held: Held | undefined): void {
    if (held !== undefined) this.#count(held.segment, -putBytes(key.length, held.value.length));
  }

  #count(segment: number, bytes: number): void {
    this.#live.set(segment, this.liveBytesOf(segment) + bytes);
    this.#liveBytes += bytes;
  }
}

/** Copies: a tree's own arrays never leave. */
function* heldFrom(tree: Tree, from: Uint8Array): Generator<BackendEntry, undefined, void> {
  for (const [key, { value }] of tree.entries(from)) yield { key: key.slice(), value: value.slice() };
}

function isAtEnd(key: Uint8Array, to: Uint8Array | undefined): boolean {
  return to !== undefined && compareBytes(key, to) >= 0;
}

function emptyTrees(): Record<Table, Tree> {
  const trees = TABLES.map((table) => [table, new BTree<Uint8Array, Held>(undefined, compareBytes)]);
  return Object.fromEntries(trees) as Record<Table, Tree>;
}
