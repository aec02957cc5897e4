/** What a body wants to write: kept until the commit, and seen by the body's own reads. The last write of a key counts. */
import type { KeyRange, KeyValue, LeaseRef, Op, Store } from "@kvorum/client";
import { byteString, isInRange } from "../keys.js";
import type { Pair } from "./snapshot.js";

export interface Write {
  readonly key: Uint8Array;
  /** Undefined for a deletion. */
  readonly value: Uint8Array | undefined;
  readonly lease: LeaseRef | undefined;
}

export class Writes {
  readonly #writes = new Map<string, Write>();

  get size(): number {
    return this.#writes.size;
  }

  [Symbol.iterator](): IterableIterator<Write> {
    return this.#writes.values();
  }

  set(write: Write): void {
    this.#writes.set(byteString(write.key), write);
  }

  get(key: Uint8Array): Write | undefined {
    return this.#writes.get(byteString(key));
  }

  /** The pairs of a range as they would be after the commit, by key. */
  over(range: KeyRange, pairs: readonly Pair[]): Pair[] {
    const found = new Map(pairs.map((kv) => [byteString(kv.keyBytes), kv]));
    for (const [id, write] of this.#writes) {
      if (!isInRange(write.key, range)) continue;
      if (write.value === undefined) found.delete(id);
      else found.set(id, pendingPair(write, write.value, found.get(id)));
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kv]) => kv);
  }

  operations({ op }: Store<Uint8Array>): Op[] {
    return [...this].map(({ key, value, lease }) =>
      value === undefined ? op.delete(key) : op.put(key, value, lease === undefined ? {} : { lease }),
    );
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function pendingPair({ key, lease }: Write, value: Uint8Array, replaced: Pair | undefined): KeyValue<Uint8Array> {
  const none = { key: decoder.decode(key), keyBytes: key, createRevision: 0n, modRevision: 0n, version: 0n };
  return { ...(replaced ?? none), value, lease: idOf(lease) };
}

function idOf(lease: LeaseRef | undefined): bigint {
  return lease === undefined ? 0n : typeof lease === "object" ? lease.id : BigInt(lease);
}
