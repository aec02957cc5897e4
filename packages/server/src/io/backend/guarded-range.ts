/**
 * A range is walked before the next commit: the first step after one throws instead of mixing two states. Walks that must
 * last longer take a snapshot.
 */
import { invariant } from "../../core/invariant.js";
import type { BackendEntry } from "../../core/mvcc/backend.js";

export function* guardedRange(entries: Iterable<BackendEntry>, valid: () => boolean): Generator<BackendEntry> {
  const message = "a backend range is walked before the next commit, a snapshot's before its close";
  invariant(valid(), message);
  for (const entry of entries) {
    yield entry;
    invariant(valid(), message);
  }
}
