/** Who asks the simulated cluster for what, and what breaks when: clients, operators and bad luck, as the plan allows. */

import { Chance } from "../../seeded/chance.js";
import type { MemberChange } from "../conf-change.js";
import type { ConfState, ProposeOutcome } from "../types.js";
import { type ConfChange, encodeChange, isJoint } from "./cluster-conf.js";
import type { SimulatedMember } from "./cluster-member.js";
import type { Cluster } from "./cluster-model.js";
import type { Plan } from "./cluster-plan.js";

/** Ids beyond the first members' that changes may add. */
const SPARE_MEMBERS = 2;

/** Time units that a member stays down or paused, at most. */
const ABSENCE_UNITS_MAX = 500;

const REQUEST_WEIGHTS = {
  propose: 24,
  read: 12,
  "conf change": 3,
  "joint change": 3,
  learner: 2,
  transfer: 2,
  "forget leader": 1,
  compact: 6,
  campaign: 1,
} as const;

const FAULT_WEIGHTS = {
  crash: 4,
  partition: 3,
  reconnect: 3,
  pause: 2,
  "clock drift": 1,
  replay: 6,
  unreachable: 3,
} as const;

export class Workload {
  readonly #cluster: Cluster;
  readonly #plan: Plan;
  readonly #client: Chance;
  readonly #fault: Chance;
  #proposals = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#plan = cluster.plan;
    this.#client = Chance.of(cluster.plan.seed, "client");
    this.#fault = Chance.of(cluster.plan.seed, "fault");
  }

  /** Mostly somebody stands at once, or many runs would be over before much has happened. */
  begin(): void {
    if (this.#client.percent(30)) return;
    const [first] = this.#cluster.members.values();
    if (first !== undefined) this.#request("campaign", first);
  }

  /** One request of a client or an operator. */
  request(): void {
    const wanted = this.#client.weighted(REQUEST_WEIGHTS);
    const member = this.#someMember();
    const chosen = wanted === "propose" || this.#plan.requests.has(wanted) ? wanted : "propose";
    if (member !== undefined) this.#request(chosen, member);
  }

  /** One command, of which no other is the same. */
  proposeCommand(member: SimulatedMember, entries = 1): ProposeOutcome {
    const data = Array.from({ length: entries }, () => {
      this.#proposals++;
      const size = this.#client.pick([1, 1, 1, 30]);
      return Uint8Array.from({ length: 3 + size }, (_, i) => (this.#proposals >> (8 * (i % 3))) & 0xff);
    });
    const outcome = this.#cluster.touch(member, "is asked to propose", `command ${this.#proposals}`, (raft) =>
      raft.propose(data.map((bytes) => ({ type: "command", data: bytes }))),
    );
    return this.#noteOutcome(outcome);
  }

  proposeChange(member: SimulatedMember, change: ConfChange): ProposeOutcome {
    for (const { member: changed } of change.type === "joint"
      ? change.changes
      : change.type === "leave-joint"
        ? []
        : [change]) {
      this.#cluster.join(changed.id);
    }
    const outcome = this.#cluster.touch(member, "is asked to change", describeChange(change), (raft) =>
      raft.proposeConfChange(encodeChange(change)),
    );
    return this.#noteOutcome(outcome);
  }

  /** Something breaks, or is mended. */
  breakSomething(): void {
    const cluster = this.#cluster;
    const wanted = this.#fault.weighted(FAULT_WEIGHTS);
    const member = this.#victim();
    const absence = this.#fault.between(1, ABSENCE_UNITS_MAX);
    switch (wanted) {
      case "crash":
        if (cluster.has("crash")) this.#crash(member, absence);
        break;
      case "partition":
        if (cluster.has("partition")) cluster.network.cut([...cluster.members.keys()], member.id);
        break;
      case "reconnect":
        cluster.network.reconnect();
        break;
      case "pause":
        if (cluster.has("pause")) member.pausedUntil = cluster.now + absence;
        break;
      case "clock drift":
        if (cluster.has("clock drift")) member.tickUnits = this.#fault.between(5, 60);
        break;
      case "replay":
        if (cluster.has("replay")) this.#replay();
        break;
      case "unreachable":
        if (cluster.has("unreachable")) this.#reportUnreachable(member);
        break;
    }
  }

  #request(chosen: keyof typeof REQUEST_WEIGHTS, member: SimulatedMember): void {
    const cluster = this.#cluster;
    switch (chosen) {
      case "propose":
        this.proposeCommand(member, this.#client.pick([1, 1, 1, 2, 4]));
        break;
      case "read":
        cluster.read(member);
        break;
      case "conf change":
      case "joint change":
      case "learner":
        this.#requestChange(chosen, member);
        break;
      case "transfer": {
        const to = this.#client.pick([...cluster.members.keys()]);
        cluster.touch(member, "is asked to hand over", String(to), (raft) => raft.transferLeadership(to));
        break;
      }
      case "forget leader":
        cluster.touch(member, "is told to forget the leader", undefined, (raft) => raft.forgetLeader());
        break;
      case "compact": {
        cluster.flush(member);
        const keep = this.#plan.catchUpEntries;
        cluster.touch(member, "compacts", undefined, () => {
          if (member.compact(keep)) cluster.counters.note("log compacted");
        });
        break;
      }
      case "campaign":
        cluster.touch(member, "is told to campaign", undefined, (raft) => raft.campaign());
        break;
    }
  }

  #requestChange(kind: "conf change" | "joint change" | "learner", member: SimulatedMember): void {
    const conf = member.machine.confState;
    if (isJoint(conf) && this.#client.percent(80)) {
      this.proposeChange(member, { type: "leave-joint" });
      return;
    }
    const first = this.#someChange(conf, kind === "learner");
    if (kind !== "joint change") {
      this.proposeChange(member, first);
      return;
    }
    const changes = new Map([[first.member.id, first]]);
    for (let more = this.#client.int(3); more > 0; more--) {
      const change = this.#someChange(conf, this.#client.percent(40));
      changes.set(change.member.id, change);
    }
    const transition = this.#client.pick(["auto", "implicit", "explicit"] as const);
    this.proposeChange(member, { type: "joint", transition, changes: [...changes.values()] });
  }

  #someChange(conf: ConfState, asLearner: boolean): MemberChange {
    const id = BigInt(this.#client.between(1, this.#plan.voters + SPARE_MEMBERS));
    const remove = this.#client.percent(conf.voters.length > this.#plan.voters ? 60 : 35);
    const known = conf.voters.includes(id) || conf.learners.includes(id);
    const type = known && remove ? "remove" : asLearner ? "add-learner" : "add-voter";
    return { type, member: { id } };
  }

  #noteOutcome(outcome: ProposeOutcome): ProposeOutcome {
    this.#cluster.counters.note(`proposal ${outcome}`);
    return outcome;
  }

  /** Mostly a member that believes it leads, sometimes any other. */
  #someMember(): SimulatedMember | undefined {
    const { now, members } = this.#cluster;
    const awake = [...members.values()].filter((member) => member.up && member.pausedUntil <= now);
    const leaders = awake.filter(({ raft }) => raft?.status.role === "leader");
    const some = leaders.length > 0 && this.#client.percent(70) ? leaders : awake;
    const at = this.#client.int(1000);
    return some[at % some.length];
  }

  /** Trouble is where the leader is. */
  #victim(): SimulatedMember {
    const members = [...this.#cluster.members.values()];
    const leaders = members.filter(({ raft }) => raft?.status.role === "leader");
    const [one, aimed] = [this.#fault.int(1000), this.#fault.percent(50)];
    const some = aimed && leaders.length > 0 ? leaders : members;
    return some[one % some.length] as SimulatedMember;
  }

  #crash(member: SimulatedMember, absence: number): void {
    const everybody = this.#fault.percent(5);
    for (const one of everybody ? [...this.#cluster.members.values()] : [member]) {
      if (!one.up) continue;
      const survivors = this.#fault.int(one.disk.pending.length + 1);
      const loseUnsynced = this.#fault.percent(50);
      const { faults } = this.#plan;
      const kept = faults.has("unfinished writes survive") ? survivors : 0;
      this.#cluster.crash(one, kept, faults.has("unsynced loss") && loseUnsynced);
      this.#cluster.restartLater(one, everybody ? this.#fault.between(1, 50) : absence);
    }
  }

  #replay(): void {
    const message = this.#cluster.network.takeKept();
    const to = message === undefined ? undefined : this.#cluster.members.get(message.to);
    if (message === undefined || to?.up !== true || to.pausedUntil > this.#cluster.now) return;
    this.#cluster.counters.note("old message replayed");
    this.#cluster.deliver(to, message);
  }

  #reportUnreachable(member: SimulatedMember): void {
    const id = this.#fault.pick([...this.#cluster.members.keys()]);
    if (!member.up) return;
    this.#cluster.touch(member, "is told of an unreachable", String(id), (raft) => raft.reportUnreachable(id));
  }
}

function describeChange(change: ConfChange): string {
  if (change.type === "leave-joint") return change.type;
  if (change.type !== "joint") return `${change.type} ${change.member.id}`;
  return `${change.transition}: ${change.changes.map(describeChange).join(", ")}`;
}
