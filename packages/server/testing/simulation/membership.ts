/**
 * The operator who changes who belongs to the cluster, through the service that `kvorumctl member` uses. One change at a time:
 * whether one was made, the operator learns from the list of members and never from an answer that did not come. What was
 * given up may still be made later; `reconcile` then brings the machines into line with the list.
 *
 * `membership-strikes.ts` says when the operator is asked for what. `heal` ends with `settle`: every member of the list runs,
 * and nobody else does.
 */
import { Cluster, type Member } from "@kvorum/proto";
import { type Channel, RpcError } from "@kvorum/transport";
import type { InitialMember } from "../../src/config/initial-cluster.js";
import { Chance } from "../../src/core/seeded/chance.js";
import { StartRefusedError } from "../../src/node/start-refused.js";
import type { Machine } from "../../src/simulation/machine.js";
import { causesOf } from "./excuses.js";
import type { Nemesis } from "./nemesis.js";
import { violated } from "./violation.js";

export type { Member } from "@kvorum/proto";

const CALL = { timeoutMs: 5000 };
const RETRY_MS = 300;
const LEADER_DIES_PERCENT = 30;
const LIST_ATTEMPTS = 4;
/** Milliseconds after which the operator gives a change up. */
const PATIENCE_MS = 20_000;
/** Milliseconds that a list must stay as it is before nothing can be on its way any more that would change it. */
const STABLE_MS = 3000;
/** Machines that a run has at most; removed ones are used again then. */
const MACHINES_MAX = 8;

export class Membership {
  readonly #nemesis: Nemesis;
  readonly #chance: Chance;
  /** Machines that no member of the cluster runs on: not added yet, or removed. */
  readonly #strangers: Set<Machine> = new Set();
  /** Machines that the operator keeps switched off for the moment. */
  readonly #held: Set<Machine> = new Set();
  /** What machines were told the cluster to be that the operator has started. */
  readonly #told: Map<Machine, readonly InitialMember[]> = new Map();
  readonly #ids: Map<Machine, bigint> = new Map();
  /** Members whose removal was asked for. */
  readonly #removals: Set<bigint> = new Set();
  #busy = false;
  #settled = false;

  constructor(nemesis: Nemesis) {
    this.#nemesis = nemesis;
    this.#chance = Chance.of(nemesis.simulation.plan.seed, "membership");
  }

  /** After the trouble: every member of the list runs, nobody else does, and no change is on its way. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Machines that members of the cluster run on, or are about to. */
  get machines(): readonly Machine[] {
    return this.#nemesis.simulation.machines.filter((machine) => !this.#strangers.has(machine));
  }

  mayStart(machine: Machine): boolean {
    return !this.#strangers.has(machine) && !this.#held.has(machine);
  }

  /** What a machine is told the cluster to be when it starts; undefined for those that have founded it. */
  toldTo(machine: Machine): readonly InitialMember[] | undefined {
    return this.#told.get(machine);
  }

  booted(machine: Machine): void {
    const id = machine.node?.raftStatus.id;
    if (id !== undefined) this.#ids.set(machine, id);
  }

  /** A member has learned that it was removed. Errors: `SimulationViolation` when nobody has asked for that. */
  left(machine: Machine): void {
    const id = this.#ids.get(machine);
    if (id === undefined || !this.#removals.has(id)) {
      violated("S9", `${machine.name} ends because it was removed, and nobody has asked for its removal`);
    }
    this.#strangers.add(machine);
  }

