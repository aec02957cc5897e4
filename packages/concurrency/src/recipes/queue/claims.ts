/**
 * Claiming: the txn that turns a ready job into one that a worker has. It deletes `ready`, puts `claimed` with the attempt
 * counted, puts `held` under the worker's lease and reads the value. So a delivery is counted in the same step that makes it,
 * whatever becomes of the worker; and the revision of the txn, which creates `held`, is the token of the claim.
 *
 * When the answer is lost, the claim may be in force or not, and a copy of the request may still be on its way. So it is
 * settled: one txn, repeated until it is answered, that reads the jobs which are held under the mark of this claim, and
 * rewrites each place that is still ready. The rewriting changes the revision that the claim is guarded by: a copy that
 * comes later finds nothing to claim. What was claimed is then this worker's like any other claim.
 */
import { compare, isEtcdError, type KeyValue, type Op } from "@kvorum/client";
import { SessionExpiredError } from "../../errors.js";
import { persist } from "../../interrupt.js";
import type { Session } from "../../session.js";
import { takeFirstSpec, takenOf } from "./take-first.js";
import type { Moves } from "./transitions.js";
import { encodeState, type JobState, stateOf } from "./work-layout.js";

/** A job that is this worker's from the revision `fencingToken` on. */
export interface Claim {
  readonly place: string;
  readonly state: JobState;
  readonly session: Session;
  readonly fencingToken: bigint;
  /** Undefined where another hand has deleted it. */
  readonly value: KeyValue<Uint8Array> | undefined;
}

type Ready = KeyValue<Uint8Array>;
type Result = { readonly succeeded: boolean; readonly responses: readonly unknown[] };

/**
 * Claims one of the first `ready` jobs (the very first that is still there), or as many as there are up to `limit`. Empty
 * where others were faster.
 *
 * Errors: `SessionExpiredError`, and then nothing is claimed for longer than the session's lease exists; `EtcdError`.
 */
export async function claim(
  moves: Moves,
  session: Session,
  ready: readonly Ready[],
  limit: number,
): Promise<readonly Claim[]> {
  const { store, layout } = moves;
  const chance = (): string => Math.floor(store.world.random() * 2 ** 32).toString(16);
  const mark = new TextEncoder().encode(`${chance()}-${chance()}`);
  const candidates = limit === 1 ? ready : ready.slice(0, limit);
  const effect = (kv: Ready): readonly Op[] => {
    const place = layout.placeOf(kv.key);
    return [
      store.op.get(layout.jobKey(place)),
      store.op.delete(kv.keyBytes),
      store.op.put(layout.claimedKey(place), encodeState(delivered(kv))),
      store.op.put(layout.heldKey(place), mark, { lease: session.leaseId }),
    ];
  };
  const toClaim = (kv: Ready, fencingToken: bigint, value: unknown): Claim => {
    const place = layout.placeOf(kv.key);
    return { place, state: delivered(kv), session, fencingToken, value: value as Claim["value"] };
  };
  try {
    if (limit === 1) {
      const answer = await store.txn(takeFirstSpec(store, layout.ready, candidates, effect));
      const taken = takenOf(candidates, answer);
      return taken === undefined ? [] : [toClaim(taken.kv, answer.header.revision, taken.responses[0])];
    }
    const each = candidates.map((kv) =>
      store.op.txn({ if: [compare.modRevision(kv.keyBytes).eq(kv.modRevision)], then: effect(kv) }),
    );
    const { header, responses } = await store.txn({ then: each });
    return candidates.flatMap((kv, i) => {
      const { succeeded, responses: inner } = responses[i] as unknown as Result;
      return succeeded ? [toClaim(kv, header.revision, inner[0])] : [];
    });
  } catch (error) {
    if (isEtcdError(error, "lease-not-found")) {
      throw new SessionExpiredError(session.leaseId, "has expired", error);
    }
    if (!isEtcdError(error) || error.outcome !== "unknown") throw error;
    return settle(moves, session, candidates, mark, toClaim);
  }
}

/** Finds out what the claim with this mark has come to, and that it comes to nothing more. Ends with the session. */
async function settle(
  { store, layout }: Moves,
  session: Session,
  candidates: readonly Ready[],
  mark: Uint8Array,
  toClaim: (kv: Ready, fencingToken: bigint, value: unknown) => Claim,
): Promise<readonly Claim[]> {
  const each = candidates.map((kv) => {
    const place = layout.placeOf(kv.key);
    const rewrite = store.op.txn({
      if: [compare.modRevision(kv.keyBytes).eq(kv.modRevision)],
      then: [store.op.put(kv.keyBytes, kv.value)],
    });
    return store.op.txn({
      if: [compare.value(layout.heldKey(place)).eq(mark)],
      then: [store.op.get(layout.heldKey(place)), store.op.get(layout.jobKey(place))],
      else: [rewrite],
    });
  });
  const { signal } = session;
  const { responses } = await persist(store.world, signal, () => store.txn({ then: each }, { signal }));
  return candidates.flatMap((kv, i) => {
    const { succeeded, responses: inner } = responses[i] as unknown as Result;
    const held = inner[0] as KeyValue<Uint8Array> | undefined;
    return succeeded && held !== undefined ? [toClaim(kv, held.createRevision, inner[1])] : [];
  });
}

function delivered(kv: Ready): JobState {
  const state = stateOf(kv);
  return { ...state, attempts: state.attempts + 1 };
}
