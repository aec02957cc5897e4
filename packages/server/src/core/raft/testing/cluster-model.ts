/**
 * A whole cluster of real `Raft` cores in one thread, driven from a seed: simulated disks, state machines, clocks and
 * network, every one of them late, and whatever the seed's plan lets go wrong. After every event the oracle looks at the
 * member that it touched. FoundationDB and TigerBeetle test this way.
 *
 * Reading order: `cluster-plan.ts` (what a seed decides), this file (what happens), `cluster-workload.ts` (who asks for
 * it), `cluster-oracle.ts` (what must hold), `cluster-run.ts` (a run from start to verdict).
 */

import { Chance, mixHash } from "../../seeded/chance.js";
import { TimedQueue } from "../../seeded/timed-queue.js";
import type { Raft } from "../raft.js";
import type { AppendTask, ConfState, Entry, Message, RaftStatus, Ready, SnapshotMark } from "../types.js";
import { decodeChange, isJoint, mayApply } from "./cluster-conf.js";
import type { Counters } from "./cluster-counters.js";
import { entryHash } from "./cluster-log.js";
import { type Beginning, firstMembers, SimulatedMember } from "./cluster-member.js";
import { SimulatedNetwork } from "./cluster-network.js";
import { Oracle } from "./cluster-oracle.js";
import { type Fault, type Plan, TICK_UNITS } from "./cluster-plan.js";
import type { EventKind, EventQueue, PlannedEvent } from "./cluster-queue.js";
import { Trace } from "./cluster-trace.js";
import { Violation } from "./cluster-violation.js";

/** Turns a driver may need to hand out everything; more means that Raft never comes to rest. */
const DRAIN_TURNS_MAX = 1000;

export class Cluster {
  readonly plan: Plan;
  readonly network: SimulatedNetwork;
  readonly oracle: Oracle;
  readonly trace: Trace = new Trace();
  readonly counters: Counters;
  readonly members: Map<bigint, SimulatedMember> = new Map();
  readonly #queue: EventQueue = new TimedQueue();
  readonly #chance: Chance;
  /** The member that a leader of this term tries to hand over to. */
  readonly #transfers: Map<number, bigint> = new Map();
  #now = 0;
  #requests = 0;
  #healed = false;

  constructor(plan: Plan, counters: Counters) {
    this.plan = plan;
    this.counters = counters;
    this.network = new SimulatedNetwork(plan);
    this.#chance = Chance.of(plan.seed, "model");
    const beginning = firstMembers(plan);
    for (let id = 1n; id <= BigInt(plan.voters); id++) this.#add(id, beginning);
    const { machine, handed } = this.members.get(1n) as SimulatedMember;
    this.oracle = new Oracle(plan, (id) => this.members.get(id), machine, handed);
    for (const member of this.members.values()) this.start(member);
  }

  get now(): number {
    return this.#now;
  }

  get healed(): boolean {
    return this.#healed;
  }

  /** Reads that were asked for and are not answered. */
  readonly openReads: Set<number> = new Set();

