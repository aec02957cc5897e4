/** History as the store keeps it, read for watchers (`history.ts`). */
import { byteString } from "../bytes.js";
import { ServerError } from "../errors.js";
import type { EventSlice } from "./history.js";
import { NOT_FOUND } from "./key-index.js";
import { bareKey, type StoredChange } from "./key-table.js";
import type { Event, KeyValue } from "./key-value.js";
import { decodeKeyValue } from "./key-value-codec.js";
import { safeRevision } from "./revision.js";
import type { StoreState } from "./store-state.js";

/** Errors: `compacted`, when `fromRevision` is below the compact revision. */
export function eventsBetween(
  state: StoreState,
  fromRevision: bigint,
  toRevision: bigint,
  limitRevisions: number,
): EventSlice {
  const from = safeRevision(fromRevision);
  if (from < state.compactRevision) throw new ServerError("compacted");
  const to = toRevision > BigInt(state.currentRevision) ? state.currentRevision : safeRevision(toRevision);
  const events: Event[] = [];
  let [revisions, last] = [0, 0];
  for (const change of state.table.changes(from, to + 1)) {
    if (change.revision.main !== last) {
      if (revisions === limitRevisions) return { events, nextRevision: BigInt(change.revision.main) };
      revisions++;
      last = change.revision.main;
    }
    events.push(eventOf(change));
  }
  return { events, nextRevision: BigInt(Math.max(from, to + 1)) };
}

/** Undefined for a creation, and where compaction took the pair or may take it any time. */
export function previousOf(state: StoreState, key: Uint8Array, modRevision: bigint): KeyValue | undefined {
  const at = safeRevision(modRevision) - 1;
  const index = at < state.compactRevision ? undefined : state.index.get(byteString(key));
  const position = index?.find(at) ?? NOT_FOUND;
  return index === undefined || position === NOT_FOUND ? undefined : state.table.read(index, position);
}

function eventOf(change: StoredChange): Event {
  const kv = decodeKeyValue(change.encoded);
  if (!change.revision.tombstone) return { type: "put", kv };
  return { type: "delete", kv: bareKey(kv.key, BigInt(change.revision.main)) };
}
