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

  /** The watchers that want some of the events, by which ones: in their order, and one batch for all that want the same. */
  match(events: readonly Event[], revision: bigint): Match[] {
    const [only] = events;
    // The usual write changes one key, which many may watch.
    if (only !== undefined && events.length === 1) return this.#matchOne(only, revision);
    const matches = new Map<Share, Watcher[]>();
    for (const [watcher, share] of this.#shares(events)) {
      const watchers = matches.get(share);
      if (watchers === undefined) matches.set(share, [watcher]);
      else watchers.push(watcher);
    }
    return Array.from(matches, ([share, watchers]) => ({ watchers, batch: batchOf(share.events, revision) }));
  }

  #matchOne(event: Event, revision: bigint): Match[] {
    const watchers = this.#wanting(event);
    return watchers.length === 0 ? [] : [{ watchers, batch: batchOf([withoutPrevious(event)], revision) }];
  }

  #wanting(event: Event): Watcher[] {
    const watchers: Watcher[] = [];
    this.visit(event.kv.key, (watcher) => {
      if (watcher.accepts(event)) watchers.push(watcher);
    });
    return watchers;
  }

  /** Watchers share what they want until an event comes that only some of them want: then those get a copy, and it too. */
  #shares(events: readonly Event[]): Map<Watcher, Share> {
    const shares = new Map<Watcher, Share>();
    for (const event of events) {
      const wanting = new Map<Share | undefined, Watcher[]>();
      for (const watcher of this.#wanting(event)) {
        const share = shares.get(watcher);
        const watchers = wanting.get(share);
        if (watchers === undefined) wanting.set(share, [watcher]);
        else watchers.push(watcher);
      }
      for (const [share, watchers] of wanting) {
        if (share?.holders === watchers.length) {
          share.events.push(withoutPrevious(event));
          continue;
        }
        if (share !== undefined) share.holders -= watchers.length;
        const own = { events: [...(share?.events ?? []), withoutPrevious(event)], holders: watchers.length };
        for (const watcher of watchers) shares.set(watcher, own);
      }
    }
    return shares;
  }
}

/** Watchers and what all of them want. */
export interface Match {
  readonly watchers: readonly Watcher[];
  readonly batch: EventBatch;
}

interface Share {
  readonly events: WatchEvent[];
  /** Watchers that it is for. */
  holders: number;
}

function batchOf(events: readonly WatchEvent[], revision: bigint): EventBatch {
  return { events, revision, bytes: bytesOf(events) };
}

function withoutPrevious({ type, kv }: Event): WatchEvent {
  return { type, kv, prevKv: undefined };
}

/** Bytes of keys and values. */
export function bytesOf(events: readonly Event[]): number {
  let bytes = 0;
  for (const { kv } of events) bytes += kv.key.length + kv.value.length;
  return bytes;
}
