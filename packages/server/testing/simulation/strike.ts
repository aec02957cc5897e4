/** What the groups of strikes share. */
import type { Chance } from "../../src/core/seeded/chance.js";
import type { Machine } from "../../src/simulation/machine.js";
import type { Nemesis } from "./nemesis.js";
import type { Fault } from "./plan.js";

/** Does one thing to the cluster, and says `struck` when it has had its effect. */
export type Strike = (nemesis: Nemesis, chance: Chance) => void;

/** A machine whose process runs, be it recovering. */
export function running({ simulation }: Nemesis, chance: Chance): Machine | undefined {
  const up = simulation.machines.filter(({ life }) => life !== undefined);
  return up.length === 0 ? undefined : chance.pick(up);
}

/** A machine whose member serves. */
export function serving({ simulation }: Nemesis, chance: Chance): Machine | undefined {
  const up = simulation.machines.filter(({ node, life }) => node !== undefined && life?.stopping === false);
  return up.length === 0 ? undefined : chance.pick(up);
}

/** The fault has its effect on the machine, now. */
export function strike(nemesis: Nemesis, fault: Fault, machine: Machine, what: string): void {
  nemesis.simulation.trace.note(machine.name, what);
  nemesis.struck(fault);
}
