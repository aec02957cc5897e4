/**
 * The search of one window: is there an order of the calls in which every answer is right, and which no call that had returned
 * before another was invoked comes after? The frame is Wing and Gong's with Lowe's improvements: try a call whose turn it may be,
 * take it out of the list, go on, and on the way back put it in again; a set of the calls with a place, together with the
 * states that are possible after them, is never entered twice.
 *
 * The orders that are tried are cut down by three rules, none of which loses a verdict:
 *
 * - Just in time. Nothing must be given a place before the first return, and then only the call that returned (the target) and
 *   those whose place before it makes a difference. Each call that goes before the target conflicts with one that comes
 *   after it, up to the target: one that does not could change places with all of them and follow the target. Calls that still
 *   wait for such a successor are *owed* one.
 * - A read whose answer is right in every possible state takes its place at once: any order that has it later is as good with
 *   it here, where it changes nothing.
 * - Of calls of unknown outcome that ask for the same, the one invoked first goes first (`calls.ts`). A call of unknown outcome
 *   has no return, so nothing ever forces a place upon it: that is how it may never have happened.
 */
import { Bitset } from "./bitset.js";
import { CallList, type Entry } from "./call-list.js";
import { type Call, conflict } from "./calls.js";
import { type KvStates, type States, StepsUsedUp } from "./kv-states.js";
import type { WantedValues } from "./wanted-values.js";
import type { CallEvent } from "./windows.js";

/** Where a window can begin or end: which of the pending calls have taken effect, and what is possible then. */
export interface Configuration {
  readonly done: ReadonlySet<Call>;
  readonly states: States;
}

export interface SearchInput {
  readonly model: KvStates;
  /** By all calls that have not returned before the window. */
  readonly wanted: WantedValues;
  /** Invoked before the window, and without a place in some of the beginnings. Ascending by invocation. */
  readonly pending: readonly Call[];
  readonly events: readonly CallEvent[];
  readonly starts: readonly Configuration[];
  /** Where the call is likely to have its place: what is tried first, and nothing more. See `likely-order.ts`. */
  readonly guess: (call: Call) => number;
  /** Look for every end, as the next window needs it, or be content with one. */
  readonly ends: "all" | "one";
  /** Calls tried in a state, all in all. */
  readonly stepsMax: number;
}

export type SearchResult =
  /** `order` leads to the first of the ends. `isComplete`: there are no others. */
  | {
      readonly kind: "ends";
      readonly ends: readonly Configuration[];
      readonly order: readonly Call[];
      readonly isComplete: boolean;
    }
  /** Of all calls that have no place in any order, `call` returned first. `prefix` is the longest order up to it. */
  | { readonly kind: "stuck"; readonly call: Call; readonly prefix: readonly Call[]; readonly states: States }
  | { readonly kind: "undecided" };

export function search(input: SearchInput): SearchResult {
  return new Search(input).run();
}

/** One set of places given, and what is left to try there. */
interface Frame {
  readonly states: States;
  readonly owed: readonly Entry[];
  /** Reads that took their places at once. */
  readonly read: readonly Entry[];
  readonly target: Entry | undefined;
  /** What is likely to come before the target, and the target; the others are added when those have been tried. */
  moves: readonly Entry[];
  next: number;
  expanded: boolean;
  move: Entry | undefined;
}

/** How far a search came: the longest order up to the last return that it came to. */
interface Reached {
  readonly target: Entry;
  readonly prefix: readonly Call[];
  readonly states: States;
}

class Search {
  readonly #input: SearchInput;
  readonly #indexes: ReadonlyMap<Call, number>;
  readonly #stepsEnd: number;
  readonly #seen = new Set<string>();
  readonly #ends = new Map<string, Configuration>();
  #list: CallList;
  #done: Bitset;
  #order: Call[] = [];
  #firstOrder: readonly Call[] = [];
  #best: Reached | undefined;