  /**
   * Whether the refusal to start follows from a change: the member was removed, or it joins and the list that it was told is
   * of the past. The machine is then started anew as the newest list has it, or not at all.
   */
  refused(machine: Machine, cause: Error): boolean {
    const refusal = [...causesOf(cause)].find((error) => error instanceof StartRefusedError);
    if (refusal === undefined) return false;
    const { message } = refusal;
    const wasRemoved = [...this.#removals].some((id) => message.includes(`member ${id.toString(16)} was removed`));
    const joins = this.#told.has(machine) && !message.includes("its log is not here");
    if (!wasRemoved && !joins) return false;
    this.#held.add(machine);
    void this.#startAgain(machine);
    return true;
  }

  /** Does the change unless another one is being made. The answer: whether it is done. */
  async alone(change: () => Promise<boolean>): Promise<boolean> {
    if (this.#busy) return false;
    this.#busy = true;
    try {
      return await change();
    } finally {
      this.#busy = false;
    }
  }

  /** A linearizable list from whatever member answers, a learner does not; undefined when none does. */
  async list(): Promise<readonly Member[] | undefined> {
    for (let i = 0; i < LIST_ATTEMPTS; i++) {
      const answer = await this.#ask((it) => it.unary(Cluster.method.memberList, { linearizable: true }, CALL));
      if (answer !== undefined) return answer.members;
    }
    return undefined;
  }

  machineOf({ peerURLs }: Pick<Member, "peerURLs">): Machine {
    return this.#nemesis.simulation.machine(new URL(peerURLs[0] as string).hostname);
  }

  /** A machine that nobody uses, empty. */
  spare(): Machine {
    const { simulation } = this.#nemesis;
    const off = [...this.#strangers].filter(({ life }) => life === undefined);
    const mustReuse = simulation.machines.length >= MACHINES_MAX;
    if (off.length > 0 && (mustReuse || this.#chance.percent(50))) return this.#chance.pick(off);
    const machine = simulation.addMachine(`n${simulation.machines.length + 1}`);
    this.#strangers.add(machine);
    return machine;
  }

  /** Adds a member on the machine, which holds nothing afterwards but what the cluster sends it, and starts it. */
  async join(machine: Machine, isLearner: boolean): Promise<boolean> {
    this.#strangers.add(machine);
    machine.kill();
    if (machine.lives > 0) machine.wipe();
    const peerURLs = [...machine.peerUrls];
    const members = await this.#until(
      `adds ${machine.name}${isLearner ? " as a learner" : ""}`,
      (list) => list.some((member) => this.machineOf(member) === machine),
      (channel) => channel.unary(Cluster.method.memberAdd, { peerURLs, isLearner }, CALL),
    );
    if (members === undefined) return false;
    this.#start(machine, members);
    return true;
  }

  /** Removes the member. Its machine is switched off, or finds out by itself. */
  async remove(member: Member): Promise<boolean> {
    const { simulation } = this.#nemesis;
    const machine = this.machineOf(member);
    this.#removals.add(member.ID);
    const leads = simulation.leader === machine;
    const members = await this.#until(
      `removes ${machine.name}`,
      (list) => list.every(({ ID }) => ID !== member.ID),
      (channel) => channel.unary(Cluster.method.memberRemove, { ID: member.ID }, CALL),
    );
    if (members === undefined) return false;
    if (leads) simulation.counters.note("leader removed");
    this.#strangers.add(machine);
    this.#nemesis.forgive(machine);
    if (this.#chance.percent(50)) machine.kill();
    return true;
  }

  async promote({ ID, peerURLs }: Member): Promise<boolean> {
    const members = await this.#until(
      `promotes ${this.machineOf({ peerURLs }).name}`,
      (list) => list.some((member) => member.ID === ID && !member.isLearner),
      (channel) => channel.unary(Cluster.method.memberPromote, { ID }, CALL),
    );
    if (members !== undefined) this.#nemesis.simulation.counters.note("learner promoted");
    return members !== undefined;
  }

  /**
   * Gives the member another address. Its machine listens there before anybody is told, and goes on to listen where it was:
   * while some members know of the change and others do not, each finds it.
   */
  async move(member: Member): Promise<boolean> {
    const machine = this.machineOf(member);
    const port = Number(new URL(member.peerURLs[0] as string).port) + 1;
    const peerURLs = [`http://${machine.name}:${port}`];
    machine.otherUrls = [...machine.otherUrls, ...machine.peerUrls, ...peerURLs];
    machine.kill();
    this.#nemesis.restart(machine, 0);
    const members = await this.#until(
      `moves ${machine.name} to ${peerURLs[0]}`,
      (list) => list.some(({ ID, peerURLs: urls }) => ID === member.ID && String(urls) === String(peerURLs)),
      (channel) => channel.unary(Cluster.method.memberUpdate, { ID: member.ID, peerURLs }, CALL),
    );
    if (members === undefined) return false;
    this.#reconcile(members);
    return true;
  }

  /** Removes the member and adds it again, on its own machine with an empty disk or on another one. */
  async replace(member: Member): Promise<boolean> {
    const machine = this.machineOf(member);
    this.#held.add(machine);
    machine.kill();
    const removed = await this.remove(member);
    this.#held.delete(machine);
    if (!removed) {
      this.#nemesis.restart(machine, 0);
      return false;
    }
    const place = this.#chance.percent(50) ? machine : this.spare();
    if (!(await this.join(place, this.#chance.percent(50)))) return false;
    this.#nemesis.simulation.counters.note("member replaced");
    return true;
  }

  /** A member whose disk is gone is replaced; `bringBack` when that fails, or another change is being made. */
  async replaceLost(machine: Machine, bringBack: () => void): Promise<void> {
    this.#held.add(machine);
    const replaced = await this.alone(async () => {
      const member = (await this.list())?.find((one) => this.machineOf(one) === machine);
      return member !== undefined && this.replace(member);
    });
    this.#held.delete(machine);
    if (replaced) this.#nemesis.simulation.counters.note("lost member replaced");
    else if (!this.#strangers.has(machine)) bringBack();
  }

  /** The trouble is over. */
  heal(): void {
    this.#held.clear();
    void this.#settle(this.#chance.percent(70));
  }

  async #settle(promotes: boolean): Promise<void> {
    const { world, trace } = this.#nemesis.simulation;
    let sinceMs = world.nowMs;
    let before = "";
    while (!this.#settled) {
      await world.sleep(RETRY_MS);
      const members = this.#busy ? undefined : await this.list();
      if (members === undefined || this.#busy) continue;
      this.#reconcile(members);
      const learner = promotes ? members.find(({ isLearner }) => isLearner) : undefined;
      if (learner !== undefined)
        await this.#ask((it) => it.unary(Cluster.method.memberPromote, { ID: learner.ID }, CALL));
      const now = members.map(({ ID, isLearner }) => `${ID} ${isLearner}`).join();
      if (now !== before || learner !== undefined || !this.#allRun(members)) sinceMs = world.nowMs;
      before = now;
      this.#settled = world.nowMs - sinceMs >= STABLE_MS;
    }
    trace.note("world", `the members have settled: ${this.machines.map(({ name }) => name).join(" ")}`);
  }

  #allRun(members: readonly Member[]): boolean {
    return members.every((member) => this.machineOf(member).node?.raftStatus.id === member.ID);
  }

  /** Starts who belongs to the cluster, where the list has it, and switches off who does not. */
  #reconcile(members: readonly Member[]): void {
    const listed = new Map(members.map((member) => [this.machineOf(member), member]));
    for (const machine of this.#nemesis.simulation.machines) {
      const member = listed.get(machine);
      if (member === undefined) {
        this.#strangers.add(machine);
        machine.kill();
      } else {
        if (String(member.peerURLs) !== String(machine.peerUrls)) {
          machine.kill();
          machine.peerUrls = [...member.peerURLs];
        }
        if (this.#strangers.has(machine) || machine.life === undefined) this.#start(machine, members);
      }
    }
  }

  #start(machine: Machine, members: readonly Member[]): void {
    this.#strangers.delete(machine);
    this.#held.delete(machine);
    const told = members.map((member) => ({ name: this.machineOf(member).name, peerUrls: [...member.peerURLs] }));
    this.#told.set(machine, told);
    if (machine.life === undefined) this.#nemesis.simulation.boot(machine);
  }

  async #startAgain(machine: Machine): Promise<void> {
    for (;;) {
      await this.#nemesis.simulation.world.sleep(RETRY_MS);
      if (!this.#held.has(machine) || machine.life !== undefined) return;
      const members = await this.list();
      if (members === undefined) continue;
      this.#held.delete(machine);
      if (members.some((member) => this.machineOf(member) === machine)) this.#start(machine, members);
      else this.#strangers.add(machine);
      return;
    }
  }

  /** Asks for the change until the list shows that it was made; undefined when that takes too long. */
  async #until(
    what: string,
    made: (members: readonly Member[]) => boolean,
    ask: (channel: Channel) => Promise<unknown>,
  ): Promise<readonly Member[] | undefined> {
    const { world, trace } = this.#nemesis.simulation;
    const endMs = world.nowMs + PATIENCE_MS;
    trace.note("world", `the operator ${what}`);
    for (;;) {
      const members = await this.list();
      if (members !== undefined && made(members)) {
        trace.note("world", `it is seen that the operator ${what}`);
        return members;
      }
      if (world.nowMs > endMs || this.#nemesis.over) {
        trace.note("world", `it is given up that the operator ${what}`);
        return undefined;
      }
      if (members !== undefined) {
        if (this.#chance.percent(LEADER_DIES_PERCENT)) this.#killLeaderSoon();
        await this.#ask(ask);
      }
      await world.sleep(RETRY_MS);
    }
  }

  /** While the change is under way, where processes are killed at all. */
  #killLeaderSoon(): void {
    const { simulation } = this.#nemesis;
    const delayMs = this.#chance.between(1, 60);
    const downMs = this.#chance.between(10, 3000);
    if (!simulation.plan.faults.has("kill")) return;
    this.#nemesis.later(delayMs, () => {
      const { leader } = simulation;
      if (leader === undefined) return;
      simulation.trace.note(leader.name, "is killed during a change of membership");
      leader.kill();
      this.#nemesis.restart(leader, downMs);
    });
  }

  /** Some member is asked; undefined when it refuses or does not answer. */
  async #ask<T>(work: (channel: Channel) => Promise<T>): Promise<T | undefined> {
    const { simulation } = this.#nemesis;
    const serving = this.machines.filter(({ node, life }) => node !== undefined && life?.stopping === false);
    if (serving.length === 0) return undefined;
    const { name } = this.#chance.pick(serving);
    try {
      return await work(simulation.channel(name));
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      simulation.trace.note(name, `refuses the operator: ${error.message}`);
      return undefined;
    }
  }
}
