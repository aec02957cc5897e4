/**
 * Watchers by what they watch: single keys in a map, ranges in an interval tree. Ten thousand watchers of one key and ten
 * thousand keys with one watcher each are both found in time that grows with the answer only.
 */
import { byteString } from "../bytes.js";
import type { Event } from "../mvcc/key-value.js";
import { IntervalTree } from "./interval-tree.js";
import type { WatchEvent } from "./types.js";
import type { EventBatch, Watcher } from "./watcher.js";

export class WatcherIndex {
  readonly #keys = new Map<string, Set<Watcher>>();
  readonly #ranges = new IntervalTree<Watcher>();

  add(watcher: Watcher): void {
    if (!watcher.single) {
      this.#ranges.add(watcher.key, watcher.to, watcher);
      return;
    }
    const name = byteString(watcher.key);
    const watchers = this.#keys.get(name);
    if (watchers === undefined) this.#keys.set(name, new Set([watcher]));
    else watchers.add(watcher);
  }

  delete(watcher: Watcher): void {
    if (!watcher.single) {
      this.#ranges.delete(watcher.key, watcher.to, watcher);
      return;
    }
    const name = byteString(watcher.key);
    const watchers = this.#keys.get(name);
    if (watchers?.delete(watcher) && watchers.size === 0) this.#keys.delete(name);
  }

  visit(key: Uint8Array, visit: (watcher: Watcher) => void): void {
    if (this.#keys.size > 0) {
      for (const watcher of this.#keys.get(byteString(key)) ?? []) visit(watcher);
    }
    this.#ranges.visit(key, visit);
  }

  /** For each watcher that wants some of the events, those, in their order. */
  match(events: readonly Event[], revision: bigint): Map<Watcher, EventBatch> {
    const wanted = new Map<Watcher, WatchEvent[]>();
    for (const { type, kv } of events) {
      const event: WatchEvent = { type, kv, prevKv: undefined };
      // The usual write changes one key, which many may watch: a list of one event is shared, and never added to.
      const alone = [event];
      this.visit(kv.key, (watcher) => {
        if (!watcher.accepts(event)) return;
        const list = wanted.get(watcher);
        if (list === undefined) wanted.set(watcher, alone);
        else if (list.length === 1) wanted.set(watcher, [...list, event]);
        else list.push(event);
      });
    }
    const batches = new Map<readonly WatchEvent[], EventBatch>();
    const matched = new Map<Watcher, EventBatch>();
    for (const [watcher, list] of wanted) {
      let batch = batches.get(list);
      if (batch === undefined) {
        batch = { events: list, revision, bytes: bytesOf(list) };
        batches.set(list, batch);
      }
      matched.set(watcher, batch);
    }
    return matched;
  }
}

/** Bytes of keys and values. */
export function bytesOf(events: readonly Event[]): number {
  let bytes = 0;
  for (const { kv } of events) bytes += kv.key.length + kv.value.length;
  return bytes;
}
