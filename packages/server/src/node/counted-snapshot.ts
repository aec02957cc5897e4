/** A snapshot of the backend that shows in a count for as long as it is open: it keeps pages from being used again. */
import type { BackendSnapshot } from "../core/mvcc/backend.js";
import type { Amount } from "../measures/measure-set.js";

export function countedSnapshot(snapshot: BackendSnapshot, open: Amount): BackendSnapshot {
  let isOpen = true;
  open.add();
  return {
    at: snapshot.at,
    entries: (table) => snapshot.entries(table),
    close: () => {
      if (isOpen) open.add(-1);
      isOpen = false;
      snapshot.close();
    },
  };
}
