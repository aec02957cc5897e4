/**
 * A watch as the edge of the node sees it. The edge pulls: `next()` hands out one response at a time, and `onOutput`
 * says that there is something to pull again. What is not pulled stays bounded: a stream holds at most
 * `responsesMax` responses (`bounds.ts`), then its watchers fall back to reading history.
 */
import type { Event, KeyValue } from "../mvcc/key-value.js";

export interface WatchCreate {
  /** 0 lets the server pick. */
  readonly watchId: number;
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  /** First revision to report; 0n: what comes after the current one. */
  readonly startRevision: bigint;
  readonly prevKv: boolean;
  readonly progressNotify: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly fragment: boolean;
}

export interface WatchEvent extends Event {
  readonly prevKv: KeyValue | undefined;
}

export interface WatchResponse {
  /** -1 for a refused create and for the answer to a progress request. */
  readonly watchId: number;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Set when the watch ended because of a compaction. */
  readonly compactRevision: bigint;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];
  /** For the response header. */
  readonly revision: bigint;
}

export interface WatchStream {
  create(request: WatchCreate): void;
  /** Answers a create that the edge does not let through: watch id -1, created and canceled at once, in its turn. */
  refuse(cancelReason: string): void;
  /** Unknown ids are ignored, as etcd does. */
  cancel(watchId: number): void;
  /** Answered by one response with watch id -1, only if every watcher is synced. */
  requestProgress(): void;
  /** The next response to send, or undefined when there is none now. */
  next(): WatchResponse | undefined;
  /** As many responses wait as may: the edge should stop reading requests of this stream until it has pulled. */
  readonly full: boolean;
  /** Drops every watcher of the stream; idempotent. */
  close(): void;
}

export interface WatchService {
  /** `onOutput` is called when `next()` may have something again; it must not call back into the stream at once. */
  openStream(onOutput: () => void): WatchStream;
}
