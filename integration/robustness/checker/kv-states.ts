/**
 * The key-value store as a search sees it: not one state but the set of those that are possible. A call is carried out in each
 * of them, in every way that can be, and those remain in which its answer is right. Two things can go more than one way:
 *
 * - A key with a lease may be gone at any moment, for the end of a lease is no call of the history. It is decided where a call
 *   touches the key. Each key is taken by itself: that the keys of a lease go together is the business of `lease-check.ts`.
 * - A compare with a revision that no answer has attached to the value (`labels.ts`).
 *
 * Equal states are one object, so that states and sets of them compare by number.
 */
import type { Call } from "./calls.js";
import type { KeyValue } from "./history.js";
import type { KvTable } from "./kv-table.js";
import { KvTrial } from "./kv-trial.js";
import type { WantedValues } from "./wanted-values.js";

export interface State {
  readonly id: number;
  /** By index of key: the number of its pair, 0 where there is none. */
  readonly pairs: readonly number[];
}

/** A call has more ways to go than there are steps left. */
export class StepsUsedUp extends Error {}

/** Ascending by id, without doubles. */
export type States = readonly State[];

export class KvStates {
  /** How often a call was carried out in a state: the measure of work. */
  steps = 0;
  /** A call that is under way when so many have been made throws `StepsUsedUp`, this much later at most. */
  stepsEnd: number = Number.POSITIVE_INFINITY;
  readonly #table: KvTable;
  readonly #states = new Map<string, State>();

  constructor(table: KvTable) {
    this.#table = table;
  }

  /** The one state in which exactly these pairs exist. */
  startingWith(initial: readonly KeyValue[]): States {
    const pairs = new Array<number>(this.#table.keys.length).fill(0);
    for (const kv of initial) pairs[this.#table.indexOf(kv.key)] = this.#table.idOf(kv);
    return [this.#intern(pairs)];
  }

  /**
   * The states that are possible after the call; none when its answer is wrong in all. The same object if nothing changes. A
   * state that has lost a wanted value is none.
   */
  after(states: States, call: Call, wanted: WantedValues): States {
    const found = new Set<State>();
    for (const state of states) {
      for (const next of this.#outcomes(state, call)) if (!this.#loses(state, next, wanted)) found.add(next);
    }
    const next = [...found].sort((a, b) => a.id - b.id);
    return next.length === states.length && next.every((state, at) => state === states[at]) ? states : next;
  }

  /** For a person: what the keys hold that the call touches. */
  describe(states: States, { spans }: Call): string {
    const { keys } = this.#table;
    const touched = [...keys.entries()].filter(([, name]) => spans.some(({ key, end }) => key <= name && name < end));
    const words = states.slice(0, 3).map(({ pairs }) => {
      const shown = touched.flatMap(([at, key]) => {
        const pair = this.#table.pair(pairs[at] as number);
        return pair === undefined ? [] : [`${key}=${pair.value.replace("\0", "")} version ${pair.version}`];
      });
      return shown.length === 0 ? "none of its keys" : shown.join(", ");
    });
    return [...new Set(words)].join(", or ");
  }

  /** Carries the call out once for each way in which it can go. */
  *#outcomes(state: State, call: Call): Generator<State> {
    const choices: boolean[] = [];
    do {
      if (this.steps >= this.stepsEnd + WAYS_MAX) throw new StepsUsedUp();
      this.steps += 1;
      const pairs = new KvTrial(this.#table, state.pairs, choices).run(call.request, call.response);
      if (pairs !== undefined) yield pairs === state.pairs ? state : this.#intern(pairs);
    } while (nextWay(choices));
  }

  #loses({ pairs }: State, next: State, wanted: WantedValues): boolean {
    return pairs.some((id, at) => {
      const pair = next.pairs[at] === id ? undefined : this.#table.pair(id);
      return pair !== undefined && wanted.isWanted(this.#table.keys[at] as string, pair.value);
    });
  }

  #intern(pairs: readonly number[]): State {
    const name = pairs.join();
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    const state = { id: this.#states.size, pairs };
    this.#states.set(name, state);
    return state;
  }
}

/** Ways of one call that are looked at beyond the steps, so that a search ends between two calls mostly. */
const WAYS_MAX = 1_000;

/** Turns the last choice that has another side; false when there is none. */
function nextWay(choices: boolean[]): boolean {
  while (choices.at(-1) === true) choices.pop();
  if (choices.length === 0) return false;
  choices[choices.length - 1] = true;
  return true;
}
