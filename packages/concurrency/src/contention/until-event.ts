/** Waiting for what comes next, from the revision of the read that decided to wait: nothing falls between the two. */
import { CompactedError, type Key, type KeyRange, type Store } from "@kvorum/client";
import { persist } from "../interrupt.js";

/**
 * Resolves when a key that was there at `revision` is gone, or is another one of the same name, and when a compaction has taken what
 * was to be reported: the caller reads again.
 *
 * A watch from a revision that has passed is served out of history, which etcd looks into ten times a second only. So the watch
 * begins now, and where anything was written since the read, one more read says whether it was this.
 *
 * Errors: `EtcdError`; `signal.reason`.
 */
export async function untilGone(store: Store<unknown>, key: Key, revision: bigint, signal: AbortSignal): Promise<void> {
  const watch = store.watch(key, { only: "delete", signal });
  try {
    const since = await watch.ready;
    if (since > revision) {
      const found = await persist(store.world, signal, () => store.get(key, { signal }));
      if (found === undefined || found.createRevision > revision) return;
    }
    for await (const _ of watch) break;
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
  } finally {
    await watch.close();
  }
  signal.throwIfAborted();
}

/**
 * Resolves with the first put after `revision`, and when a compaction has taken what was to be reported: in both cases the caller
 * reads again. Errors: `EtcdError`; `signal.reason`.
 */
export async function untilPut(
  store: Store<unknown>,
  range: KeyRange,
  revision: bigint,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const _ of store.watch(range, { startRevision: revision + 1n, only: "put", signal })) break;
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
  }
  signal.throwIfAborted();
}
