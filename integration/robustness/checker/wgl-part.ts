/**
 * Judges calls that hang together, window by window. The first attempt goes for the likely order and is content with one end
 * of each window: an order is an order. When it comes to nothing, all is begun anew and thoroughly. From each window every end that can be is handed on, if they can all be
 * found; if not, those that were found are. An order found from them is an order all the same. When there is none, the
 * windows since the last complete set of beginnings are searched once more as one: only that can prove that there is none.
 */
import type { Call } from "./calls.js";
import type { KeyValue } from "./history.js";
import { KvStates, type States } from "./kv-states.js";
import { KvTable } from "./kv-table.js";
import type { Labels } from "./labels.js";
import { likelyPosition } from "./likely-order.js";
import { WantedValues } from "./wanted-values.js";
import { type Configuration, type SearchInput, type SearchResult, search } from "./wgl-search.js";
import { type CallEvent, type Window, windowsOf } from "./windows.js";

export interface Limits {
  readonly initial: readonly KeyValue[];
  /** For each search of a window, and as much again for each window that is searched once more, up to four. */
  readonly stepsMax: number;
  readonly windowCallsMax: number;
}

export interface PartInput extends Limits {
  readonly calls: readonly Call[];
  readonly labels: Labels;
}

export interface Stuck {
  readonly kind: "stuck";
  readonly call: Call;
  /** The longest order up to the call. */
  readonly prefix: readonly Call[];
  /** What its keys hold then, for a person. */
  readonly holds: string;
}

export interface Linearizable {
  readonly kind: "linearizable";
  /** An order of the calls of the last window that was searched. */
  readonly order: readonly Call[];
  /** What the keys of a call hold after it, for a person. */
  readonly holds: (call: Call) => string;
}

export type PartResult = (Stuck | Linearizable | { readonly kind: "undecided" }) & {
  readonly windows: number;
  readonly steps: number;
};

/** Steps of the first attempt, for each window: several times what a history takes that is in order. */
const LIKELY_STEPS_MAX = 20_000;

/** A search of many windows at once gets the steps of so many. */
const AGAIN_MAX = 4;

export function checkPart(input: PartInput): PartResult {
  return new PartCheck(input).run();
}

/** What a window begins with. */
interface Beginning {
  readonly window: number;
  readonly pending: readonly Call[];
  readonly starts: readonly Configuration[];
}

class PartCheck {
  readonly #input: PartInput;
  readonly #model: KvStates;
  readonly #windows: readonly Window[];
  readonly #start: States;
  readonly #positions: ReadonlyMap<Call, number>;

  constructor(input: PartInput) {
    this.#input = input;
    this.#model = new KvStates(new KvTable(input.calls, input.labels, input.initial));
    this.#windows = windowsOf(input.calls, input.windowCallsMax);
    this.#start = this.#model.startingWith(input.initial);
    this.#positions = new Map(input.calls.map((call) => [call, likelyPosition(call, input.labels)]));
  }

  run(): PartResult {
    return this.#likely() ?? this.#thorough();
  }

  /** One order is enough: from each window one end is handed on, the first that is found. Undefined when that leads nowhere. */
  #likely(): PartResult | undefined {
    let beginning = this.#beginning();
    let order: readonly Call[] = [];
    for (let at = 0; at < this.#windows.length; at++) {
      const stepsMax = Math.min(LIKELY_STEPS_MAX, this.#input.stepsMax);
      const result = this.#search(beginning, at, { ends: "one", stepsMax });
      if (result.kind !== "ends") return undefined;
      beginning = handOn(beginning, this.#events(at, at), result.ends, at + 1);
      order = result.order;
    }
    return this.#linearizable(beginning, order);
  }

  #thorough(): PartResult {
    let complete = this.#beginning();
    let beginning = complete;
    let order: readonly Call[] = [];
    for (let at = 0; at < this.#windows.length; at++) {
      let result = this.#search(beginning, at);
      if (result.kind !== "ends" && beginning !== complete) {
        beginning = complete;
        result = this.#search(beginning, at);
      }
      if (result.kind === "stuck") {
        const { kind, call, prefix, states } = result;
        return this.#result(at, { kind, call, prefix, holds: this.#model.describe(states, call) });
      }
      if (result.kind === "undecided") return this.#result(at, result);
      const next = handOn(beginning, this.#events(beginning.window, at), result.ends, at + 1);
      if (result.isComplete && beginning === complete) complete = next;
      beginning = next;
      order = result.order;
    }
    return this.#linearizable(beginning, order);
  }

  #beginning(): Beginning {
    return { window: 0, pending: [], starts: [{ done: new Set(), states: this.#start }] };
  }

  #linearizable({ starts }: Beginning, order: readonly Call[]): PartResult {
    const states = starts[0]?.states ?? this.#start;
    const holds = (call: Call): string => this.#model.describe(states, call);
    return this.#result(this.#windows.length - 1, { kind: "linearizable", order, holds });
  }

  /** From a beginning to the end of the window `last`. */
  #search(
    { window, pending, starts }: Beginning,
    last: number,
    { ends, stepsMax }: Pick<SearchInput, "ends" | "stepsMax"> = this.#allOf(window, last),
  ): SearchResult {
    const { calls, labels } = this.#input;
    const before = new Set(this.#events(0, window - 1).flatMap(({ kind, call }) => (kind === "return" ? [call] : [])));
    const open = calls.filter((call) => !before.has(call));
    return search({
      ...{ model: this.#model, pending, starts, events: this.#events(window, last) },
      wanted: new WantedValues(open, (value) => labels.isUnique(value)),
      guess: (call) => this.#positions.get(call) as number,
      ...{ ends, stepsMax },
    });
  }

  #allOf(window: number, last: number): Pick<SearchInput, "ends" | "stepsMax"> {
    return {
      ends: last === this.#windows.length - 1 ? "one" : "all",
      stepsMax: this.#input.stepsMax * Math.min(last - window + 1, AGAIN_MAX),
    };
  }

  #events(first: number, last: number): readonly CallEvent[] {
    return this.#windows.slice(first, last + 1).flatMap(({ events }) => events);
  }

  #result(window: number, result: Stuck | Linearizable | { readonly kind: "undecided" }): PartResult {
    return { ...result, windows: window + 1, steps: this.#model.steps };
  }
}

/** The beginnings of the next window: what has returned is forgotten, and what is done in all and never returns. */
function handOn(
  { pending }: Beginning,
  events: readonly CallEvent[],
  ends: readonly Configuration[],
  window: number,
): Beginning {
  const returned = new Set(events.flatMap(({ kind, call }) => (kind === "return" ? [call] : [])));
  const invoked = events.flatMap(({ kind, call }) => (kind === "call" ? [call] : []));
  const isOver = (call: Call): boolean => call.response === undefined && ends.every(({ done }) => done.has(call));
  const open = new Set([...pending, ...invoked].filter((call) => !returned.has(call) && !isOver(call)));
  const starts = ends.map(({ done, states }) => ({
    done: new Set([...done].filter((call) => open.has(call))),
    states,
  }));
  return { window, pending: [...open], starts };
}
