/**
 * A read-write lock as it may be seen from outside. The token of an acquisition is the revision that created its place in the line
 * (that of an upgraded reader: of its later place), so that places and tokens have one order.
 *
 * The sentences, each of which has a history that breaks it in `rw-mutex.test.ts`:
 * 1. A writer excludes all: after any claim with a higher token it claims no more, and after its claim nobody with a lower one does.
 * 2. Readers share: their claims come in any order among themselves.
 * 3. Nobody is passed: a reader with a higher token than a writer's claims only after the writer, which therefore never claims again.
 * 4. A token is one worker's, and nobody claims what it has ended. What was claimed for reading is not claimed for writing later
 *    (an upgrade has a new token); the reverse is a downgrade.
 */
import { type Happening, type Model, Violation } from "../model.js";

export type RWMutexEvent = RWMutexClaim | RWMutexEnd;

/** "I hold it": `atMs` is read before `held` is asked, and the event is noted only if the answer is yes. */
export interface RWMutexClaim extends Happening {
  readonly kind: "claim";
  readonly mode: "read" | "write";
  readonly token: bigint;
}

/** The worker has stopped to rely on its lock, and unlocks next. */
export interface RWMutexEnd extends Happening {
  readonly kind: "end";
  readonly token: bigint;
}

export interface RWMutexState {
  /** The highest token that was claimed, for whatever. */
  readonly highest: bigint;
  /** The highest one that was claimed for writing. */
  readonly highestWrite: bigint;
  /** Tokens from the highest writer's on: who claimed them last and for what, or has ended them. */
  readonly seen: ReadonlyMap<bigint, Seen>;
}

interface Seen {
  readonly worker: string;
  readonly mode: "read" | "write" | "ended";
}

export const rwMutexModel: Model<RWMutexState, RWMutexEvent> = {
  name: "rw-mutex",
  initial: { highest: 0n, highestWrite: 0n, seen: new Map() },
  step: (state, event) => (event.kind === "claim" ? claim(state, event) : end(state, event)),
};

function claim(state: RWMutexState, { mode, token, worker }: RWMutexClaim): RWMutexState | Violation {
  const limit = mode === "write" ? state.highest : state.highestWrite;
  if (token < limit) {
    return new Violation(`it claims token ${token} to ${mode} after token ${limit} was claimed`);
  }
  const before = state.seen.get(token);
  if (before !== undefined && before.worker !== worker) {
    return new Violation(`it claims token ${token}, which is ${before.worker}'s`);
  }
  if (before?.mode === "ended") return new Violation(`it claims token ${token} after it had ended it`);
  if (before?.mode === "read" && mode === "write") {
    return new Violation(`it claims token ${token} to write, which was a reader's`);
  }
  const highest = token > state.highest ? token : state.highest;
  const highestWrite = mode === "write" ? token : state.highestWrite;
  return { highest, highestWrite, seen: from(highestWrite, state.seen, token, { worker, mode }) };
}

function end(state: RWMutexState, { token, worker }: RWMutexEnd): RWMutexState | Violation {
  // Lower ones are refused whatever they claim.
  if (token < state.highestWrite) return state;
  const before = state.seen.get(token);
  if (before !== undefined && before.worker !== worker) {
    return new Violation(`it ends token ${token}, which is ${before.worker}'s`);
  }
  return { ...state, seen: from(state.highestWrite, state.seen, token, { worker, mode: "ended" }) };
}

function from(lowest: bigint, seen: ReadonlyMap<bigint, Seen>, token: bigint, latest: Seen): ReadonlyMap<bigint, Seen> {
  return new Map([...[...seen].filter(([other]) => other >= lowest), [token, latest]]);
}
