/**
 * Visits every state that a small cluster can get into, up to bounds: breadth first, over the real code. Where the random
 * simulation samples long runs of large clusters, this one leaves nothing out of short runs of small ones.
 *
 * An input moves one member, and what that does depends on that member alone. So the real code runs once for each pair of
 * a member's state and an input, and the cluster's states are tuples of numbers: its members' states, the messages on
 * their way, and the history that the invariants need.
 *
 * What is left out: time (an election timeout may come whenever it likes), and whatever lies beyond the bounds. States
 * are recognised by 53 bits of a hash, so of two million about one in ten thousand such runs would miss one.
 */

import { mixHash } from "../../seeded/chance.js";
import { isQuorum } from "./cluster-conf.js";
import { check, Violation } from "./cluster-violation.js";
import { type Budgets, type ExplorerBounds, inputsOf } from "./explorer-inputs.js";
import { type MemberState, MemberStates, Messages } from "./explorer-states.js";

export interface Exploration {
  /** Distinct states, up to an exchange of ids. */
  readonly states: number;
  readonly transitions: number;
  /** Actions from the start to the farthest state. */
  readonly depth: number;
  /** States of single members, each of which ran the real code. */
  readonly memberStates: number;
  /** True when nothing within the bounds was left unvisited. */
  readonly complete: boolean;
  /** What was broken, and the actions that lead there; undefined when nothing was. */
  readonly failure: string | undefined;
}

/** The cluster in numbers. */
interface State {
  readonly members: readonly number[];
  /** Ascending numbers of messages; one that is on its way twice stands twice. */
  readonly messages: readonly number[];
  readonly budgets: Budgets;
  /** For each term the member that led it, 0 for none. */
  readonly leaders: readonly number[];
  /** For each term the longest prefix that was known to be committed in it. */
  readonly committed: readonly number[];
  readonly depth: number;
  /** Where it stands among the visited; its predecessor is found by it. */
  readonly order: number;
}

interface Origin {
  readonly from: number;
  readonly action: string;
}

export class Explorer {
  readonly #bounds: ExplorerBounds;
  readonly #ids: readonly bigint[];
  readonly #states: MemberStates;
  readonly #messages: Messages;
  readonly #visited: Set<number> = new Set();
  readonly #origins: Origin[] = [];
  #transitions = 0;

  constructor(bounds: ExplorerBounds) {
    this.#bounds = bounds;
    this.#ids = bounds.members;
    this.#messages = new Messages(bounds);
    this.#states = new MemberStates(bounds, this.#messages);
  }

  run(): Exploration {
    let frontier: State[] = [this.#first()];
    let depth = 0;
    let failure: string | undefined;
    try {
      if (this.#bounds.startElected) frontier = [this.#elect(frontier[0] as State)];
      while (frontier.length > 0 && this.#origins.length < this.#bounds.statesMax) {
        const next: State[] = [];
        for (const state of frontier) {
          this.#expand(state, next);
          if (this.#origins.length >= this.#bounds.statesMax) break;
        }
        if (next.length > 0) depth++;
        frontier = next;
      }
    } catch (error) {
      failure = error instanceof Found ? error.message : String(error);
    }
    return {
      states: this.#origins.length,
      transitions: this.#transitions,
      depth,
      memberStates: this.#states.size,
      complete: failure === undefined && frontier.length === 0,
      failure,
    };
  }

  #first(): State {
    const { proposals, confChanges, crashes, duplicates, compactions, termMax } = this.#bounds;
    const none = Array.from({ length: termMax + 1 }, () => 0);
    this.#origins.push({ from: -1, action: "start" });
    return {
      members: this.#ids.map((id) => this.#states.first(id)),
      messages: [],
      budgets: { proposals, confChanges, crashes, duplicates, compactions },
      leaders: none,
      committed: none,
      depth: 0,
      order: 0,
    };
  }

  /** Member 1 leads from the start, and everybody knows: the longer runs are left for what comes then. */
  #elect(first: State): State {
    let state = this.#only(first, (next) => this.#act(first, 0, "times out", next));
    for (let moved = true; moved; ) {
      moved = false;
      for (let slot = 0; slot < this.#ids.length; slot++) {
        const writes = (): boolean => this.#states.at(state.members[slot] as number).pendingWrites > 0;
        for (; writes(); moved = true)
          state = this.#only(state, (next) => this.#act(state, slot, "completes a write", next));
      }
      for (; state.messages.length > 0; moved = true) {
        const number = state.messages[0] as number;
        state = this.#only(state, (next) => this.#deliver({ ...state, budgets: NO_BUDGETS }, number, 0, next));
      }
      state = { ...state, budgets: first.budgets };
    }
    return state;
  }

  #act(state: State, slot: number, name: string, next: State[]): void {
    const member = this.#states.at(state.members[slot] as number);
    const possible = inputsOf(member, state.budgets, this.#bounds).find((other) => other.name === name);
    if (possible === undefined) throw new Error(`member ${this.#ids[slot]} cannot do this: ${name}`);
    this.#move(state, slot, name, possible.input, name, state.messages, possible.budgets, next);
  }

  /** The one state that an action leads to; the state itself when nothing new comes of it. */
  #only(state: State, act: (next: State[]) => void): State {
    const next: State[] = [];
    this.#visited.clear();
    act(next);
    return next[0] ?? state;
  }

