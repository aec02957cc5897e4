/**
 * One member for the state explorer: the real `Raft` on a simulated disk, moved by one input at a time. It comes to rest
 * within each input (everything handed out, everything committed applied), except for its writes, which complete when the
 * explorer says so. Whatever can be judged by one member alone is judged here.
 */

import { mixHash } from "../../seeded/chance.js";
import { EMPTY_CONF_STATE } from "../conf-change.js";
import { Raft } from "../raft.js";
import type { AppendTask, ApplyTask, ConfState, Message, SnapshotMark } from "../types.js";
import { decodeChange, firstEntries, mayApply } from "./cluster-conf.js";
import { emptyLogBase, SimulatedDisk } from "./cluster-disk.js";
import { entryHash, HashedLog } from "./cluster-log.js";
import { Violation } from "./cluster-violation.js";

export type Input =
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "timeout" | "tick" | "write" | "compact" }
  | { readonly type: "propose"; readonly conf: boolean; readonly data: Uint8Array }
  | { readonly type: "crash"; readonly survivors: number; readonly loseUnsynced: boolean };

export interface MachineOptions {
  /** All members there may be; those beyond the voters begin with an empty log. */
  readonly members: readonly bigint[];
  /** The first configuration. When there are other members too, it stands in the log for them to learn. */
  readonly voters: readonly bigint[];
  /** Entry bytes in a message; 1 for one entry each. */
  readonly messageBytesMax: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
}

/** Followers wait one tick longer than a leader's lease lasts, so that both sides of its end are seen. */
const ELECTION_TICKS = 2;

export class ExplorerMachine {
  readonly id: bigint;
  readonly disk: SimulatedDisk;
  readonly #options: MachineOptions;
  raft: Raft;
  /** Raft's log as the disk will have it. */
  handed: HashedLog;
  #machine: { readonly index: number; readonly hash: number; readonly confState: ConfState };
  /** Where the state machine was when the log was compacted last: that much is on disk. */
  #durable: { readonly index: number; readonly hash: number; readonly confState: ConfState };
  #contents: Map<number, number> = new Map();
  #out: Message[] = [];

  constructor(id: bigint, options: MachineOptions) {
    this.id = id;
    this.#options = options;
    const { voters, members } = options;
    const isVoter = voters.includes(id);
    const entries = isVoter && members.length > voters.length ? firstEntries(voters) : [];
    const log = new HashedLog(emptyLogBase(), entries);
    const { lastIndex: index } = log;
    const hash = log.hashAt(index) as number;
    this.#machine = { index, hash, confState: { ...EMPTY_CONF_STATE, voters: isVoter ? voters : [] } };
    this.#durable = this.#machine;
    this.disk = new SimulatedDisk(log, index === 0 ? undefined : { term: 1, vote: 0n, commit: index });
    this.handed = this.disk.log.copy();
    this.raft = this.#start();
    this.#drain();
  }

  get machine(): { readonly index: number; readonly hash: number; readonly confState: ConfState } {
    return this.#machine;
  }

  /** Does what the input says and answers the messages that leave. */
  run(input: Input): readonly Message[] {
    this.#out = [];
    switch (input.type) {
      case "message":
        if (input.message.type === "snapshot") this.#noteContent(input.message.snapshot);
        this.raft.step(input.message);
        break;
      case "timeout":
        this.raft.campaign();
        break;
      case "tick":
        this.raft.tick();
        break;
      case "write":
        this.#completeWrite();
        break;
      case "compact":
        this.#compact();
        break;
      case "propose":
        if (input.conf) this.raft.proposeConfChange(input.data);
        else this.raft.propose([{ type: "command", data: input.data }]);
        break;
      case "crash":
        this.#crash(input.survivors, input.loseUnsynced);
        break;
    }
    this.#drain();
    return this.#out;
  }