  /** The next event. `client` and `fault` events are the caller's. */
  step(): EventKind {
    const event = this.#queue.pop();
    if (event === undefined) throw new Error("nothing is going to happen any more");
    this.#now = event.time;
    if (event.to === 0n) return event.kind;
    const member = this.#member(event.to);
    if (event.kind !== "start" && (!member.up || (event.life !== undefined && event.life !== member.life))) {
      if (event.message?.type === "snapshot" && event.kind === "deliver") this.#reportSnapshot(event.message, false);
      return event.kind;
    }
    // A paused process handles nothing; whatever waits for it comes in the same order afterwards.
    if (member.pausedUntil > this.#now) this.#queue.push({ ...event, time: member.pausedUntil });
    else this.#handle(member, event);
    return event.kind;
  }

  schedule(kind: "client" | "fault", delay: number): void {
    this.#push(kind, 0n, delay, undefined);
  }

  /** Calls Raft, lets the driver do what follows, and looks at the outcome. */
  touch<T>(member: SimulatedMember, what: string, detail: Message | string | undefined, call: (raft: Raft) => T): T {
    const { raft } = member;
    if (raft === undefined) throw new Error(`member ${member.id} is down`);
    const result = call(raft);
    this.oracle.knowsCommit(raft.status.commitIndex);
    const { faults } = this.plan;
    const late = faults.has("late drain") && !this.#healed && what !== "drain" && this.#chance.percent(30);
    if (late && !member.drainPlanned) {
      member.drainPlanned = true;
      this.#push("drain", member.id, this.#chance.int(4), member.life);
    }
    if (!member.drainPlanned) this.#drain(member, raft);
    const { status } = raft;
    this.trace.add({ time: this.#now, what, member: member.id, detail, status });
    if (this.oracle.after(member, status, !member.drainPlanned)) this.#noteElected(member, status);
    this.#noteTransfer(status);
    return result;
  }

  start(member: SimulatedMember): void {
    if (member.up) return;
    member.start();
    this.touch(member, "starts", undefined, () => {});
    this.#push("tick", member.id, this.#chance.between(1, member.tickUnits), member.life);
  }

  /** The member dies: of its unfinished writes the oldest `survivors` are on disk all the same. */
  crash(member: SimulatedMember, survivors: number, loseUnsynced: boolean): void {
    const { disk } = member;
    if (disk.pending.length > survivors) this.counters.note("crash lost writes");
    const [before, machine] = [disk.hardState, member.machine];
    const reached = disk.crash(survivors, loseUnsynced, this.oracle.contentAt);
    if (reached.length > 0) this.counters.note("crash kept unsaid writes");
    if (loseUnsynced && disk.hardState !== before) this.counters.note("crash lost an unsynced commit");
    for (const { snapshot } of reached) if (snapshot !== undefined) this.#install(member, snapshot);
    if (machine.index > member.durableMachine.index) this.counters.note("crash lost applied state");
    this.oracle.durable(member);
    member.stop();
    this.trace.add({ time: this.#now, what: "crashes", member: member.id, detail: undefined, status: undefined });
  }

  restartLater(member: SimulatedMember, delay: number): void {
    this.#push("start", member.id, delay, undefined);
  }

  /** A member that is to be added; it starts empty and waits for a leader to find it. */
  join(id: bigint): SimulatedMember {
    const known = this.members.get(id);
    if (known !== undefined) return known;
    const member = this.#add(id, undefined);
    this.start(member);
    return member;
  }

  read(member: SimulatedMember): number {
    const requestId = ++this.#requests;
    this.touch(member, "is asked to read", String(requestId), (raft) => {
      if (this.oracle.readAsked(requestId, raft.status)) this.counters.note("read asked of a deposed leader");
      this.openReads.add(requestId);
      raft.readIndex(requestId);
    });
    return requestId;
  }

  /** A message arrives, out of its usual way if need be. */
  deliver(member: SimulatedMember, message: Message): void {
    this.touch(member, "gets", message, (raft) => raft.step(message));
  }

  flush(member: SimulatedMember): void {
    member.durableMachine = member.machine;
  }

  /** From now on nothing goes wrong. */
  heal(): void {
    this.#healed = true;
    this.network.heal();
    for (const member of this.members.values()) {
      member.pausedUntil = 0;
      member.tickUnits = TICK_UNITS;
    }
  }

  #add(id: bigint, beginning: Beginning | undefined): SimulatedMember {
    const tickUnits = this.has("clock drift") ? this.#chance.between(TICK_UNITS / 2, 2 * TICK_UNITS) : TICK_UNITS;
    const member = new SimulatedMember(id, this.plan, beginning, tickUnits);
    this.members.set(id, member);
    return member;
  }

  has(fault: Fault): boolean {
    return !this.#healed && this.plan.faults.has(fault);
  }

  #handle(member: SimulatedMember, { kind, message, arrived }: PlannedEvent): void {
    switch (kind) {
      case "tick":
        this.touch(member, "ticks", undefined, (raft) => raft.tick());
        this.#push("tick", member.id, member.tickUnits - 1 + this.#chance.int(3), member.life);
        break;
      case "deliver":
        if (message !== undefined) this.#arrive(member, message);
        break;
      case "disk":
        this.#finishWrites(member);
        break;
      case "apply":
        this.#apply(member);
        break;
      case "drain":
        member.drainPlanned = false;
        this.touch(member, "drain", undefined, () => {});
        break;
      case "snapshot-report":
        if (message !== undefined) {
          const result = arrived ? "finished" : "failed";
          this.touch(member, `hears its snapshot ${result}`, message, (raft) =>
            raft.reportSnapshot(message.to, result),
          );
        }
        break;
      case "start":
        this.start(member);
        break;
    }
  }

  #arrive(member: SimulatedMember, message: Message): void {
    const connected = this.network.connects(message.from, message.to);
    if (message.type === "snapshot") this.#reportSnapshot(message, connected);
    if (connected) this.deliver(member, message);
  }

  /** The driver does what `ready()` says, in its order: what may leave now leaves before the disk has it. */
  #drain(member: SimulatedMember, raft: Raft): void {
    for (let turns = 0; raft.hasReady(); turns++) {
      if (turns > DRAIN_TURNS_MAX) throw new Violation(`rest: member ${member.id} always has something more to do`);
      this.#handOut(member, raft, raft.ready());
    }
  }

  #handOut(member: SimulatedMember, raft: Raft, { send, append, apply, reads }: Ready): void {
    for (const message of send) {
      this.oracle.leaves(member, message);
      this.#transmit(member, message);
    }
    if (append !== undefined) this.#write(member, append, raft.status);
    for (const read of reads) {
      this.openReads.delete(read.requestId);
      if (this.oracle.readAnswered(member, read)) this.counters.note("read answered");
    }
    if (apply !== undefined) {
      member.applies.push(apply);
      this.#planApply(member);
    }
  }

