/**
 * A mutex as it may be seen from outside: one lock, any number of workers. The token of an acquisition is the revision that created
 * its place in the line, so the order of tokens is the order of places, and "first come, first served" is "tokens only grow".
 *
 * The sentences, each of which has a history that breaks it in `mutex.test.ts`:
 * 1. After a claim with a token there is no claim with a lower one: of two holders the earlier one has stopped to believe.
 * 2. Acquisitions come in the order of their places. It is the same comparison: a later place that was served first has claimed.
 * 3. A token is one acquisition's: another worker never claims it, and nobody claims it after its end.
 * 4. Guarded writes are accepted from the current holder alone: in the order of their revisions tokens never go down, and nothing is
 *    accepted with a token that had been refused, or that somebody with a higher token had already come after.
 */
import { type Happening, type Model, Violation } from "../model.js";

export type MutexEvent = MutexClaim | MutexEnd | MutexWrite;

/** "I hold it": `atMs` is read before `held` is asked, and the event is noted only if the answer is yes. */
export interface MutexClaim extends Happening {
  readonly kind: "claim";
  readonly token: bigint;
}

/** The worker has stopped to rely on its lock, and unlocks next. */
export interface MutexEnd extends Happening {
  readonly kind: "end";
  readonly token: bigint;
}

/** A txn with `ownership()` in its condition has been answered. */
export interface MutexWrite extends Happening {
  readonly kind: "write";
  readonly token: bigint;
  readonly accepted: boolean;
  /** Of the answer's header: of the write, or of the moment at which it was refused. */
  readonly revision: bigint;
}

export interface MutexState {
  /** The acquisition with the highest token that was seen. */
  readonly latest: { readonly token: bigint; readonly worker: string; readonly ended: boolean } | undefined;
  /** All writes, the last one first. */
  readonly writes: Writes | undefined;
}

interface Writes {
  readonly write: MutexWrite;
  readonly earlier: Writes | undefined;
}

export const mutexModel: Model<MutexState, MutexEvent> = {
  name: "mutex",
  initial: { latest: undefined, writes: undefined },
  step(state, event) {
    if (event.kind === "write") return { ...state, writes: { write: event, earlier: state.writes } };
    return event.kind === "claim" ? claim(state, event) : end(state, event);
  },
  atRest: ({ writes }) => judgeWrites(writes),
};

function claim(state: MutexState, { token, worker }: MutexClaim): MutexState | Violation {
  const { latest } = state;
  if (latest === undefined || token > latest.token) return { ...state, latest: { token, worker, ended: false } };
  if (token < latest.token) {
    return new Violation(`it claims token ${token} after ${latest.worker} had claimed token ${latest.token}`);
  }
  if (worker !== latest.worker) return new Violation(`it claims token ${token}, which is ${latest.worker}'s`);
  return latest.ended ? new Violation(`it claims token ${token} after it had ended it`) : state;
}

function end(state: MutexState, { token, worker }: MutexEnd): MutexState | Violation {
  const { latest } = state;
  // An end that is noted late is no harm: the worker had stopped to claim.
  if (latest !== undefined && token < latest.token) return state;
  if (latest?.token === token && worker !== latest.worker) {
    return new Violation(`it ends token ${token}, which is ${latest.worker}'s`);
  }
  return { ...state, latest: { token, worker, ended: true } };
}

/** In the order of the cluster, which is that of revisions: the moments at which answers arrived say nothing about it. */
function judgeWrites(writes: Writes | undefined): Violation | undefined {
  const inOrder: MutexWrite[] = [];
  for (let at = writes; at !== undefined; at = at.earlier) inOrder.push(at.write);
  inOrder.sort((a, b) => (a.revision === b.revision ? 0 : a.revision < b.revision ? -1 : 1));
  let highest = 0n;
  const refused = new Map<bigint, bigint>();
  for (const { accepted, revision, token, worker } of inOrder) {
    if (!accepted) {
      if (!refused.has(token)) refused.set(token, revision);
      continue;
    }
    if (token > revision) return new Violation(`${worker} wrote at ${revision} with token ${token}, which is later`);
    if (token < highest) {
      return new Violation(
        `a write of ${worker} with token ${token} was accepted at ${revision} after token ${highest}`,
      );
    }
    const refusedAt = refused.get(token);
    if (refusedAt !== undefined && refusedAt < revision) {
      return new Violation(
        `a write of ${worker} with token ${token} was accepted at ${revision}, refused at ${refusedAt}`,
      );
    }
    highest = token;
  }
  return undefined;
}
