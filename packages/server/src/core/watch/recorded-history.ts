/**
 * A history that is nothing but the list of its changes: what tests of the watch hub write to and compare with. It keeps
 * to the rules of the store where watchers can see them, compaction included, and is simple enough to be believed.
 */
import { EMPTY_BYTES, equalBytes } from "../bytes.js";
import type { EventSlice, WatchHistory } from "../mvcc/history.js";
import type { Event, KeyValue } from "../mvcc/key-value.js";

/** A change to make: a value to put, or undefined to delete. */
export type Change = readonly [key: Uint8Array, value: Uint8Array | undefined];

export class RecordedHistory implements WatchHistory {
  currentRevision = 1n;
  compactRevision = -1n;
  /** Slices that were asked for, to see how the hub reads. */
  reads = 0;
  #events: Event[] = [];

  /** Every change still readable, oldest first. */
  get all(): readonly Event[] {
    return this.#events;
  }

  /** Makes the changes as one write and returns its events. */
  write(changes: readonly Change[]): readonly Event[] {
    const revision = this.currentRevision + 1n;
    const events = changes.map(([key, value]) => this.#event(key, value, revision));
    this.currentRevision = revision;
    this.#events.push(...events);
    return events;
  }

  compact(revision: bigint): void {
    this.compactRevision = revision;
    // What is older than the compact revision can no longer be asked for, whether or not a real store keeps it.
    this.#events = this.#events.filter(({ kv }) => kv.modRevision >= revision || this.#newest(kv, revision));
  }

  events(fromRevision: bigint, toRevision: bigint, limitRevisions: number): EventSlice {
    this.reads++;
    if (fromRevision < this.compactRevision) throw new RangeError(`${fromRevision} is compacted`);
    const events: Event[] = [];
    const revisions = new Set<bigint>();
    for (const event of this.#events) {
      const { modRevision } = event.kv;
      if (modRevision < fromRevision || modRevision > toRevision) continue;
      if (!revisions.has(modRevision) && revisions.size === limitRevisions)
        return { events, nextRevision: modRevision };
      revisions.add(modRevision);
      events.push(event);
    }
    return { events, nextRevision: toRevision + 1n };
  }

  previous(key: Uint8Array, modRevision: bigint): KeyValue | undefined {
    if (modRevision - 1n < this.compactRevision) return undefined;
    const before = this.#events.findLast(({ kv }) => kv.modRevision < modRevision && equalBytes(kv.key, key));
    return before?.type === "put" ? before.kv : undefined;
  }

  #event(key: Uint8Array, value: Uint8Array | undefined, revision: bigint): Event {
    const last = this.#events.findLast(({ kv }) => equalBytes(kv.key, key));
    const before = last?.type === "put" ? last.kv : undefined;
    if (value === undefined) {
      const kv = { key, value: EMPTY_BYTES, createRevision: 0n, modRevision: revision, version: 0n, lease: 0n };
      return { type: "delete", kv };
    }
    const createRevision = before?.createRevision ?? revision;
    const version = (before?.version ?? 0n) + 1n;
    return { type: "put", kv: { key, value, createRevision, modRevision: revision, version, lease: 0n } };
  }

  /** Whether a pair older than the compact revision is the one still standing there. */
  #newest(kv: KeyValue, revision: bigint): boolean {
    const standing = this.#events.findLast(
      (event) => event.kv.modRevision <= revision && equalBytes(event.kv.key, kv.key),
    );
    return standing?.type === "put" && standing.kv === kv;
  }
}
