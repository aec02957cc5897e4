/** The operator's changes of membership come to an end that the list of members shows, and the oracle follows them. */
import { describe, expect, it } from "vitest";
import { StartRefusedError } from "../../src/node/start-refused.js";
import type { Machine } from "../../src/simulation/machine.js";
import type { Membership } from "./membership.js";
import { drawPlan, type Plan } from "./plan.js";
import { Simulation } from "./simulation.js";

/** A cluster of three without trouble, past its first election and long enough connected to count as healthy. */
async function calm(constants: Partial<Plan> = {}): Promise<Simulation> {
  const plan = { ...drawPlan(5), faults: new Set<never>(), size: 3, heartbeatMs: 100, electionMs: 1000, quotaBytes: 0 };
  const simulation = new Simulation({
    ...plan,
    networkDelayMs: { min: 1, max: 1 },
    diskDelayMs: { min: 1, max: 2 },
    ...constants,
  });
  simulation.start();
  await simulation.run(10_000);
  return simulation;
}

/** What the operator's work comes to, while the world runs. */
async function outcome(simulation: Simulation, work: (membership: Membership) => Promise<boolean>): Promise<boolean> {
  const { membership } = simulation.nemesis;
  let done: boolean | undefined;
  void membership
    .alone(() => work(membership))
    .then((result) => {
      done = result;
    });
  await simulation.run(40_000, () => done !== undefined);
  expect(done).toBeDefined();
  return done === true;
}

async function removeOne(membership: Membership, which: (machine: Machine) => boolean): Promise<boolean> {
  const member = (await membership.list())?.find((one) => which(membership.machineOf(one)));
  return member !== undefined && membership.remove(member);
}

const names = ({ nemesis: { membership } }: Simulation): string[] => membership.machines.map(({ name }) => name);

const voters = ({ leader }: Simulation): number => leader?.node?.raftStatus.confState.voters.length ?? 0;

describe("the operator", () => {
  it("makes a cluster of three larger by a learner that becomes a voter", async () => {
    const simulation = await calm();
    const { machines } = simulation;
    expect(await outcome(simulation, (it) => it.join(it.spare(), true))).toBe(true);
    expect(voters(simulation)).toBe(3);
    await simulation.run(5000);
    const promoted = async (membership: Membership): Promise<boolean> => {
      const learner = (await membership.list())?.find(({ isLearner }) => isLearner);
      return learner !== undefined && membership.promote(learner);
    };
    expect(await outcome(simulation, promoted)).toBe(true);
    expect(voters(simulation)).toBe(machines.length + 1);
  });

  it("removes the leader, which ends, and the others go on", async () => {
    const simulation = await calm();
    const { leader } = simulation;
    expect(await outcome(simulation, (it) => removeOne(it, (machine) => machine === leader))).toBe(true);
    await simulation.run(10_000);
    expect(names(simulation)).not.toContain(leader?.name);
    expect(leader?.life).toBeUndefined();
    expect(simulation.counters.toRecord()["leader removed"]).toBe(1);
    expect(voters(simulation)).toBe(2);
  });

  it("gives a change up that cannot be made, and the machine that was to join stays off", async () => {
    const simulation = await calm();
    const [, second, third] = simulation.machines as [Machine, Machine, Machine];
    second.kill();
    third.kill();
    expect(await outcome(simulation, (it) => it.join(it.spare(), false))).toBe(false);
    expect(names(simulation)).toEqual(["n1", "n2", "n3"]);
    expect(simulation.machine("n4").lives).toBe(0);
  });

  it("makes one change at a time", async () => {
    const simulation = await calm();
    const { membership } = simulation.nemesis;
    const first = membership.alone(() => membership.join(membership.spare(), true));
    expect(await membership.alone(() => Promise.resolve(true))).toBe(false);
    await simulation.run(20_000);
    expect(await first).toBe(true);
  });

  it("starts a member that has joined without the operator's knowing, once the trouble is over", async () => {
    const simulation = await calm();
    const { membership } = simulation.nemesis;
    const spare = membership.spare();
    const leader = simulation.leader as Machine;
    void leader.node?.changeMembers({ kind: "add", peerUrls: [...spare.peerUrls], isLearner: false });
    await simulation.run(2000);
    expect(spare.life).toBeUndefined();
    simulation.heal();
    await simulation.run(60_000, () => membership.settled);
    expect(membership.settled).toBe(true);
    expect(spare.node).toBeDefined();
    expect(names(simulation)).toEqual(["n1", "n2", "n3", "n4"]);
  });
});

describe("a member", () => {
  it("that stops before it has applied its own admission starts again and goes on", async () => {
    const tuning = { applyEntriesMax: 1, applySliceEntries: 1, backendCommitChangesMax: 1, backendCommitIntervalMs: 1 };
    const simulation = await calm({ tuning });
    const { traps } = simulation.nemesis;
    let stoppedAt = 0;
    const arm = (): void =>
      traps.lay("backend-after-commit", 1, (machine) => {
        const applied = machine.life?.backend?.appliedAt().index ?? 0;
        if (machine.name !== "n4" || applied === 0) {
          arm();
          return;
        }
        stoppedAt = applied;
        machine.losePower({ sectorSurvives: () => true, directoriesSurvive: true });
        simulation.nemesis.restart(machine, 100);
        throw new Error("the process is dead");
      });
    arm();
    expect(await outcome(simulation, (it) => it.join(it.spare(), true))).toBe(true);
    await simulation.run(10_000);
    const joined = simulation.machine("n4");
    expect(stoppedAt).toBeGreaterThan(0);
    expect(stoppedAt).toBeLessThan(4);
    expect(joined.lives).toBe(2);
    expect(joined.node?.raftStatus.appliedIndex).toBe(simulation.leader?.node?.raftStatus.appliedIndex);
  });

  it("that says it was removed when nobody has asked for that is a violation", async () => {
    const simulation = await calm();
    const [machine] = simulation.machines as [Machine];
    expect(() => simulation.nemesis.membership.left(machine)).toThrow("nobody has asked for its removal");
  });

  it("that refuses to start because it was removed is excused only when it was", async () => {
    const simulation = await calm();
    const [machine] = simulation.machines as [Machine];
    const id = machine.node?.raftStatus.id.toString(16);
    const refusal = new StartRefusedError(`member ${id} was removed from cluster 1`);
    expect(simulation.nemesis.membership.refused(machine, refusal)).toBe(false);
    await outcome(simulation, (it) => removeOne(it, (one) => one === machine));
    expect(simulation.nemesis.membership.refused(machine, refusal)).toBe(true);
  });
});
