/**
 * Carries the source's changes over as they happen, in its order: what one transaction did there happens in one transaction here, as
 * far as it fits, and several may share one as long as they touch different keys. With each goes the revision that it leads to.
 */
import { bytes, prefix, type WatchBatch, type WatchEvent } from "@kvorum/client";
import type { Changes, KeyChange } from "./changes.js";
import { isMarker, type Marker, markerChange } from "./marker.js";
import type { ByteRange } from "./pairs.js";
import type { Side } from "./side.js";

export interface FollowOptions {
  readonly source: Side;
  readonly range: ByteRange;
  readonly changes: Changes;
  readonly marker: Marker;
  /** What the target has already. */
  readonly from: bigint;
  /** Where to stop; asked again after every change, for it may become known later. */
  readonly until: () => bigint | undefined;
  /** Aborts when `until` has come to be known. */
  readonly wake: AbortSignal;
  readonly onRevision: (revision: bigint, changes: number) => void;
}

/**
 * Resolves when the target is what the source was at `until`, with that revision.
 *
 * All keys are watched, also where only some are carried over: every revision of the source has a change then, so that it is known when
 * all of them have come.
 *
 * Errors: `CompactedError` when the source has given up a revision that is missing: copy anew.
 */
export async function follow(options: FollowOptions): Promise<bigint> {
  const { source, changes, range, marker, from, until, wake, onRevision } = options;
  let reached = from;
  const isThere = (): boolean => reached >= (until() ?? reached + 1n);
  if (isThere()) return reached;
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, source.signal]);
  const wakeUp = (): void => {
    if (isThere()) abort.abort();
  };
  wake.addEventListener("abort", wakeUp);
  const watch = source.client.withCodec(bytes).watch(prefix(""), { startRevision: from + 1n, signal });
  try {
    let waiting = 0;
    const write = async (): Promise<void> => {
      if (waiting > 0) await changes.flush(markerChange({ ...marker, revision: reached }));
      waiting = 0;
    };
    for await (const batch of watch.batches()) {
      const limit = until();
      if (limit !== undefined && batch.revision > limit) break;
      const carried = changesOf(batch, range);
      if (!changes.fits(carried)) await write();
      for (const change of carried) changes.add(change);
      reached = batch.revision;
      waiting += carried.length;
      onRevision(reached, carried.length);
      if (isThere()) break;
      // More is here already: it may share the transaction.
      if (watch.lag === 0) await write();
    }
    source.signal.throwIfAborted();
    await write();
    return reached;
  } finally {
    wake.removeEventListener("abort", wakeUp);
    await watch.close();
  }
}

function changesOf({ events }: WatchBatch<Uint8Array>, range: ByteRange): KeyChange[] {
  const changes = new Map<string, KeyChange>();
  for (const event of events) {
    const change = changeOf(event);
    if (change === undefined || isMarker(change.key) || !isInside(change.key, range)) continue;
    changes.set(Buffer.from(change.key).toString("latin1"), change);
  }
  return [...changes.values()];
}

function changeOf(event: WatchEvent<Uint8Array>): KeyChange | undefined {
  if (event.type === "put") return { key: event.kv.keyBytes, value: event.kv.value, lease: event.kv.lease };
  return event.type === "delete" ? { key: event.keyBytes, value: undefined } : undefined;
}

function isInside(key: Uint8Array, { key: start, rangeEnd }: ByteRange): boolean {
  if (Buffer.compare(key, start) < 0) return false;
  return (rangeEnd.length === 1 && rangeEnd[0] === 0) || Buffer.compare(key, rangeEnd) < 0;
}
