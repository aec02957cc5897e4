/**
 * What must never happen, looked at after every event. Only the machine that an event belonged to can have changed, so only
 * that one is looked at; what must hold in the moment (a message that leaves, an entry that is applied) is seen by the hooks.
 *
 * Each invariant stands in a file of its own under `oracle/`, free of machines, and this one feeds them. The truth about a log
 * is what the disk would have after a power loss (`oracle/durable-log.ts`), never what a member says. The numbers are those
 * that a violation begins with:
 *
 * S1, S2 `ballots.ts`; S3 to S6 `log-history.ts`; S7, S15, S18 `applied-history.ts`, S7 of the backend `contents.ts`; S8
 * `marks.ts`; S9 `configurations.ts`; S10 `linearizable.ts`; S16 `hashes.ts`; S19 `bounds.ts`.
 *
 * S11 to S14 are judged from the clients' side. S17 (authentication) has no subject: the node has none.
 */
import type { AppliedAt, ConfState, WriteBatch } from "../../src/core/mvcc/backend.js";
import type { Entry, Message, RaftStatus } from "../../src/core/raft/types.js";
import type { Answer } from "../../src/node/apply-loop.js";
import type { Machine, MachineEvents } from "../../src/simulation/machine.js";
import { AppliedHistory, type AppliedMark } from "./oracle/applied-history.js";
import { Ballots } from "./oracle/ballots.js";
import { checkAppend, checkRefusal } from "./oracle/bounds.js";
import { Configurations } from "./oracle/configurations.js";
import { Contents } from "./oracle/contents.js";
import { DurableLog } from "./oracle/durable-log.js";
import { Hashes } from "./oracle/hashes.js";
import { checkAnswer, isLinearizable } from "./oracle/linearizable.js";
import { LogHistory } from "./oracle/log-history.js";
import { checkMarks, checkReleased } from "./oracle/marks.js";
import type { Simulation } from "./simulation.js";
import { violated } from "./violation.js";

/** Simulated milliseconds between two looks at what is too dear to be looked at after every event. */
const SAMPLE_MS = 2000;

/** What is remembered of a machine. */
interface Sight {
  log: DurableLog;
  /** The life that the log was read in. */
  life: number;
  readonly mark: AppliedMark;
  /** As of the last look. */
  appliedIndex: number;
  logEnd: number;
  conf: ConfState | undefined;
}

