/** Waiting for one event, from the revision of the read that decided to wait: nothing falls between the two. */
import { CompactedError, type Key, type KeyRange, type Store } from "@kvorum/client";

/**
 * Resolves with the first event from `startRevision` on, and when a compaction has taken what was to be reported: in both
 * cases the caller reads again. Errors: `EtcdError`; `signal.reason`.
 */
export async function untilEvent(
  store: Store<unknown>,
  selector: Key | KeyRange,
  only: "put" | "delete",
  startRevision: bigint,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const _ of store.watch(selector, { startRevision, only, signal })) break;
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
  }
  signal.throwIfAborted();
}
