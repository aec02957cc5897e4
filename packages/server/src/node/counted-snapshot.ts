/**
 * A snapshot of the backend for a client. It shows in a count for as long as it is open, because it keeps segments from being
 * removed.
 */
import type { BackendSnapshot } from "../core/mvcc/backend.js";
import type { Amount } from "../measures/measure-set.js";
import { stoppedBy } from "./reading.js";

/** `fail`: told what made the backend unreadable. */
export function countedSnapshot(
  snapshot: BackendSnapshot,
  open: Amount,
  fail: (cause: unknown) => void,
): BackendSnapshot {
  let isOpen = true;
  open.add();
  return {
    at: snapshot.at,
    *entries(table) {
      try {
        yield* snapshot.entries(table);
      } catch (error) {
        throw stoppedBy(error, fail);
      }
    },
    close: () => {
      if (isOpen) open.add(-1);
      isOpen = false;
      snapshot.close();
    },
  };
}