  #expand(state: State, next: State[]): void {
    this.#ids.forEach((_, slot) => {
      const member = this.#states.at(state.members[slot] as number);
      for (const { input, name, budgets } of inputsOf(member, state.budgets, this.#bounds)) {
        this.#move(state, slot, name, input, name, state.messages, budgets, next);
      }
    });
    let previous = -1;
    state.messages.forEach((number, position) => {
      if (number === previous) return;
      previous = number;
      this.#deliver(state, number, position, next);
    });
  }

  #deliver(state: State, number: number, position: number, next: State[]): void {
    const message = this.#messages.at(number);
    const slot = this.#ids.indexOf(message.to);
    if (slot === -1) return;
    const rest = state.messages.filter((_, i) => i !== position);
    const input = { type: "message", message } as const;
    const name = `delivers #${number}`;
    this.#move(state, slot, `#${number}`, input, name, rest, state.budgets, next);
    const { duplicates } = state.budgets;
    if (duplicates === 0) return;
    const budgets = { ...state.budgets, duplicates: duplicates - 1 };
    this.#move(state, slot, `#${number}`, input, `${name}, and keeps a copy,`, state.messages, budgets, next);
  }

  #move(
    state: State,
    slot: number,
    key: string,
    input: Parameters<MemberStates["move"]>[2],
    action: string,
    messages: readonly number[],
    budgets: Budgets,
    next: State[],
  ): void {
    this.#transitions++;
    const before = state.members[slot] as number;
    const step = this.#states.move(before, key, input);
    const say = (): string => `member ${this.#ids[slot]} ${action}`;
    if (step.violation !== undefined) throw this.#found(state, say(), step.violation);
    const sent = step.out;
    if (step.to === before && sent.length === 0 && messages === state.messages && budgets === state.budgets) return;
    const members = state.members.map((number, i) => (i === slot ? step.to : number));
    try {
      const history = this.#history(state, members, slot);
      const inFlight = sent.length === 0 ? messages : [...messages, ...sent].sort((a, b) => a - b);
      for (const kept of this.#dropExcess(inFlight)) {
        this.#visit({ ...state, members, messages: kept, budgets, ...history }, state.order, say, next);
      }
    } catch (error) {
      if (error instanceof Violation) throw this.#found(state, say(), error.message);
      throw error;
    }
  }

  #visit(state: State, from: number, action: () => string, next: State[]): void {
    const hash = this.#hash(state);
    if (this.#visited.has(hash)) return;
    this.#visited.add(hash);
    const order = this.#origins.length;
    this.#origins.push({ from, action: action() });
    next.push({ ...state, order, depth: state.depth + 1 });
  }

  /** A network that is full loses something, whichever. */
  #dropExcess(messages: readonly number[]): readonly (readonly number[])[] {
    if (messages.length <= this.#bounds.messagesMax) return [messages];
    const results = new Map<string, readonly number[]>();
    messages.forEach((number, i) => {
      if (number === messages[i - 1]) return;
      for (const kept of this.#dropExcess(messages.filter((_, j) => j !== i))) results.set(kept.join(), kept);
    });
    return [...results.values()];
  }

  /** What the state looks like under each exchange of ids; the least of these stands for all of them. */
  #hash(state: State): number {
    const { proposals, confChanges, crashes, duplicates, compactions } = state.budgets;
    const rest = (((proposals * 8 + confChanges) * 8 + crashes) * 8 + duplicates) * 8 + compactions;
    const [first = 0, ...equals] = this.#leastMembers(state);
    let least = this.#image(state, first);
    for (const p of equals) {
      const image = this.#image(state, p);
      if (isBefore(image, least)) least = image;
    }
    let [low, high] = [mixHash(1, rest), mixHash(2, rest)];
    const mix = (number: number): void => {
      low = mixHash(low, number);
      high = mixHash(high ^ 0x5bd1e995, number + 1);
    };
    least.forEach(mix);
    state.committed.forEach(mix);
    return low * 2 ** 21 + (high >>> 11);
  }

  /** The exchanges under which the members alone look least; mostly there is only one. */
  #leastMembers({ members }: State): readonly number[] {
    let least: number[] = [];
    let result: number[] = [];
    for (let p = 0; p < this.#states.permutations; p++) {
      const slots = this.#states.slotsUnder(p);
      const image: number[] = [];
      members.forEach((number, slot) => {
        image[slots[slot] as number] = this.#states.image(number, p);
      });
      if (result.length > 0 && isBefore(least, image)) continue;
      if (result.length > 0 && !isBefore(image, least)) result.push(p);
      else [least, result] = [image, [p]];
    }
    return result;
  }

  #image(state: State, p: number): readonly number[] {
    const slots = this.#states.slotsUnder(p);
    const image: number[] = [];
    state.members.forEach((number, slot) => {
      image[slots[slot] as number] = this.#states.image(number, p);
    });
    for (const leader of state.leaders) image.push(leader === 0 ? 0 : 1 + (slots[leader - 1] as number));
    return image.concat(state.messages.map((number) => this.#messages.image(number, p)).sort((a, b) => a - b));
  }

  /** The invariants that need more than one member, or the past; answers the past with what has happened now. */
  #history(state: State, members: readonly number[], slot: number): Pick<State, "leaders" | "committed"> {
    const [before, now] = [this.#states.at(state.members[slot] as number), this.#states.at(members[slot] as number)];
    if (before === now) return { leaders: state.leaders, committed: state.committed };
    const all = members.map((number) => this.#states.at(number));
    for (const other of all) if (other !== now) this.#checkLogsMatch(now, other);
    const leaders = now.role === "leader" ? this.#checkLeader(state, now, slot, all) : state.leaders;
    const committed = this.#checkCommitted(state.committed, now);
    if (now.role === "leader" && now.commit > before.commit) this.#checkDurableQuorum(before, now, all);
    return { leaders, committed };
  }

  #checkLogsMatch(a: MemberState, b: MemberState): void {
    for (let index = Math.min(a.lastIndex, b.lastIndex); index > Math.max(a.baseIndex, b.baseIndex); index--) {
      if (a.termAt(index) !== b.termAt(index)) continue;
      check(a.hashAt(index) === b.hashAt(index), "S3", () => `members ${a.id} and ${b.id} differ below ${index}`);
      return;
    }
  }

  #checkLeader(state: State, now: MemberState, slot: number, all: readonly MemberState[]): readonly number[] {
    const known = state.leaders[now.term] as number;
    check(
      known === 0 || known === slot + 1,
      "S1",
      () => `members ${this.#ids[known - 1]} and ${now.id} lead term ${now.term}`,
    );
    if (known !== 0) return state.leaders;
    const voted = (id: bigint): boolean => {
      const ballot = all[this.#ids.indexOf(id)]?.ballot;
      return ballot !== undefined && (ballot.term > now.term || (ballot.term === now.term && ballot.vote === now.id));
    };
    check(
      isQuorum(now.confState, voted),
      "S2",
      () => `member ${now.id} leads term ${now.term} without a quorum's votes on disk`,
    );
    for (let term = 0; term < now.term; term++) {
      const prefix = this.#states.prefix(state.committed[term] as number);
      const holds = prefix.index <= now.baseIndex || now.hashAt(prefix.index) === prefix.hash;
      check(holds, "S5", () => `leader ${now.id} of term ${now.term} lacks ${prefix.index}, committed in term ${term}`);
    }
    return state.leaders.map((leader, term) => (term === now.term ? slot + 1 : leader));
  }

  #checkCommitted(committed: readonly number[], now: MemberState): readonly number[] {
    if (now.commit === 0) return committed;
    for (const number of committed) {
      const prefix = this.#states.prefix(number);
      const index = Math.min(prefix.index, now.commit);
      const [mine, theirs] = [now.hashAt(index), this.#states.prefixHashAt(number, index)];
      const same = mine === undefined || theirs === undefined || mine === theirs;
      check(same, "S4", () => `member ${now.id} has committed something else at ${index}`);
    }
    const own = this.#states.prefixNumber(now);
    const known = this.#states.prefix(committed[now.term] as number);
    if (own === undefined || known.index >= now.commit) return committed;
    return committed.map((number, term) => (term === now.term ? own : number));
  }

  #checkDurableQuorum(before: MemberState, now: MemberState, all: readonly MemberState[]): void {
    const { commit, term, id } = now;
    check(
      now.termAt(commit) === term,
      "S6",
      () => `leader ${id} of term ${term} commits ${now.termAt(commit)}/${commit}`,
    );
    const holds = (other: bigint): boolean => {
      const member = all[this.#ids.indexOf(other)];
      return member?.durableHolds(commit, now.hashAt(commit)) === true;
    };
    // What was committed is applied by now, so a change has taken effect that did not count before.
    const isHeld = isQuorum(before.confState, holds) || isQuorum(now.confState, holds);
    check(isHeld, "S6", () => `leader ${id} commits ${commit}, not on the disks of a quorum`);
  }

  #found(state: State, action: string, what: string): Found {
    const actions = [action];
    for (let at = state.order; at > 0; at = (this.#origins[at] as Origin).from) {
      actions.push((this.#origins[at] as Origin).action);
    }
    const told = actions.reverse().map((line) => line.replace(/#(\d+)/, (_, n) => this.#describe(Number(n))));
    return new Found([what, ...told].join("\n"));
  }

  #describe(number: number): string {
    return JSON.stringify(this.#messages.at(number), (_, value) => (typeof value === "bigint" ? String(value) : value));
  }
}

const NO_BUDGETS: Budgets = { proposals: 0, confChanges: 0, crashes: 0, duplicates: 0, compactions: 0 };

class Found extends Error {}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
