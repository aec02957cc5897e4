/**
 * What a cache reports, and how two changes of one key that were not taken in time become one: the newest state survives, and
 * `previous` stays what the consumer has seen last. Pure.
 */
import type { KeyValue } from "../kv/results.js";

interface ChangeOf {
  readonly key: string;
  readonly keyBytes: Uint8Array;
  /**
   * The revision that made the change. For a removal that was found by reading the range again, after the history had been
   * compacted: the revision of that read.
   */
  readonly revision: bigint;
}

export type Change<V> =
  | (ChangeOf & { readonly type: "added"; readonly kv: KeyValue<V> })
  /** Also a key that was deleted and created again meanwhile: then its `createRevision` is another. */
  | (ChangeOf & { readonly type: "updated"; readonly kv: KeyValue<V>; readonly previous: KeyValue<V> })
  | (ChangeOf & { readonly type: "removed"; readonly previous: KeyValue<V> });

/** The change from one state of a key to another; undefined where there is none. */
export function changeBetween<V>(
  previous: KeyValue<V> | undefined,
  kv: KeyValue<V> | undefined,
  revision: bigint,
): Change<V> | undefined {
  if (kv === undefined) {
    if (previous === undefined) return undefined;
    return { type: "removed", key: previous.key, keyBytes: previous.keyBytes, previous, revision };
  }
  const { key, keyBytes, modRevision } = kv;
  if (previous === undefined) return { type: "added", key, keyBytes, kv, revision: modRevision };
  if (previous.modRevision === modRevision) return undefined;
  return { type: "updated", key, keyBytes, kv, previous, revision: modRevision };
}

/** Both changes as one; undefined where the second undoes the first. */
export function conflate<V>(first: Change<V>, second: Change<V>): Change<V> | undefined {
  return changeBetween(before(first), after(second), second.revision);
}

function before<V>(change: Change<V>): KeyValue<V> | undefined {
  return change.type === "added" ? undefined : change.previous;
}

function after<V>(change: Change<V>): KeyValue<V> | undefined {
  return change.type === "removed" ? undefined : change.kv;
}
