/**
 * One member of the simulated cluster: the real `Raft`, a simulated disk, and a state machine that is nothing but the
 * rolling hash of what was applied. Everything around Raft that can be late is late here; the driver's duties are done as
 * `types.ts` asks for them.
 */

import { Chance } from "../../seeded/chance.js";
import { EMPTY_CONF_STATE } from "../conf-change.js";
import { Raft } from "../raft.js";
import type { ApplyTask, ConfState, Entry } from "../types.js";
import { firstEntries } from "./cluster-conf.js";
import { emptyLogBase, SimulatedDisk } from "./cluster-disk.js";
import { HashedLog } from "./cluster-log.js";
import type { Plan } from "./cluster-plan.js";

/** What the state machine holds. */
export interface Machine {
  readonly index: number;
  readonly hash: number;
  readonly confState: ConfState;
}

/** How a member begins: with nothing, or as one of the first members. */
export interface Beginning {
  readonly entries: readonly Entry[];
  readonly snapshotAtOne: boolean;
  readonly confState: ConfState;
}

export class SimulatedMember {
  readonly id: bigint;
  readonly disk: SimulatedDisk;
  readonly #plan: Plan;
  /** Undefined while the member is down. */
  raft: Raft | undefined;
  /** Counts restarts; events of an earlier life mean nothing to a later one. */
  life = 0;
  /** The log as the disk will hold it when every pending write is done: Raft's own log, seen from outside. */
  handed: HashedLog;
  machine: Machine;
  /** What of the state machine survives a crash. */
  durableMachine: Machine;
  applies: ApplyTask[] = [];
  /** The member handles nothing before this time. */
  pausedUntil = 0;
  tickUnits: number;
  diskBusy = false;
  applyBusy = false;
  drainPlanned = false;
  /** Commit index last seen in this life, and how much of it was compared with everybody's. */
  commitSeen = 0;
  commitChecked = 0;
  /** The term this member was last seen leading; whether its log and its newest commit were looked at since. */
  ledTerm = 0;
  leaderLogChecked = true;
  quorumChecked = true;

  constructor(id: bigint, plan: Plan, beginning: Beginning | undefined, tickUnits: number) {
    this.id = id;
    this.#plan = plan;
    this.tickUnits = tickUnits;
    if (beginning === undefined) {
      this.disk = new SimulatedDisk(new HashedLog(emptyLogBase()), undefined);
      this.machine = { index: 0, hash: 0, confState: EMPTY_CONF_STATE };
    } else {
      const { entries, snapshotAtOne, confState } = beginning;
      const base = snapshotAtOne ? { index: 1, term: 1, hash: 0 } : emptyLogBase();
      const log = new HashedLog(base, entries);
      this.disk = new SimulatedDisk(log, { term: 1, vote: 0n, commit: log.lastIndex });
      this.machine = { index: log.lastIndex, hash: log.hashAt(log.lastIndex) as number, confState };
    }
    this.durableMachine = this.machine;
    this.handed = this.disk.log.copy();
  }

  get up(): boolean {
    return this.raft !== undefined;
  }

  start(): Raft {
    const { disk, durableMachine } = this;
    const chance = Chance.of(this.#plan.seed, `raft ${this.id} ${this.life}`);
    this.machine = durableMachine;
    this.handed = disk.log.copy();
    this.applies = [];
    this.commitSeen = 0;
    this.commitChecked = 0;
    this.raft = new Raft({
      ...this.#plan,
      id: this.id,
      random: (boundExclusive) => chance.int(boundExclusive),
      hardState: disk.hardState,
      base: disk.log.base,
      entries: disk.log.entries,
      applied: { index: durableMachine.index, confState: durableMachine.confState },
    });
    return this.raft;
  }

  /** Ends this life. The caller has decided what the disk keeps. */
  stop(): void {
    this.raft = undefined;
    this.life++;
    this.applies = [];
    this.diskBusy = false;
    this.applyBusy = false;
    this.drainPlanned = false;
    this.ledTerm = 0;
    this.leaderLogChecked = true;
    this.quorumChecked = true;
  }

  /** Forgets what lies below the state machine that is on disk, save for a few entries. */
  compact(keepEntries: number): boolean {
    const index = this.durableMachine.index - keepEntries;
    if (this.raft === undefined || index <= this.disk.log.base.index) return false;
    this.raft.compact(index);
    this.handed.compact(index);
    this.disk.log.compact(index);
    return true;
  }
}

/** How each of the first members begins. */
export function firstMembers({ voters, bootstrapInLog }: Plan): Beginning {
  const ids = Array.from({ length: voters }, (_, i) => BigInt(i + 1));
  const confState: ConfState = { ...EMPTY_CONF_STATE, voters: ids };
  return { entries: bootstrapInLog ? firstEntries(ids) : [], snapshotAtOne: !bootstrapInLog, confState };
}
