/**
 * A view that stays right: list everything at one revision, then watch from the next one. Nothing can fall into a gap
 * between the two, and when history is compacted away under a slow watch, the view is listed anew.
 */
import {
  CompactedError,
  isEtcdError,
  type KeyRange,
  type ListResult,
  type Store,
  type WatchBatch,
} from "@kvorum/client";

export interface View<V> {
  /** Everything there is. Called first, and again whenever the changes in between are unknown. */
  reset(all: ListResult<V>): void;
  /** What one transaction did. */
  apply(batch: WatchBatch<V>): void;
}

const RETRY_MS = 500;

/**
 * Resolves when `signal` aborts or the client is closed. Reconnecting is the watch's own affair.
 *
 * Errors: `EtcdError` that waiting does not mend, such as a missing permission.
 */
export async function follow<V>(store: Store<V>, range: KeyRange, view: View<V>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const all = await store.list(range, { signal });
      view.reset(all);
      const watch = store.watch(range, { startRevision: all.header.revision + 1n, signal });
      for await (const batch of watch.batches()) view.apply(batch);
    } catch (error) {
      if (signal.aborted || isEtcdError(error, "closed")) return;
      if (error instanceof CompactedError) continue;
      if (!isEtcdError(error) || !(error.code === "UNAVAILABLE" || error.code === "DEADLINE_EXCEEDED")) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