  #write(member: SimulatedMember, task: AppendTask, status: RaftStatus): void {
    // What is below the snapshot will not be applied any more, the snapshot holds its effects.
    if (task.snapshot !== undefined) member.applies = [];
    if (this.oracle.handed(member, task, status)) this.counters.note("conflict truncated");
    member.disk.write(task);
    if (member.disk.pending.length > 2) this.counters.note("several writes outstanding");
    this.#planDisk(member);
  }

  #transmit(member: SimulatedMember, message: Message): void {
    if (message.to === member.id) throw new Violation(`routing: member ${member.id} sends to itself`);
    this.counters.note(`sent ${message.type}`);
    const sent = message.type === "snapshot" ? this.#freshSnapshot(member, message) : message;
    const to = this.members.get(message.to);
    const deliveries = to === undefined ? [] : this.network.send(sent, this.#now);
    const lost = sent.type === "snapshot" && this.has("lost snapshot") && this.#chance.percent(40);
    if (sent.type === "snapshot" && (lost || deliveries.length === 0)) {
      this.#reportLater(member, sent, false);
      return;
    }
    for (const { message: delivered, time } of deliveries) {
      this.#queue.push({ ...this.#event("deliver", message.to, time - this.#now), message: delivered });
    }
  }

  /** The content that is streamed is as of now, which may be later than what Raft asked for. */
  #freshSnapshot(member: SimulatedMember, message: Extract<Message, { type: "snapshot" }>): Message {
    const { machine } = member;
    if (machine.index <= message.snapshot.index || this.#chance.percent(50)) return message;
    const { index, confState } = machine;
    return { ...message, snapshot: { index, term: this.oracle.committedTerm(index), confState } };
  }

  #reportSnapshot(message: Message, arrived: boolean): void {
    const sender = this.members.get(message.from);
    if (sender?.up === true) this.#reportLater(sender, message, arrived);
  }

  #reportLater(sender: SimulatedMember, message: Message, arrived: boolean): void {
    if (!arrived) this.counters.note("snapshot failed");
    const event = this.#event("snapshot-report", sender.id, this.#chance.between(1, 30));
    this.#queue.push({ ...event, life: sender.life, message, arrived });
  }

  #planDisk(member: SimulatedMember): void {
    const oldest = member.disk.pending[0];
    if (member.diskBusy || oldest === undefined) return;
    member.diskBusy = true;
    const usual = this.#chance.between(1, this.plan.diskDelayMax);
    const slow = this.has("slow disk") && this.#chance.percent(5) ? 300 : 0;
    const install = oldest.snapshot !== undefined && this.has("slow snapshot") ? this.#chance.int(300) : 0;
    this.#push("disk", member.id, (this.#healed ? 1 : usual) + slow + install, member.life);
  }

  #finishWrites(member: SimulatedMember): void {
    const { disk } = member;
    member.diskBusy = false;
    const tasks: AppendTask[] = [];
    const batch = this.#healed ? disk.pending.length : this.#chance.between(1, this.plan.diskBatch);
    for (let rest = batch; rest > 0 && disk.pending.length > 0; rest--) {
      this.#noteReplaced(member);
      const task = disk.complete(this.oracle.contentAt);
      tasks.push(task);
      this.oracle.durable(member);
      // A later write of the same batch may replace what these speak for, which is no fault of theirs.
      for (const message of task.afterDurable) if (message.to !== member.id) this.oracle.leaves(member, message);
    }
    // A token answers for the earlier ones too, so a driver may hand back the last of a batch only.
    const everyToken = this.#chance.percent(50);
    this.touch(member, `has ${tasks.length} writes done up to #${tasks.at(-1)?.token.sequence}`, undefined, (raft) => {
      for (const task of tasks) {
        if (task.snapshot !== undefined) this.#install(member, task.snapshot);
        if (everyToken || task === tasks.at(-1)) raft.appended(task.token);
      }
      for (const message of tasks.flatMap((task) => task.afterDurable)) {
        if (message.to === member.id) raft.step(message);
        else this.#transmit(member, message);
      }
    });
    this.#planDisk(member);
  }

  /** The backend takes the snapshot's content over, in one step as far as a crash can tell. */
  #install(member: SimulatedMember, { index, confState }: SnapshotMark): void {
    this.counters.note("snapshot installed");
    const goesBack = index < member.machine.index;
    if (goesBack)
      throw new Violation(`S7: member ${member.id} goes back from ${member.machine.index} to a snapshot at ${index}`);
    member.machine = { index, hash: this.oracle.contentAt(index), confState };
    member.durableMachine = member.machine;
  }

  #planApply(member: SimulatedMember): void {
    if (member.applyBusy || member.applies.length === 0) return;
    member.applyBusy = true;
    const slow = this.has("slow apply") ? this.#chance.int(60) : 0;
    this.#push("apply", member.id, 1 + slow, member.life);
  }

  #apply(member: SimulatedMember): void {
    member.applyBusy = false;
    // The driver asks Raft in between, so an accepted snapshot has taken the tasks below it away by now.
    if (member.drainPlanned) {
      member.drainPlanned = false;
      this.touch(member, "drain", undefined, () => {});
    }
    const task = member.applies.shift();
    if (task === undefined) return;
    const chunk = this.#chance.percent(50) ? task.entries.length : 1;
    const [now, later] = [task.entries.slice(0, chunk), task.entries.slice(chunk)];
    if (later.length > 0) member.applies.unshift({ token: task.token, entries: later });
    const lastIndex = (now.at(-1) as Entry).index;
    this.touch(member, "applies", `up to ${lastIndex}`, (raft) => {
      for (const entry of now) this.#applyEntry(member, raft, entry);
      raft.applied({ lastIndex });
    });
    if (this.#chance.percent(20)) this.flush(member);
    this.#planApply(member);
  }

  #applyEntry(member: SimulatedMember, raft: Raft, entry: Entry): void {
    const { index, hash, confState } = member.machine;
    if (entry.index !== index + 1) throw new Violation(`S7: member ${member.id} applies ${entry.index} after ${index}`);
    const conf = entry.type === "conf-change" ? this.#applyConfChange(raft, confState, entry) : confState;
    member.machine = { index: entry.index, hash: mixHash(hash, entryHash(entry)), confState: conf };
    if (conf !== confState) this.oracle.confStep(member, confState, conf);
    this.oracle.applied(member, entry, entry.type === "conf-change");
  }

  #applyConfChange(raft: Raft, before: ConfState, entry: Entry): ConfState {
    const change = decodeChange(entry.data);
    if (!mayApply(before, change)) return before;
    const after = raft.applyConfChange(change);
    if (!isJoint(before) && isJoint(after)) this.counters.note("joint entered");
    if (isJoint(before) && !isJoint(after)) this.counters.note("joint left");
    if (before.learners.some((id) => after.voters.includes(id))) this.counters.note("learner promoted");
    if (before.voters.length > after.voters.length) this.counters.note("voter removed");
    if (before.voters.length < after.voters.length) this.counters.note("voter added");
    return after;
  }

  /** The oldest write holds an entry that has been replaced since: its completion must not speak for the new one. */
  #noteReplaced(member: SimulatedMember): void {
    const [oldest, ...later] = member.disk.pending;
    const replaced = oldest?.entries.some(({ index }) =>
      later.some((task) => (task.entries[0]?.index ?? Infinity) <= index),
    );
    if (replaced === true) this.counters.note("write completed after truncation");
  }

  #noteElected(member: SimulatedMember, status: RaftStatus): void {
    this.counters.note("leader elected");
    if (this.#transfers.get(status.term - 1) === member.id) this.counters.note("transfer succeeded");
    const { highestCommit } = this.oracle;
    const open = member.handed.entries.some(({ type, index }) => type === "conf-change" && index > highestCommit);
    if (open) this.counters.note("leader change during a conf change");
    if (isJoint(status.confState)) this.counters.note("leader elected by a joint configuration");
  }

  #noteTransfer({ term, transferee, role }: RaftStatus): void {
    if (transferee !== 0n) this.#transfers.set(term, transferee);
    else if (role === "leader" && this.#transfers.delete(term)) this.counters.note("transfer given up");
  }

  #push(kind: EventKind, to: bigint, delay: number, life: number | undefined): void {
    this.#queue.push({ ...this.#event(kind, to, delay), life });
  }

  #event(kind: EventKind, to: bigint, delay: number): PlannedEvent {
    const time = Math.round(this.#now + delay);
    return { time, kind, to, life: undefined, message: undefined, arrived: true };
  }

  #member(id: bigint): SimulatedMember {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`there is no member ${id}`);
    return member;
  }
}
