/**
 * Waiting for a change that a read has decided to wait for. The watch begins right after the revision of that read, so that
 * no change falls between the two, however long the process stood still in between.
 */
import { CompactedError, type Selector, type Store, type WatchEvent } from "@kvorum/client";

/**
 * The first event after `revision` that is `wanted`. Undefined where that cannot be told, because the history was compacted
 * past it: then it is time to read again. Rejects with `signal.reason`.
 */
export async function eventAfter<V>(
  store: Store<V>,
  selector: Selector,
  revision: bigint,
  signal: AbortSignal,
  wanted: (event: WatchEvent<V>) => boolean,
): Promise<WatchEvent<V> | undefined> {
  try {
    for await (const event of store.watch(selector, { startRevision: revision + 1n, signal })) {
      if (wanted(event)) return event;
    }
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
  }
  signal.throwIfAborted();
  return undefined;
}