  constructor(input: SearchInput) {
    this.#input = input;
    this.#stepsEnd = input.model.steps + input.stepsMax;
    const invoked = input.events.flatMap(({ kind, call }) => (kind === "call" ? [call] : []));
    const all = [...input.pending, ...invoked];
    // Those that must have places come first, so that the set of places fills from its beginning.
    const sorted = [...all.filter(isAnswered), ...all.filter((call) => !isAnswered(call))];
    this.#indexes = new Map(sorted.map((call, index) => [call, index]));
    this.#list = new CallList([], [], () => 0, new Set());
    this.#done = new Bitset(sorted.length);
  }

  run(): SearchResult {
    let isComplete = true;
    for (const start of this.#input.starts) {
      this.#begin(start);
      isComplete = this.#exploreWithin(start.states) && !this.#isContent();
      if (!isComplete) break;
      for (const call of start.done) this.#input.wanted.takeBack(call);
    }
    if (this.#ends.size > 0)
      return { kind: "ends", ends: [...this.#ends.values()], order: this.#firstOrder, isComplete };
    if (!isComplete) return { kind: "undecided" };
    const { target, prefix, states } = this.#best as Reached;
    return { kind: "stuck", call: target.call, prefix, states };
  }

  #begin({ done }: Configuration): void {
    const { pending, events } = this.#input;
    const indexOf = (call: Call): number => this.#indexes.get(call) as number;
    this.#list = new CallList(pending, events, indexOf, done);
    this.#done = new Bitset(this.#indexes.size);
    for (const call of done) {
      this.#done.add(indexOf(call));
      this.#input.wanted.give(call);
    }
    this.#order = [];
  }

  /** False when the steps are used up, also in the middle of one call that can go in very many ways. */
  #exploreWithin(states: States): boolean {
    const { model } = this.#input;
    model.stepsEnd = this.#stepsEnd;
    try {
      return this.#explore(states);
    } catch (error) {
      if (error instanceof StepsUsedUp) return false;
      throw error;
    } finally {
      model.stepsEnd = Number.POSITIVE_INFINITY;
    }
  }

  /** False when the steps are used up. */
  #explore(states: States): boolean {
    const stack = [this.#enter(states, [])];
    for (let frame = stack.at(-1); frame !== undefined && !this.#isContent(); frame = stack.at(-1)) {
      if (frame.move !== undefined) this.#takeBack(frame.move);
      frame.move = undefined;
      if (this.#input.model.steps >= this.#stepsEnd) return false;
      const move = this.#nextMove(frame);
      if (move === undefined) {
        for (const read of [...frame.read].reverse()) this.#takeBack(read);
        stack.pop();
        continue;
      }
      const child = this.#try(frame, move);
      if (child !== undefined) stack.push(child);
    }
    return true;
  }

  #nextMove(frame: Frame): Entry | undefined {
    if (frame.next === frame.moves.length && !frame.expanded) {
      frame.expanded = true;
      frame.moves = [...frame.moves, ...this.#others(frame)];
    }
    return frame.moves[frame.next++];
  }

  #try(frame: Frame, move: Entry): Frame | undefined {
    const waiting = frame.owed.filter(({ call }) => !conflict(call, move.call));
    const isTarget = move.call === frame.target?.call;
    if (isTarget && waiting.length > 0) return undefined;
    this.#give(move);
    const states = this.#input.model.after(frame.states, move.call, this.#input.wanted);
    if (states.length === 0) {
      this.#takeBack(move);
      return undefined;
    }
    frame.move = move;
    return this.#enter(states, isTarget ? [] : [...waiting, move]);
  }

  #enter(states: States, owed: readonly Entry[]): Frame {
    const read: Entry[] = [];
    // A read that takes its place may make room for others, with its return.
    for (let before = -1; before < read.length; ) {
      before = read.length;
      for (const entry of [...this.#list.available()]) {
        if (!entry.call.readOnly || this.#input.model.after(states, entry.call, this.#input.wanted) !== states)
          continue;
        read.push(entry);
        this.#give(entry);
      }
    }
    const waiting = owed.filter(({ call }) => !read.some((entry) => conflict(call, entry.call)));
    const firstReturn = this.#list.firstReturn;
    const frame = {
      states,
      owed: waiting,
      read,
      target: firstReturn,
      moves: [],
      next: 0,
      expanded: true,
      move: undefined,
    };
    if (firstReturn === undefined) {
      this.#end(states);
      return frame;
    }
    this.#remember(firstReturn, states);
    const name = [
      this.#done.key(),
      numbers(states.map(({ id }) => id)),
      numbers(waiting.map(({ index }) => index)),
    ].join("/");
    if (this.#seen.has(name)) return frame;
    this.#seen.add(name);
    const { guess } = this.#input;
    const available = [...this.#list.available()];
    const target = available.find(({ call }) => call === firstReturn.call);
    // An answer that came before it was asked for.
    if (target === undefined) return frame;
    const at = guess(target.call);
    const isFirst = available.every(({ call }) => guess(call) >= at);
    const earlier = isFirst ? [] : this.#tied(target, (call) => guess(call) < at);
    return { ...frame, moves: [...earlier, target], expanded: false };
  }

  /** What else may come before the target. */
  #others({ target, moves }: Frame): Entry[] {
    return target === undefined ? [] : this.#tied(target, () => true).filter((entry) => !moves.includes(entry));
  }

  /** Of the calls that are picked those that conflicts tie to the target, of twins the first; the likeliest order. */
  #tied(target: Entry, pick: (call: Call) => boolean): Entry[] {
    const twins = new Set<string>();
    const candidates = [...this.#list.available()].filter(({ call }) => {
      const isSecond = call.twin !== undefined && twins.has(call.twin);
      if (call.twin !== undefined) twins.add(call.twin);
      return !isSecond && call !== target.call && pick(call);
    });
    const tied: Call[] = [target.call];
    const found = new Set<Entry>();
    for (let at = 0; at < tied.length; at++) {
      for (const entry of candidates) {
        if (found.has(entry) || !conflict(entry.call, tied[at] as Call)) continue;
        found.add(entry);
        tied.push(entry.call);
      }
    }
    const { guess } = this.#input;
    return candidates.filter((entry) => found.has(entry)).sort((a, b) => ascending(guess(a.call), guess(b.call)));
  }

  #give(entry: Entry): void {
    this.#list.lift(entry);
    this.#input.wanted.give(entry.call);
    this.#done.add(entry.index);
    this.#order.push(entry.call);
  }

