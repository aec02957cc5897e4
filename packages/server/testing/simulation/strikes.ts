/** What each kind of fault does when it strikes. */
import type { Chance } from "../../src/core/raft/testing/cluster-random.js";
import type { Machine } from "./machine.js";
import type { Nemesis } from "./nemesis.js";
import type { Fault } from "./plan.js";

type Strike = (nemesis: Nemesis, chance: Chance) => void;

export const STRIKES: Partial<Record<Fault, Strike>> = {
  kill: (nemesis, chance) => {
    const machine = running(nemesis, chance);
    if (machine === undefined) return;
    nemesis.simulation.trace.note(machine.name, "is killed");
    machine.kill({ sectorSurvives: () => true, directoriesSurvive: true, commits: (unflushed) => unflushed });
    nemesis.restart(machine, chance.between(10, 3000));
  },
  "power cut": (nemesis, chance) => {
    const machine = running(nemesis, chance);
    if (machine === undefined) return;
    nemesis.simulation.trace.note(machine.name, "loses power");
    powerCut(machine, chance);
    nemesis.restart(machine, chance.between(10, 3000));
  },
  pause: (nemesis, chance) => {
    const machine = running(nemesis, chance);
    if (machine === undefined) return;
    const ms = chance.between(50, 4 * nemesis.simulation.plan.electionMs);
    nemesis.simulation.trace.note(machine.name, `is paused for ${ms} ms`);
    machine.clock.pause(ms);
  },
  partition: (nemesis, chance) => {
    const machine = running(nemesis, chance);
    const id = machine?.node?.raftStatus.id;
    if (machine === undefined || id === undefined) return;
    nemesis.simulation.trace.note(machine.name, "is isolated");
    nemesis.simulation.network.isolate(id);
    nemesis.later(chance.between(100, 5000), () => nemesis.simulation.network.heal());
  },
};

function running({ simulation }: Nemesis, chance: Chance): Machine | undefined {
  const up = simulation.machines.filter(({ life }) => life !== undefined);
  return up.length === 0 ? undefined : chance.pick(up);
}

function powerCut(machine: Machine, chance: Chance): void {
  const survives = chance.pick([0, 50, 100]);
  machine.kill({
    sectorSurvives: () => chance.percent(survives),
    directoriesSurvive: chance.percent(50),
    commits: (unflushed) => chance.int(unflushed + 1),
  });
}
