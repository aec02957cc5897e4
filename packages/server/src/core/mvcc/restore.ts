/** Rebuilds the index from table `key` when a store opens, and hangs the living keys on their leases again. */
import { byteString } from "../bytes.js";
import { keyOf } from "./key-table.js";
import { decodeKeyValue } from "./key-value-codec.js";
import { safeRevision } from "./revision.js";
import type { StoreState } from "./store-state.js";

/**
 * Reads every stored change, in order of revision, and sets the state's current revision. The compact revision must be
 * known: it keeps the current one from going back when the newest writes were compacted away.
 */
export function restore(state: StoreState): void {
  let last = 0;
  for (const { revision, encoded } of state.table.changes(0, Number.MAX_SAFE_INTEGER)) {
    const kv = decodeKeyValue(encoded);
    const index = state.index.getOrCreate(byteString(kv.key));
    if (revision.tombstone) {
      index.tombstone(revision.main, revision.sub);
    } else {
      const created = safeRevision(kv.createRevision);
      index.restorePut(revision.main, revision.sub, created, safeRevision(kv.version), kv.lease);
    }
    last = revision.main;
  }
  state.currentRevision = Math.max(1, last, state.compactRevision);
  attachLeases(state);
}

/** A key whose lease is unknown stays: only a revoke may delete keys, and that goes through the log. */
function attachLeases(state: StoreState): void {
  for (const index of state.index.visit({ from: "", to: undefined })) {
    if (index.lease !== 0n && state.leases.exists(index.lease)) state.leases.attach(index.lease, keyOf(index));
  }
}
