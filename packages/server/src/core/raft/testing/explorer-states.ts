/**
 * States of single members, by number. A state is kept as the inputs that lead to it; the real code is played from the
 * start when a new input is to be tried on it, and the outcome is kept.
 */
import type { ConfState, Message, Role } from "../types.js";
import type { HashedLog } from "./cluster-log.js";
import type { ExplorerBounds } from "./explorer-inputs.js";
import { Interning } from "./explorer-interning.js";
import { ExplorerMachine, type Input } from "./explorer-machine.js";

/** What the invariants and the choice of inputs look at. */
export interface MemberState {
  readonly id: bigint;
  readonly role: Role;
  readonly term: number;
  readonly commit: number;
  readonly lastIndex: number;
  readonly baseIndex: number;
  readonly confState: ConfState;
  readonly ballot: { readonly term: number; readonly vote: bigint };
  readonly pendingWrites: number;
  readonly mayCampaign: boolean;
  readonly hasUnsynced: boolean;
  readonly applied: number;
  termAt(index: number): number | undefined;
  /** The rolling hash of Raft's log up to `index`. */
  hashAt(index: number): number | undefined;
  durableHolds(index: number, hash: number | undefined): boolean;
}

export interface Step {
  readonly to: number;
  /** The numbers of the messages that leave. */
  readonly out: readonly number[];
  readonly violation: string | undefined;
}

interface Path {
  readonly id: bigint;
  readonly from: number;
  readonly input: Input | undefined;
}

interface Prefix {
  readonly index: number;
  readonly hash: number;
  /** Hashes of the prefix at every index that was still there. */
  readonly hashes: ReadonlyMap<number, number>;
}

/** Messages by number. */
export class Messages {
  readonly #interning: Interning;
  readonly #messages: Message[] = [];

  constructor(bounds: ExplorerBounds) {
    this.#interning = new Interning(bounds.members, alike(bounds));
  }

  number(message: Message): number {
    const { number } = this.#interning.number(message);
    this.#messages[number] = message;
    return number;
  }

  at(number: number): Message {
    return this.#messages[number] as Message;
  }

  image(number: number, permutation: number): number {
    return this.#interning.image(number, permutation);
  }
}

export class MemberStates {
  readonly #bounds: ExplorerBounds;
  readonly #interning: Interning;
  readonly #messages: Messages;
  readonly #states: MemberState[] = [];
  readonly #paths: Path[] = [];
  readonly #steps: Map<string, Step>[] = [];
  readonly #prefixes: Prefix[] = [{ index: 0, hash: 0, hashes: new Map([[0, 0]]) }];
  readonly #prefixNumbers: Map<string, number> = new Map();
  readonly #slots: readonly (readonly number[])[];
  #size = 0;

  constructor(bounds: ExplorerBounds, messages: Messages) {
    this.#bounds = bounds;
    this.#messages = messages;
    this.#interning = new Interning(bounds.members, alike(bounds));
    const ids = bounds.members.map(String);
    this.#slots = this.#interning.permutations.map((p) => ids.map((id) => ids.indexOf(p.get(id) as string)));
  }

  get size(): number {
    return this.#size;
  }

  at(number: number): MemberState {
    return this.#states[number] as MemberState;
  }

  /** How many exchanges of ids there are, the one that changes nothing included. */
  get permutations(): number {
    return this.#slots.length;
  }

  /** Where each member's place goes under an exchange of ids. */
  slotsUnder(permutation: number): readonly number[] {
    return this.#slots[permutation] as readonly number[];
  }

  image(number: number, permutation: number): number {
    return this.#interning.image(number, permutation);
  }

  first(id: bigint): number {
    return this.#note(new ExplorerMachine(id, this.#bounds), { id, from: -1, input: undefined });
  }

  /** `key` names the input among all that may be tried on the state. */
  move(from: number, key: string, input: Input): Step {
    const steps = this.#steps[from] as Map<string, Step>;
    const known = steps.get(key);
    if (known !== undefined) return known;
    const step = this.#try(from, input);
    steps.set(key, step);
    return step;
  }

  prefix(number: number): Prefix {
    return this.#prefixes[number] as Prefix;
  }

  prefixHashAt(number: number, index: number): number | undefined {
    return this.prefix(number).hashes.get(index);
  }

  /** The number of what the member knows to be committed; undefined when its hash is not at hand. */
  prefixNumber(member: MemberState): number | undefined {
    const { commit } = member;
    const hash = member.hashAt(commit);
    if (hash === undefined) return undefined;
    const key = `${commit} ${hash} ${member.baseIndex}`;
    const known = this.#prefixNumbers.get(key);
    if (known !== undefined) return known;
    const hashes = new Map<number, number>();
    for (let index = member.baseIndex; index <= commit; index++) hashes.set(index, member.hashAt(index) as number);
    const number = this.#prefixes.push({ index: commit, hash, hashes }) - 1;
    this.#prefixNumbers.set(key, number);
    return number;
  }

  #try(from: number, input: Input): Step {
    const machine = this.#build(from);
    try {
      const out = machine.run(input).map((message) => this.#messages.number(message));
      const { id } = this.#paths[from] as Path;
      return { to: this.#note(machine, { id, from, input }), out, violation: undefined };
    } catch (error) {
      return {
        to: from,
        out: [],
        violation: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      };
    }
  }

  #build(number: number): ExplorerMachine {
    const inputs: Input[] = [];
    let path = this.#paths[number] as Path;
    for (; path.input !== undefined; path = this.#paths[path.from] as Path) inputs.push(path.input);
    const machine = new ExplorerMachine(path.id, this.#bounds);
    for (const input of inputs.reverse()) machine.run(input);
    return machine;
  }

  #note(machine: ExplorerMachine, path: Path): number {
    const { number, known } = this.#interning.number({ id: machine.id, state: machine.inspect() });
    if (known) return number;
    this.#size++;
    this.#states[number] = summary(machine);
    this.#paths[number] = path;
    this.#steps[number] = new Map();
    return number;
  }
}

/** Members that nothing in the bounds tells from each other. */
function alike({ voters, changes }: ExplorerBounds): readonly bigint[] {
  const named = changes.flatMap((change) =>
    change.type === "joint" ? change.changes : change.type === "leave-joint" ? [] : [change],
  );
  return voters.filter((id) => !named.some(({ member }) => member.id === id));
}

function summary(machine: ExplorerMachine): MemberState {
  const { id, raft, disk } = machine;
  const { role, term, commitIndex, lastIndex, confState, appliedIndex } = raft.status;
  const handed = machine.handed.copy();
  const durable: HashedLog = disk.log.copy();
  return {
    id,
    role,
    term,
    commit: commitIndex,
    lastIndex,
    baseIndex: handed.base.index,
    confState,
    applied: appliedIndex,
    ballot: disk.ballot,
    pendingWrites: disk.pending.length,
    hasUnsynced: disk.hasUnsynced,
    mayCampaign: role !== "leader",
    termAt: (index) => handed.termAt(index),
    hashAt: (index) => handed.hashAt(index),
    durableHolds: (index, hash) =>
      durable.lastIndex >= index && (durable.base.index > index || durable.hashAt(index) === hash),
  };
}
