/** Table `key` by revision: what each change stored. The index says where to look, this says what is there. */
import { type Allocate, EMPTY_BYTES, stringBytes } from "../bytes.js";
import { invariant } from "../invariant.js";
import type { KeyIndex } from "./key-index.js";
import type { KeyValue } from "./key-value.js";
import { decodeKeyValue, encodeKeyValue } from "./key-value-codec.js";
import { decodeRevision, encodeRevision, REVISION_BYTES, type StoredRevision, writeRevision } from "./revision.js";
import { StoredKeyValue } from "./stored-key-value.js";
import type { WriteBuffer } from "./write-buffer.js";

export interface StoredChange {
  readonly revision: StoredRevision;
  /** The encoded key-value; of a tombstone, one with a key only. */
  readonly encoded: Uint8Array;
}

export class KeyTable {
  readonly #buffer: WriteBuffer;
  readonly #allocate: Allocate;
  /** The key of the row that is looked up; nobody keeps it. */
  readonly #wanted = new Uint8Array(REVISION_BYTES);

  constructor(buffer: WriteBuffer, allocate: Allocate) {
    this.#buffer = buffer;
    this.#allocate = allocate;
  }

  put(main: number, sub: number, kv: KeyValue): void {
    this.#buffer.put("key", encodeRevision(main, sub), encodeKeyValue(kv, this.#allocate));
  }

  putTombstone(main: number, sub: number, key: Uint8Array): void {
    this.#buffer.put("key", encodeRevision(main, sub, true), encodeKeyValue(bareKey(key, 0n)));
  }

  /** The put at a position of a key's history. */
  read(index: KeyIndex, position: number): KeyValue {
    return this.readAt(index.mainAt(position), index.subAt(position));
  }

  readAt(main: number, sub: number): KeyValue {
    writeRevision(this.#wanted, main, sub);
    const encoded = this.#buffer.get("key", this.#wanted);
    return decodeKeyValue(stored(encoded, main, sub));
  }

  /** The same row for an answer, not to be kept (see `Backend.view`): taken apart when somebody looks into it. */
  storedAt(main: number, sub: number): StoredKeyValue {
    writeRevision(this.#wanted, main, sub);
    const encoded = this.#buffer.view("key", this.#wanted);
    return new StoredKeyValue(stored(encoded, main, sub));
  }

  remove(revision: StoredRevision): void {
    this.#buffer.delete("key", encodeRevision(revision.main, revision.sub, revision.tombstone));
  }

  /**
   * Changes with `from <= main < to` in order, from sub revision `fromSub` of the first. Nothing may be written, and the
   * buffer not be taken, during the walk.
   */
  *changes(from: number, to: number, fromSub = 0): Generator<StoredChange, void, void> {
    for (const entry of this.#buffer.range("key", encodeRevision(from, fromSub), encodeRevision(to, 0))) {
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
