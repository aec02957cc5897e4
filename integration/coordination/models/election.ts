/**
 * What an election may look like from outside. Names are independent of each other; a history is of one.
 *
 * - Claims of leading carry tokens, and tokens only grow: after a claim with a higher one nobody claims a lower one.
 * - One token has one leader, unless another process has taken it up after that one had died.
 * - A worker's body never runs twice at once.
 * - An observer sees tokens grow, under one token revisions, and nothing that was not proclaimed before; it may pass values
 *   over, and it sees the last one. What one leader proclaims has revisions in the order of its calls.
 */
import { type Happening, type Model, Violation } from "../model.js";

export type ElectionEvent = Happening &
  (
    | { readonly kind: "claims"; readonly token: bigint }
    | { readonly kind: "body-begins" | "body-ends"; readonly token: bigint }
    /** The process has ended, by whatever hand; noted when that is certain. */
    | { readonly kind: "dies" }
    /** Before the call, which may fail: from here on the value may be seen. */
    | { readonly kind: "proclaims"; readonly token: bigint; readonly value: string }
    /** `token` 0 is "nobody leads", with neither value nor revision. */
    | { readonly kind: "observes"; readonly token: bigint; readonly value: string; readonly revision: bigint }
    /** What stands at the end, read when nobody writes any more, and long enough before the end for observers to have it. */
    | { readonly kind: "stands"; readonly token: bigint; readonly value: string }
  );

interface Seen {
  readonly token: bigint;
  readonly value: string;
  readonly revision: bigint;
}

export interface ElectionState {
  readonly highest: bigint;
  /** By token: who claims it. */
  readonly leaders: ReadonlyMap<bigint, string>;
  readonly dead: ReadonlySet<string>;
  /** By worker: the token of the body that runs. */
  readonly bodies: ReadonlyMap<string, bigint>;
  /** By token: the values in the order of their calls. */
  readonly proclaimed: ReadonlyMap<bigint, readonly string[]>;
  /** By observer: what it saw last, leaders only, and whether it was nobody since. */
  readonly seen: ReadonlyMap<string, { readonly last: Seen | undefined; readonly nobody: boolean }>;
  readonly final: { readonly token: bigint; readonly value: string } | undefined;
}

export const electionModel: Model<ElectionState, ElectionEvent> = {
  name: "election",
  initial: {
    ...{ highest: 0n, leaders: new Map(), dead: new Set(), bodies: new Map() },
    ...{ proclaimed: new Map(), seen: new Map(), final: undefined },
  },
  step: (state, event) => {
    if (state.dead.has(event.worker)) return new Violation(`${event.worker} ${event.kind}, and is dead`);
    switch (event.kind) {
      case "claims":
        return claim(state, event.worker, event.token);
      case "body-begins":
        return begin(state, event.worker, event.token);
      case "body-ends":
        if (state.bodies.get(event.worker) !== event.token) {
          return new Violation(`a body of token ${event.token} ends that does not run`);
        }
        return { ...state, bodies: without(state.bodies, event.worker) };
      case "dies":
        return { ...state, dead: new Set([...state.dead, event.worker]), bodies: without(state.bodies, event.worker) };
      case "proclaims": {
        const values = [...(state.proclaimed.get(event.token) ?? []), event.value];
        return { ...state, proclaimed: new Map(state.proclaimed).set(event.token, values) };
      }
      case "observes":
        return observe(state, event.worker, event);
      case "stands":
        return { ...state, final: { token: event.token, value: event.value } };
    }
  },
  atRest: ({ bodies, final, seen }) => {
    for (const [worker, token] of bodies) return new Violation(`a body of ${worker} with token ${token} never ended`);
    if (final === undefined) return undefined;
    for (const [observer, { last, nobody }] of seen) {
      const right = final.token === 0n ? nobody : !nobody && last?.token === final.token && last.value === final.value;
      if (!right) return new Violation(`${observer} has missed the last state, which is of token ${final.token}`);
    }
    return undefined;
  },
};

function claim(state: ElectionState, worker: string, token: bigint): ElectionState | Violation {
  if (token < state.highest) {
    return new Violation(`${worker} claims token ${token} after somebody has claimed ${state.highest}`);
  }
  const leader = state.leaders.get(token);
  if (leader !== undefined && leader !== worker && !state.dead.has(leader)) {
    return new Violation(`${worker} claims token ${token}, which is ${leader}'s`);
  }
  return { ...state, highest: token, leaders: new Map(state.leaders).set(token, worker) };
}

function begin(state: ElectionState, worker: string, token: bigint): ElectionState | Violation {
  const running = state.bodies.get(worker);
  if (running !== undefined) {
    return new Violation(`${worker} runs a body with token ${token} beside the one with token ${running}`);
  }
  return { ...state, bodies: new Map(state.bodies).set(worker, token) };
}

function observe(state: ElectionState, observer: string, { token, value, revision }: Seen): ElectionState | Violation {
  const before = state.seen.get(observer) ?? { last: undefined, nobody: false };
  if (token === 0n) {
    if (before.nobody) return new Violation(`${observer} sees twice in a row that nobody leads`);
    return { ...state, seen: new Map(state.seen).set(observer, { ...before, nobody: true }) };
  }
  const { last } = before;
  // A successor's key is older than what its predecessor proclaimed while it waited.
  if (last !== undefined && (token < last.token || (token === last.token && revision <= last.revision))) {
    const [now, then] = [`token ${token} at revision ${revision}`, `token ${last.token} at revision ${last.revision}`];
    return new Violation(`${observer} sees ${now} after ${then}`);
  }
  if (last !== undefined && before.nobody && token === last.token) {
    return new Violation(`${observer} sees token ${token} again after it had gone`);
  }
  const values = state.proclaimed.get(token) ?? [];
  const from = last?.token === token ? values.indexOf(last.value) + 1 : 0;
  if (!values.includes(value, from)) {
    const when = values.includes(value) ? "before what it saw last" : "by nobody yet";
    return new Violation(`${observer} sees a value of token ${token} that was proclaimed ${when}`);
  }
  const seen = { last: { token, value, revision }, nobody: false };
  return { ...state, seen: new Map(state.seen).set(observer, seen) };
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
