/**
 * What histories of a counter and of allocators of ids are judged by.
 *
 * Of a counter only amounts above zero are added, so its value tells which additions it holds: at least those that were
 * acknowledged before the operation that saw it began, at most those that had begun by then.
 */
import { type Happening, type Model, Violation } from "../model.js";

export interface CounterEvent extends Happening {
  /** `adding`: an amount, before it is asked for. `added`: the value after it. `lost`: no answer. `read`: the value, while nobody adds. */
  readonly kind: "adding" | "added" | "lost" | "read";
  /** 0 for `lost`. */
  readonly value: bigint;
}

interface CounterState {
  /** The sum of all amounts that were asked for. */
  readonly begun: bigint;
  /** The sum of those that are certain to be in. */
  readonly certain: bigint;
  /** The largest value that anybody has seen. */
  readonly seen: bigint;
  readonly values: ReadonlySet<bigint>;
  /** By worker: the amount that is on its way, and the least value that it can lead to. */
  readonly pending: ReadonlyMap<string, { readonly amount: bigint; readonly least: bigint }>;
}

export const counterModel: Model<CounterState, CounterEvent> = {
  name: "counter",
  initial: { begun: 0n, certain: 0n, seen: 0n, values: new Set(), pending: new Map() },
  step(state, { kind, value, worker }) {
    const pending = new Map(state.pending);
    if (kind === "adding") {
      const floor = larger(state.seen, state.certain);
      pending.set(worker, { amount: value, least: floor + value });
      return { ...state, begun: state.begun + value, pending };
    }
    const mine = pending.get(worker);
    pending.delete(worker);
    if (kind === "lost") return { ...state, pending };
    if (value > state.begun) return new Violation(`${value} is more than everything that was added, ${state.begun}`);
    const seen = larger(state.seen, value);
    if (kind === "read") {
      if (value < state.certain) return new Violation(`${value} lacks an acknowledged addition of ${state.certain}`);
      return { ...state, seen };
    }
    if (mine === undefined) return new Violation("an answer without a question");
    if (value < mine.least) return new Violation(`${value} lacks an addition that came before it: ${mine.least}`);
    if (state.values.has(value)) return new Violation(`${value} is the answer to two additions`);
    const values = new Set(state.values).add(value);
    return { ...state, certain: state.certain + mine.amount, seen, values, pending };
  },
};

function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** An id that a worker was given. */
export interface Given extends Happening {
  readonly kind: "given";
  readonly id: bigint;
}

interface IdState {
  readonly given: ReadonlySet<bigint>;
  readonly last: ReadonlyMap<string, bigint>;
}

export const idModel: Model<IdState, Given> = {
  name: "ids",
  initial: { given: new Set(), last: new Map() },
  step(state, { id, worker }) {
    if (state.given.has(id)) return new Violation(`${id} was given before`);
    const last = state.last.get(worker);
    if (last !== undefined && id <= last) return new Violation(`${id} came after ${last} to the same worker`);
    return { given: new Set(state.given).add(id), last: new Map(state.last).set(worker, id) };
  },
};
