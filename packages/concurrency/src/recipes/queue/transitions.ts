/**
 * The changes of state that have no owner: a delayed job whose time has come, and a job whose worker has gone. Anybody makes
 * them, as often as they like: each is guarded by the key of the state before, so of several who see the same one moves it.
 * Whoever dies in between has moved some jobs and left the rest to the next who looks.
 */
import { compare, type KeyValue, type Op, type Store } from "@kvorum/client";
import { persist } from "../../interrupt.js";
import { encodeState, type JobState, stateOf, type WorkLayout } from "./work-layout.js";

/** Jobs moved in one txn: a nested txn each, with the conditions and the operations of all below the server's 128. */
export const MOVED_MAX = 32;

export interface Moves {
  readonly store: Store<Uint8Array>;
  readonly layout: WorkLayout;
  readonly maxAttempts: number;
}

/** Where a job goes that is given back: to its place, or to the dead when it was delivered often enough. */
export function giveBackOps(moves: Moves, place: string, state: JobState, dueMs?: number): Op[] {
  const { layout, maxAttempts, store } = moves;
  if (state.attempts >= maxAttempts) {
    return [store.op.put(layout.deadKey(place), encodeState({ ...state, reason: "attempts" }))];
  }
  const key = dueMs === undefined ? layout.readyKey(place) : layout.delayedKey(dueMs, place);
  return [store.op.put(key, encodeState(state))];
}

/** Delayed jobs that are due become ready. `due` are at most `MOVED_MAX`. */
export async function promote(moves: Moves, due: readonly KeyValue<Uint8Array>[], signal: AbortSignal): Promise<void> {
  const { layout, store } = moves;
  const each = due.map((kv) =>
    store.op.txn({
      if: [compare.modRevision(kv.keyBytes).eq(kv.modRevision)],
      then: [
        store.op.delete(kv.keyBytes),
        store.op.put(layout.readyKey(layout.placeOf(kv.key)), encodeState(stateOf(kv))),
      ],
    }),
  );
  await persist(store.world, signal, () => store.txn({ then: each }, { signal }));
}

/**
 * Jobs whose worker has gone are given back. Lists all that are claimed, which the workers' concurrency bounds, and only
 * when the counts say that there are such jobs.
 */
export async function recover(moves: Moves, signal: AbortSignal): Promise<void> {
  const { layout, store } = moves;
  const result = await persist(store.world, signal, () =>
    store.txn({ then: [store.op.list(layout.claimed), store.op.list(layout.held, { keysOnly: true })] }, { signal }),
  );
  if (!result.succeeded) throw new Error("a txn without conditions did not succeed");
  const [claimed, held] = result.responses;
  const alive = new Set(held.kvs.map((kv) => layout.placeOf(kv.key)));
  const orphans = claimed.kvs.filter((kv) => !alive.has(layout.placeOf(kv.key)));
  for (let at = 0; at < orphans.length; at += MOVED_MAX) {
    const each = orphans.slice(at, at + MOVED_MAX).map((kv) => recovery(moves, kv));
    await persist(store.world, signal, () => store.txn({ then: each }, { signal }));
  }
}

/** On condition of `claimed` alone: whoever claims the job again writes that anew, and one claim never gets its `held` back. */
function recovery(moves: Moves, kv: KeyValue<Uint8Array>): Op {
  const { layout, store } = moves;
  return store.op.txn({
    if: [compare.modRevision(kv.keyBytes).eq(kv.modRevision)],
    then: [store.op.delete(kv.keyBytes), ...giveBackOps(moves, layout.placeOf(kv.key), stateOf(kv))],
  });
}