  /** Everything that decides what comes next, as plain data. */
  inspect(): unknown {
    const { log, hardState, ballot, pending } = this.disk;
    const tasks = pending.map(({ entries, hardState: hard, snapshot, mustSync, afterDurable }) => ({
      entries,
      hard,
      snapshot: snapshot === undefined ? undefined : { ...snapshot, content: this.#contentOf(snapshot.index) },
      mustSync,
      afterDurable,
    }));
    const disk = { base: log.base, entries: log.entries, hardState, ballot, tasks };
    return { raft: this.raft.inspect(), disk, machine: this.#machine, durable: this.#durable };
  }

  #start(): Raft {
    const { preVote, checkQuorum, messageBytesMax } = this.#options;
    return new Raft({
      preVote,
      checkQuorum,
      messageBytesMax,
      id: this.id,
      electionTicks: ELECTION_TICKS,
      heartbeatTicks: 1,
      random: () => 1,
      hardState: this.disk.hardState,
      base: this.disk.log.base,
      entries: this.disk.log.entries,
      applied: { index: this.#machine.index, confState: this.#machine.confState },
    });
  }

  #completeWrite(): void {
    const before = this.disk.ballot;
    const task = this.disk.complete(this.#contentOf);
    this.#checkBallot(before);
    if (task.snapshot !== undefined) this.#install(task.snapshot);
    this.raft.appended(task.token);
    for (const message of task.afterDurable) {
      if (message.to === this.id) this.raft.step(message);
      else this.#send(message);
    }
  }

  #crash(survivors: number, loseUnsynced: boolean): void {
    const before = this.disk.ballot;
    this.#machine = this.#durable;
    const reached = this.disk.crash(survivors, loseUnsynced, this.#contentOf);
    for (const { snapshot } of reached) if (snapshot !== undefined) this.#install(snapshot);
    this.#checkBallot(before);
    this.handed = this.disk.log.copy();
    this.raft = this.#start();
  }

  #compact(): void {
    this.#durable = this.#machine;
    this.raft.compact(this.#machine.index);
    this.handed.compact(this.#machine.index);
    this.disk.log.compact(this.#machine.index);
  }

  #install({ index, confState }: SnapshotMark): void {
    if (index < this.#machine.index) throw new Violation(`S7: member ${this.id} goes back to a snapshot at ${index}`);
    this.#machine = { index, hash: this.#contentOf(index), confState };
    this.#durable = this.#machine;
  }

  #drain(): void {
    while (this.raft.hasReady()) {
      const { send, append, apply } = this.raft.ready();
      for (const message of send) this.#send(message);
      if (append !== undefined) this.#write(append);
      if (apply !== undefined) this.#apply(apply);
    }
  }

  #write(task: AppendTask): void {
    const { snapshot, entries } = task;
    if (snapshot !== undefined) {
      const { index, term } = snapshot;
      this.handed.restart({ index, term, hash: this.#contentOf(index) });
    }
    for (const entry of entries) this.handed.put(entry);
    this.disk.write(task);
  }

  #apply({ token, entries }: ApplyTask): void {
    for (const entry of entries) {
      const { index, hash, confState } = this.#machine;
      if (entry.index !== index + 1) throw new Violation(`S7: member ${this.id} applies ${entry.index} after ${index}`);
      const change = entry.type === "conf-change" ? decodeChange(entry.data) : undefined;
      const conf = change !== undefined && mayApply(confState, change) ? this.raft.applyConfChange(change) : confState;
      this.#machine = { index: entry.index, hash: mixHash(hash, entryHash(entry)), confState: conf };
      const { log } = this.disk;
      const onDisk = log.base.index > entry.index || log.hashAt(entry.index) === this.#machine.hash;
      if (!onDisk)
        throw new Violation(`S8: member ${this.id} applies ${entry.index}, which its own disk does not have`);
    }
    this.raft.applied(token);
  }

  #send(message: Message): void {
    const { ballot, log } = this.disk;
    const { term } = message;
    if (message.type === "vote-response" && !message.reject) {
      const written = ballot.term > term || (ballot.term === term && ballot.vote === message.to);
      if (!written) throw new Violation(`S2: member ${this.id} votes for ${message.to} in term ${term}, not on disk`);
    }
    if (
      message.type === "append-response" &&
      !message.reject &&
      ballot.term === term &&
      message.index > log.lastIndex
    ) {
      throw new Violation(`S6: member ${this.id} acknowledges ${message.index}, its disk ends at ${log.lastIndex}`);
    }
    if (message.type === "vote" && ballot.term < term) {
      throw new Violation(`S2: member ${this.id} asks for votes of term ${term}, which it may forget`);
    }
    if (message.type !== "snapshot") this.#out.push(message);
    else this.#out.push({ ...message, snapshot: { ...message.snapshot, content: this.#machine.hash } as SnapshotMark });
  }

  #checkBallot(before: { readonly term: number; readonly vote: bigint }): void {
    const { term, vote } = this.disk.ballot;
    const fine = term > before.term || (term === before.term && (before.vote === 0n || before.vote === vote));
    if (!fine)
      throw new Violation(`S2: member ${this.id}'s vote goes from ${before.term}/${before.vote} to ${term}/${vote}`);
  }

  /** A snapshot's content is nothing but the hash of what was applied; it rides along with the mark. */
  #noteContent(mark: SnapshotMark & { readonly content?: number }): void {
    if (mark.content !== undefined) this.#contents.set(mark.index, mark.content);
  }

  readonly #contentOf = (index: number): number => this.#contents.get(index) ?? 0;
}
