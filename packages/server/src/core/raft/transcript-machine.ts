/**
 * One member of a transcript's cluster: Raft, a disk and a state machine that finish their work only when told to, and
 * what of both survives a restart.
 */
import { InvariantError } from "../invariant.js";
import { EMPTY_CONF_STATE, membersOf } from "./conf-change.js";
import type { RaftOptions } from "./config.js";
import { Raft } from "./raft.js";
import { describeConf, describeReady, parseChange } from "./transcript-text.js";
import type { AppendTask, AppendToken, ApplyTask, ConfState, Entry, HardState, Message } from "./types.js";

export interface MachineWorld {
  readonly options: Partial<RaftOptions>;
  readonly print: (line: string) => void;
  readonly send: (messages: readonly Message[]) => void;
  /** A member that is not there yet joins by a change. */
  readonly joined: (id: bigint) => void;
}

export class Machine {
  readonly id: bigint;
  readonly #world: MachineWorld;
  raft: Raft;
  diskStalls = false;
  appliesStall = false;
  /** A broken invariant stops a member until it is restarted. */
  stopped = false;
  #writes: AppendTask[] = [];
  #applies: ApplyTask[] = [];
  #lastToken: AppendToken | undefined;
  // What survives a restart. The state machine is durable at once.
  #entries: Entry[];
  #hardState: HardState | undefined;
  #base: { readonly index: number; readonly term: number } = { index: 0, term: 0 };
  #applied: { readonly index: number; readonly term: number; readonly confState: ConfState };

  constructor(id: bigint, confState: ConfState, world: MachineWorld, disk?: { term: number; entries: Entry[] }) {
    this.id = id;
    this.#world = world;
    this.#entries = disk?.entries ?? [];
    this.#hardState = disk && { term: disk.term, vote: 0n, commit: 0 };
    this.#applied = { index: 0, term: 0, confState };
    this.raft = this.#build();
  }

  /** What it holds durably, as the log is compared in a script. */
  get durableEntries(): readonly Entry[] {
    return this.#entries;
  }

  /** Does what may break an invariant: then the member stops, and says so. */
  attempt(action: () => void): void {
    if (this.stopped) return;
    try {
      action();
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
      this.stopped = true;
      this.#say(`stops: ${error.message}`);
    }
  }

  ready(): void {
    if (!this.raft.hasReady()) {
      this.#say("nothing to do");
      return;
    }
    const ready = this.raft.ready();
    for (const line of describeReady(ready)) this.#say(line);
    this.#world.send(ready.send);
    if (ready.append !== undefined) this.#writes.push(ready.append);
    if (ready.apply !== undefined) this.#applies.push(ready.apply);
  }

  /** The disk finishes its oldest writes. */
  durable(count: number = this.#writes.length): void {
    for (const task of this.#writes.splice(0, count)) {
      this.#write(task);
      this.#lastToken = task.token;
      this.raft.appended(task.token);
      for (const message of task.afterDurable) {
        if (message.to === this.id) this.raft.step(message);
        else this.#world.send([message]);
      }
    }
  }

  again(): void {
    if (this.#lastToken !== undefined) this.raft.appended(this.#lastToken);
  }

  /** The state machine finishes what it was given; what a snapshot has overtaken it does for nothing. */
  apply(): void {
    for (const task of this.#applies.splice(0)) {
      const { index, term } = task.entries.at(-1) as Entry;
      for (const entry of task.entries) if (entry.type === "conf-change") this.#change(entry);
      if (index > this.#applied.index) this.#applied = { ...this.#applied, index, term };
      this.raft.applied(task.token);
    }
  }

  /** The state machine has the snapshot's content in place; the log's record of it is not written yet. */
  install(): void {
    const mark = this.#writes.find(({ snapshot }) => snapshot !== undefined)?.snapshot;
    if (mark !== undefined) this.#applied = mark;
  }

  compact(index: number): void {
    this.raft.compact(index);
    const term = this.#entries.find((entry) => entry.index === index)?.term ?? this.#base.term;
    this.#base = { index, term };
    this.#entries = this.#entries.filter((entry) => entry.index > index);
  }

  /** Forgets what the disk and the state machine have not finished. */
  restart(): void {
    this.#writes = [];
    this.#applies = [];
    this.stopped = false;
    // A state machine that is ahead of the whole log got there by a snapshot; the log starts anew behind it.
    if (this.#applied.index > (this.#entries.at(-1)?.index ?? this.#base.index)) {
      this.#base = this.#applied;
      this.#entries = [];
      const { term } = this.#applied;
      if (term > (this.#hardState?.term ?? 0)) this.#hardState = { term, vote: 0n, commit: this.#applied.index };
    }
    this.raft = this.#build();
  }

  /** The disk is empty, and the member starts under its old id. */
  wipe(): void {
    this.#entries = [];
    this.#hardState = undefined;
    this.#base = { index: 0, term: 0 };
    this.#applied = { index: 0, term: 0, confState: EMPTY_CONF_STATE };
    this.restart();
  }

  #build(): Raft {
    // The spread of timeouts is the member's id, so that a script can say who is first.
    const random = (): number => Number(this.id) - 1;
    const timing = { electionTicks: 10, heartbeatTicks: 4, random };
    const disk = { hardState: this.#hardState, base: this.#base, entries: this.#entries, applied: this.#applied };
    return new Raft({ id: this.id, ...timing, ...this.#world.options, ...disk });
  }

  #write({ snapshot, entries, hardState }: AppendTask): void {
    if (snapshot !== undefined) {
      this.#applied = snapshot;
      this.#base = snapshot;
      this.#entries = [];
    }
    const first = entries[0];
    if (first !== undefined) this.#entries = [...this.#entries.filter(({ index }) => index < first.index), ...entries];
    if (hardState !== undefined) this.#hardState = hardState;
  }

  #change({ index, data }: Entry): void {
    const confState = this.raft.applyConfChange(parseChange(data));
    if (index > this.#applied.index) this.#applied = { ...this.#applied, confState };
    this.#say(describeConf(confState));
    for (const id of membersOf(confState)) this.#world.joined(id);
  }

  #say(line: string): void {
    this.#world.print(`${this.id}: ${line}`);
  }
}