export class Oracle implements MachineEvents {
  readonly #simulation: Simulation;
  readonly #ballots = new Ballots();
  readonly #history = new LogHistory();
  readonly #applied = new AppliedHistory();
  readonly #configurations = new Configurations();
  readonly #contents = new Contents();
  readonly #hashes: Hashes;
  readonly #sights: Map<Machine, Sight> = new Map();
  /** The newest disk of every member. */
  readonly #logs: Map<bigint, DurableLog> = new Map();
  /** Machines by their numbers. */
  #machines: readonly Machine[] = [];
  #sampledMs = 0;
  /** Seen where nobody could be told; thrown by the next look. */
  #late: unknown;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#hashes = new Hashes((error) => {
      this.#late ??= error;
    });
  }

  /** The highest index that any member has known to be committed. */
  get committed(): number {
    return this.#history.committed;
  }

  /** @param owner whose event it was; 0 for the world's own */
  check(owner: number): void {
    if (this.#late !== undefined) throw this.#late;
    if (this.#machines.length < owner) this.#machines = this.#simulation.machines;
    const machine = this.#machines[owner - 1];
    if (machine?.life !== undefined) this.#look(machine, machine.node?.raftStatus);
    if (this.#simulation.world.nowMs >= this.#sampledMs + SAMPLE_MS) this.#sample();
  }

  /** The machine's disk has been damaged on purpose: that it holds less than before is no violation. */
  damaged(machine: Machine): void {
    this.#sights.delete(machine);
  }

  failpoint(machine: Machine, site: string): void {
    this.#simulation.sightings.passed(machine, site);
    this.#simulation.nemesis.failpoint(machine, site);
  }

  committing(machine: Machine, batch: WriteBatch, at: AppliedAt): void {
    const backend = machine.life?.backend;
    if (backend === undefined) return;
    this.#guard(() => {
      this.#contents.commits(machine.name, backend.appliedAt(), at, batch, (table, key) => backend.get(table, key));
      this.#configurations.stands(machine.name, this.#applied.confChangeAt(at.index), at.confState);
    });
  }

  applied(machine: Machine, entry: Entry, answer: Answer | undefined): void {
    const { name, life } = machine;
    if (life === undefined) return;
    this.#guard(() => {
      const sight = this.#sightOf(machine);
      const status = life.node?.raftStatus;
      if (status !== undefined) this.#claim(machine, sight, status);
      // While a member recovers its status is not to be had; the log's own mark stands for it.
      const committed = status === undefined ? Number.POSITIVE_INFINITY : this.committed;
      const stored = life.backend?.appliedAt().index ?? 0;
      this.#applied.applied(name, sight.mark, entry, answer, stored, committed);
      if (!sight.log.holds(entry.index, this.#history.prefixAt(entry.index))) {
        violated("S8", `${name} applies ${entry.index}, its own disk ends with ${sight.log.lastIndex} or has another`);
      }
      if (life.node !== undefined && life.node.alarms.length > 0) checkRefusal(name, entry, answer, life.node.alarms);
    });
  }

  sent(machine: Machine, messages: readonly Message[]): void {
    this.#guard(() => {
      for (const message of messages) this.#leaves(machine, message);
    });
  }

  booted(machine: Machine): void {
    this.#simulation.trace.note(machine.name, "serves");
    this.#simulation.sightings.served(machine);
    this.#guard(() => this.#simulation.nemesis.booted(machine));
  }

  ended(machine: Machine, cause: Error): void {
    this.#simulation.trace.note(machine.name, `ended: ${cause.message}`);
    this.#simulation.nemesis.ended(machine, cause);
  }

  removed(machine: Machine): void {
    this.#simulation.trace.note(machine.name, "was removed from the cluster and ended");
    this.#guard(() => this.#simulation.nemesis.membership.left(machine));
  }

  async around<T>(machine: Machine, path: string, request: unknown, handle: () => Promise<T>): Promise<T> {
    if (!isLinearizable(path, request)) return handle();
    const { committed } = this;
    const termBefore = machine.node?.raftStatus.term;
    const answer = await handle();
    this.#simulation.sightings.answered(termBefore, machine.node?.raftStatus.term);
    const status = machine.node?.raftStatus;
    if (status !== undefined) this.#guard(() => checkAnswer(machine.name, path, committed, status.appliedIndex));
    return answer;
  }

  /** A violation must end the run, not the member in whose code it was seen. */
  #guard(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#late ??= error;
    }
  }

  #look(machine: Machine, status: RaftStatus | undefined): void {
    const { name, life } = machine;
    const sight = this.#sightOf(machine);
    const { log } = sight;
    if (log.lastIndex !== sight.logEnd) {
      sight.logEnd = log.lastIndex;
      this.#configurations.logged(name, log, this.committed);
    }
    if (life === undefined || status === undefined) return;
    this.#claim(machine, sight, status);
    if (status.role === "leader" && this.#ballots.leads(name, status.term)) {
      this.#simulation.sightings.elected(machine, (log.confChanges.at(-1) ?? 0) > this.committed);
      this.#simulation.trace.note(name, `leads term ${status.term}`);
      this.#history.elected(name, status.term, log);
    }
    checkMarks(name, log, life.backend?.durableAt().index ?? 0, status);
    if (status.appliedIndex !== sight.appliedIndex) this.#stands(machine, sight, status);
    sight.conf = status.confState;
  }

  #stands(machine: Machine, sight: Sight, { appliedIndex, firstIndex, confState }: RaftStatus): void {
    const { name, life } = machine;
    // Raft has taken a snapshot that is not installed yet: its configuration is the snapshot's already.
    if (firstIndex > appliedIndex + 1) return;
    // A snapshot has replaced the state, and Raft does not know of it yet.
    if (life?.node === undefined || (life.backend?.appliedAt().index ?? 0) > appliedIndex) return;
    if (appliedIndex < sight.appliedIndex) {
      violated("S7", `${name} has applied ${sight.appliedIndex} and then ${appliedIndex}`);
    }
    sight.appliedIndex = appliedIndex;
    const { node } = life;
    this.#simulation.sightings.alarms(
      machine,
      node.alarms.map(({ alarm }) => alarm),
    );
    const alarms = node.alarms.map(({ memberId, alarm }) => `${memberId.toString(16)} ${alarm}`).sort();
    this.#applied.stands(name, sight.mark, appliedIndex, {
      revision: node.header.revision,
      compactRevision: node.stats.compactRevision,
      alarms: alarms.join(", "),
    });
    this.#configurations.stands(name, this.#applied.confChangeAt(appliedIndex), confState);
    this.#history.holdsCommitted(name, sight.log, appliedIndex);
  }

  #claim(machine: Machine, sight: Sight, status: RaftStatus): void {
    if (status.commitIndex <= this.committed) return;
    this.#history.claimed(machine.name, status, sight.conf, (id) => this.#logs.get(id));
  }

  #leaves(machine: Machine, message: Message): void {
    const { name } = machine;
    switch (message.type) {
      case "vote":
      case "vote-response":
        this.#ballots.sent(name, message, this.#sightOf(machine).log);
        break;
      case "append-response":
        if (!message.reject) this.#acknowledged(machine, message.index, message.term);
        break;
      case "append": {
        const status = machine.node?.raftStatus;
        if (status !== undefined) this.#claim(machine, this.#sightOf(machine), status);
        checkAppend(name, message, this.#simulation.plan.tuning.messageBytesMax);
        break;
      }
    }
  }

  #acknowledged(machine: Machine, index: number, term: number): void {
    const { log } = this.#sightOf(machine);
    if (log.ballot.term < term) {
      violated("S2", `${machine.name} answers in term ${term}; its disk is in term ${log.ballot.term}`);
    }
    if (log.ballot.term === term && index > log.lastIndex) {
      violated("S6", `${machine.name} acknowledges ${index} in term ${term}; its disk ends with ${log.lastIndex}`);
    }
  }

  /** The machine as its disk has it now. */
  #sightOf(machine: Machine): Sight {
    let sight = this.#sights.get(machine);
    if (sight === undefined || sight.log.disk !== machine.disk || sight.life !== machine.lives) {
      sight = this.#nextLife(machine, sight);
      this.#sights.set(machine, sight);
    }
    const { log } = sight;
    log.refresh();
    if (log.memberId !== undefined && this.#logs.get(log.memberId) !== log) this.#logs.set(log.memberId, log);
    return sight;
  }

  /** The log is read anew, as the process does: nothing that was durable may be gone. */
  #nextLife(machine: Machine, before: Sight | undefined): Sight {
    const { name } = machine;
    const log = new DurableLog({
      disk: machine.disk,
      prefixAt: this.#history.prefixAt,
      prefixOf: this.#history.prefixOf,
      onEntry: (position) => this.#history.durable(name, position),
      onBallot: (old, now) => this.#ballots.written(name, old, now),
    });
    log.refresh();
    if (log.endsTorn) this.#simulation.sightings.torn(machine);
    if (before !== undefined && before.log.disk === machine.disk) checkKept(name, before.log, log);
    const mark = { applied: undefined, figures: undefined };
    return { log, life: machine.lives, mark, appliedIndex: 0, logEnd: 0, conf: undefined };
  }

  #sample(): void {
    const { world, machines } = this.#simulation;
    this.#sampledMs = world.nowMs;
    for (const machine of machines) {
      if (machine.life === undefined) continue;
      const { log } = this.#sightOf(machine);
      checkReleased(machine.name, log, log.released());
    }
    this.#hashes.sample(world.nowMs, machines);
  }
}

function checkKept(name: string, before: DurableLog, now: DurableLog): void {
  if (now.end.seq < before.end.seq || (now.end.seq === before.end.seq && now.end.offset < before.end.offset)) {
    violated(
      "S6",
      `the disk of ${name} held the log up to ${before.lastIndex}, after a restart it ends with ${now.lastIndex}`,
    );
  }
  if (now.ballot.term < before.ballot.term) {
    violated("S2", `the term on ${name}'s disk goes back from ${before.ballot.term} to ${now.ballot.term}`);
  }
}
