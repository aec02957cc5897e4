/** Table `key` by revision: what each change stored. The index says where to look, this says what is there. */
import { type Allocate, EMPTY_BYTES, stringBytes } from "../bytes.js";
import { invariant } from "../invariant.js";
import type { KeyIndex } from "./key-index.js";
import type { KeyValue } from "./key-value.js";
import { decodeKeyValue, encodeKeyValue } from "./key-value-codec.js";
import { decodeRevision, encodeRevision, type StoredRevision } from "./revision.js";
import type { RowBuffer } from "./row-buffer.js";
import { StoredKeyValue } from "./stored-key-value.js";

export interface StoredChange {
  readonly revision: StoredRevision;
  /** The encoded key-value; of a tombstone, one with a key only. */
  readonly encoded: Uint8Array;
}

export class KeyTable {
  readonly #rows: RowBuffer;
  readonly #allocate: Allocate;

  constructor(rows: RowBuffer, allocate: Allocate) {
    this.#rows = rows;
    this.#allocate = allocate;
  }

  put(main: number, sub: number, kv: KeyValue): void {
    this.#rows.add({ main, sub, tombstone: false }, encodeKeyValue(kv, this.#allocate));
  }

  putTombstone(main: number, sub: number, key: Uint8Array): void {
    this.#rows.add({ main, sub, tombstone: true }, encodeKeyValue(bareKey(key, 0n)));
  }

  /** The put at a position of a key's history. */
  read(index: KeyIndex, position: number): KeyValue {
    return this.readAt(index.mainAt(position), index.subAt(position));
  }

  readAt(main: number, sub: number): KeyValue {
    return decodeKeyValue(stored(this.#rows.get(main, sub), main, sub));
  }

  /** The same row for an answer, not to be kept (see `Backend.view`): taken apart when somebody looks into it. */
  storedAt(main: number, sub: number): StoredKeyValue {
    return new StoredKeyValue(stored(this.#rows.view(main, sub), main, sub));
  }

  remove(revision: StoredRevision): void {
    this.#rows.remove(revision);
  }

  /**
   * Changes with `from <= main < to` in order, from sub revision `fromSub` of the first. Nothing may be written, and the
   * buffer not be taken, during the walk.
   */
  *changes(from: number, to: number, fromSub = 0): Generator<StoredChange, void, void> {
    for (const entry of this.#rows.range(encodeRevision(from, fromSub), encodeRevision(to, 0))) {
      yield { revision: decodeRevision(entry.key), encoded: entry.value };
    }
  }
}

function stored(encoded: Uint8Array | undefined, main: number, sub: number): Uint8Array {
  invariant(encoded !== undefined, `revision ${main}/${sub} is in the index but not in the backend`);
  return encoded;
}

/** What is left to say about a deleted key. */
export function bareKey(key: Uint8Array, modRevision: bigint): KeyValue {
  return { key, value: EMPTY_BYTES, createRevision: 0n, modRevision, version: 0n, lease: 0n };
}

export function keyOf(index: KeyIndex): Uint8Array {
  return stringBytes(index.key);
}
