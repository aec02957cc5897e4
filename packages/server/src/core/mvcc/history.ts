/**
 * History as watchers read it: every change by revision, as far back as compaction left it. The store implements it, the
 * watch hub asks for it.
 */
import type { Event, KeyValue } from "./key-value.js";

export interface EventSlice {
  /** In order of main revision, then sub revision; a main revision is present whole or not at all. */
  readonly events: readonly Event[];
  /** The first main revision after those examined: where to go on. */
  readonly nextRevision: bigint;
}

export interface WatchHistory {
  readonly currentRevision: bigint;
  /** Lowest revision that can still be read; -1n when never compacted. */
  readonly compactRevision: bigint;
  /**
   * Changes of `fromRevision <= main <= toRevision`, of at most `limitRevisions` main revisions. `fromRevision` must not
   * be below `compactRevision`. The delete standing exactly at `compactRevision` is still there.
   */
  events(fromRevision: bigint, toRevision: bigint, limitRevisions: number): EventSlice;
  /** The pair that a change at `modRevision` replaced; undefined for a creation and where compaction took it. */
  previous(key: Uint8Array, modRevision: bigint): KeyValue | undefined;
}
