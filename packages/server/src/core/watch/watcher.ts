/** One watcher: what it asked for, how far it has been served, and in which group of the hub it stands. */
import { isFromKey } from "../bytes.js";
import type { Event } from "../mvcc/key-value.js";
import type { WatchCreate, WatchEvent } from "./types.js";

/**
 * A watcher is in exactly one group. `synced`: it has been handed every change so far and gets new ones as they happen.
 * `unsynced`: it reads history from `nextRevision` on. `victim`: it would read or get something, but its stream is full.
 * `ended`: a compaction passed it; only its id is still taken.
 */
export type WatcherGroup = "synced" | "unsynced" | "victim" | "ended";

/** Changes on their way to a watcher. Watchers that get the same changes share one object. */
export interface EventBatch {
  readonly events: readonly WatchEvent[];
  /** For the response header. */
  readonly revision: bigint;
  /** Bytes of keys and values, to bound what waits. */
  readonly bytes: number;
}

/** What the hub asks of the stream that a watcher belongs to. */
export interface WatcherOwner {
  readonly full: boolean;
  /** False, and nothing done, when the stream is full. */
  pushEvents(watcher: Watcher, batch: EventBatch): boolean;
  /** A compaction passed the watcher. */
  pushCompacted(watcher: Watcher, compactRevision: bigint): void;
  /** Watchers of this stream that wait for room in it. */
  readonly victims: Set<Watcher>;
}

export class Watcher {
  readonly id: number;
  readonly owner: WatcherOwner;
  readonly key: Uint8Array;
  /** For a range its exclusive end, undefined being the end of all keys; for a single key meaningless. */
  readonly to: Uint8Array | undefined;
  readonly single: boolean;
  readonly startRevision: bigint;
  readonly prevKv: boolean;
  readonly progressNotify: boolean;
  readonly fragment: boolean;
  readonly #noPut: boolean;
  readonly #noDelete: boolean;

  group: WatcherGroup = "unsynced";
  /**
   * The lowest revision it may still be handed: the only truth about what it has received. While it is synced the number
   * may lag behind, as revisions without a change for it are not noted; it is never ahead.
   */
  nextRevision: bigint;
  /** Got something since the last progress tick, so it needs no progress notification. */
  active = false;

  constructor(id: number, owner: WatcherOwner, request: WatchCreate, currentRevision: bigint) {
    this.id = id;
    this.owner = owner;
    this.key = watchedKey(request.key);
    this.single = request.rangeEnd.length === 0;
    this.to = isFromKey(request.rangeEnd) ? undefined : request.rangeEnd;
    this.startRevision = request.startRevision;
    this.nextRevision = request.startRevision === 0n ? currentRevision + 1n : request.startRevision;
    this.prevKv = request.prevKv;
    this.progressNotify = request.progressNotify;
    this.fragment = request.fragment;
    this.#noPut = request.noPut;
    this.#noDelete = request.noDelete;
  }

  /** Whether a change of a watched key is one to report. */
  accepts(event: Event): boolean {
    if (event.kv.modRevision < this.nextRevision) return false;
    return event.type === "put" ? !this.#noPut : !this.#noDelete;
  }
}

/** An empty key stands for the lowest one, a single zero byte (etcd API). */
export function watchedKey(key: Uint8Array): Uint8Array {
  return key.length === 0 ? LOWEST_KEY : key;
}

const LOWEST_KEY: Uint8Array = Uint8Array.of(0);