  #takeBack(entry: Entry): void {
    this.#list.unlift(entry);
    this.#input.wanted.takeBack(entry.call);
    this.#done.remove(entry.index);
    this.#order.pop();
  }

  #isContent(): boolean {
    return this.#input.ends === "one" && this.#ends.size > 0;
  }

  /** Everything that returns in the window has its place. Ends with the same calls done are one end with more states. */
  #end(states: States): void {
    const name = this.#done.key();
    if (this.#ends.size === 0) this.#firstOrder = [...this.#order];
    const known = this.#ends.get(name);
    if (known !== undefined) {
      const all = [...new Set([...known.states, ...states])].sort((a, b) => a.id - b.id);
      this.#ends.set(name, { ...known, states: all });
      return;
    }
    const done = new Set([...this.#indexes].filter(([, index]) => this.#done.has(index)).map(([call]) => call));
    this.#ends.set(name, { done, states });
  }

  #remember(target: Entry, states: States): void {
    const best = this.#best;
    const isBetter =
      best === undefined ||
      target.position > best.target.position ||
      (target.position === best.target.position && this.#order.length > best.prefix.length);
    if (isBetter) this.#best = { target, prefix: [...this.#order], states };
  }
}

function isAnswered({ response }: Call): boolean {
  return response !== undefined;
}

/** Not by subtraction: two infinite ones are equal. */
function ascending(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function numbers(list: readonly number[]): string {
  return [...list].sort((a, b) => a - b).join();
}
