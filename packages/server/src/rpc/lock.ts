/**
 * The Lock service: a mutex for clients that have no library for one. The owner is whoever has the oldest key under the
 * name; `contest.ts` has the rule and the waiting.
 */
import type { Lock, LockRequest, UnlockRequest } from "@kvorum/proto";
import type { ServiceImplementation } from "@kvorum/transport";
import { EMPTY_BYTES } from "../core/bytes.js";
import { ServerError } from "../core/errors.js";
import { Contest, keyOf, oldest, pairIn, prefixOf, putOf, single } from "./contest.js";
import { headerOf } from "./header.js";
import type { RpcParts } from "./parts.js";
import { withUnknownErrors } from "./unknown-errors.js";

export function lockService(parts: RpcParts): ServiceImplementation<typeof Lock> {
  const { node } = parts;
  return {
    lock: withUnknownErrors(async (request: LockRequest, context) => {
      const contest = new Contest(parts, context);
      const lease = await contest.lease(request.lease);
      const key = keyOf(request.name, lease);
      const revision = await acquire(contest, prefixOf(request.name), key, lease);
      return { header: headerOf(node, revision), key };
    }),

    /** Whoever knows the key may delete it, and one that is gone is as good as unlocked (etcd). */
    unlock: withUnknownErrors(async ({ key }: UnlockRequest, context) => {
      if (key.length === 0) throw new ServerError("emptyKey");
      return { header: headerOf(node, await new Contest(parts, context).delete(key)) };
    }),
  };
}

/**
 * Resolves with the revision at which the key was seen to own the lock. A wait that ends otherwise takes the key away: it
 * would lock out whoever comes later.
 */
async function acquire(contest: Contest, prefix: Uint8Array, key: Uint8Array, lease: bigint): Promise<bigint> {
  const owner = oldest(prefix);
  const entered = await contest.ifCreatedAt(key, 0n, [putOf(key, EMPTY_BYTES, lease), owner], [single(key), owner]);
  // A key that was there already is as old as it is.
  const createRevision = entered.succeeded ? entered.revision : (pairIn(entered, 0)?.createRevision ?? 0n);
  const first = pairIn(entered, 1);
  if (first === undefined || first.createRevision === createRevision) return entered.revision;
  try {
    await contest.waitTurn(prefix, createRevision - 1n);
    const { kvs, revision } = await contest.read(single(key));
    if (kvs.length === 0) throw new ServerError("lockSessionExpired");
    return revision;
  } catch (error) {
    // It goes with its lease if this fails too.
    await contest.delete(key).catch(() => {});
    throw error;
  }
}
