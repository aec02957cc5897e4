/**
 * The model of whatever has one owner at a time, a lock or a leadership, by the tokens of those who say that it is theirs. A token is
 * of one owner. Whoever says so after someone with a higher token has said so believes in what is over.
 */
import type { Model } from "../model.js";
import { Violation } from "../model.js";
import type { Began, Claim, Ended } from "./events.js";

interface Owned {
  readonly token: bigint;
  readonly worker: string;
  readonly ended: boolean;
}

/** By name, and what each process works at. Replaced, never changed. */
interface Claims {
  readonly owners: ReadonlyMap<string, Owned>;
  /** `worker name` of work under way. */
  readonly working: ReadonlySet<string>;
  readonly handOvers: number;
}

export type ClaimEvent = Claim | Ended | Began;

export const claimsModel: Model<Claims, ClaimEvent> = {
  name: "one owner at a time",
  initial: { owners: new Map(), working: new Set(), handOvers: 0 },
  step(state, event) {
    if (event.kind === "claim") return claimed(state, event);
    const one = `${event.worker} ${event.name}`;
    if (event.kind === "began") {
      if (state.working.has(one)) return new Violation(`the work of ${event.name} began twice at once`);
      return { ...state, working: new Set([...state.working, one]) };
    }
    const working = new Set([...state.working].filter((other) => other !== one));
    const owner = state.owners.get(event.name);
    if (owner?.token !== event.token) return { ...state, working };
    return { ...state, working, owners: new Map([...state.owners, [event.name, { ...owner, ended: true }]]) };
  },
};

function claimed(state: Claims, { name, token, worker }: Claim): Claims | Violation {
  const owner = state.owners.get(name);
  if (owner !== undefined && token < owner.token) {
    return new Violation(
      `${name} is claimed with token ${token} after ${owner.worker} has claimed it with ${owner.token}`,
    );
  }
  if (owner?.token === token) {
    if (owner.worker !== worker) return new Violation(`token ${token} of ${name} is also that of ${owner.worker}`);
    return owner.ended ? new Violation(`${name} is claimed with token ${token}, which was given up`) : state;
  }
  const owners = new Map([...state.owners, [name, { token, worker, ended: false }]]);
  return { ...state, owners, handOvers: state.handOvers + (owner === undefined ? 0 : 1) };
}
