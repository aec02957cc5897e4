/** Processes die, end, stand still, or do so at a named place of the code. */
import type { Chance } from "../../src/core/seeded/chance.js";
import { FAILPOINT_SITES } from "../../src/failpoint-sites.js";
import type { UnsyncedSector } from "../../src/io/disk/memory-disk.js";
import type { Machine } from "../../src/simulation/machine.js";
import type { Nemesis } from "./nemesis.js";
import type { Fault } from "./plan.js";
import { running, type Strike, serving, strike } from "./strike.js";

type ProcessFault = Extract<
  Fault,
  "kill" | "power cut" | "stop" | "kill all" | "pause" | "suspend" | "failpoint crash" | "failpoint stall"
>;

/** Milliseconds that a machine is down. */
const DOWN_MS = { min: 10, max: 3000 };
/** Of Node's event loop, at a named place. */
const STALL_MS = { min: 5, max: 1500 };
/** A place that is passed all the time is not always struck the first time. */
const HITS = [1, 1, 1, 2, 5, 30];

export const PROCESS_STRIKES: Readonly<Record<ProcessFault, Strike>> = {
  kill: (nemesis, chance) => {
    const machine = running(nemesis, chance);
    if (machine === undefined) return;
    strike(nemesis, "kill", machine, "is killed");
    machine.kill();
    restartSoon(nemesis, chance, machine);
  },

  "power cut": (nemesis, chance) => {
    const machine = running(nemesis, chance);
    if (machine === undefined) return;
    strike(nemesis, "power cut", machine, "loses power");
    cutPower(machine, chance);
    restartSoon(nemesis, chance, machine);
  },

  stop: (nemesis, chance) => {
    const machine = serving(nemesis, chance);
    if (machine === undefined) return;
    strike(nemesis, "stop", machine, "is asked to stop");
    const downMs = chance.between(DOWN_MS.min, DOWN_MS.max);
    void machine.stop().then(() => nemesis.restart(machine, downMs));
  },

  "kill all": (nemesis, chance) => {
    const power = chance.percent(50);
    for (const machine of nemesis.simulation.machines) {
      if (machine.life === undefined) continue;
      strike(nemesis, "kill all", machine, power ? "loses power with all others" : "is killed with all others");
      if (power) cutPower(machine, chance);
      else machine.kill();
      restartSoon(nemesis, chance, machine);
    }
  },

  pause: (nemesis, chance) => pause(nemesis, chance, "pause"),
  suspend: (nemesis, chance) => pause(nemesis, chance, "suspend"),

  "failpoint crash": (nemesis, chance) => {
    const site = chance.pick(FAILPOINT_SITES);
    const power = chance.percent(50);
    nemesis.traps.lay(site, chance.pick(HITS), (machine) => {
      nemesis.simulation.counters.note(`crash inside ${site}`);
      strike(nemesis, "failpoint crash", machine, `${power ? "loses power" : "is killed"} at ${site}`);
      if (power) cutPower(machine, chance);
      else machine.kill();
      restartSoon(nemesis, chance, machine);
      throw new Error(`the process is dead since ${site}`);
    });
  },

  /** The process stands from the end of the synchronous code around the place on. */
  "failpoint stall": (nemesis, chance) => {
    const site = chance.pick(FAILPOINT_SITES);
    const ms = chance.between(STALL_MS.min, STALL_MS.max);
    nemesis.traps.lay(site, chance.pick(HITS), (machine) => {
      strike(nemesis, "failpoint stall", machine, `stands still at ${site} for ${ms} ms`);
      machine.clock.pause(ms);
    });
  },
};

function pause(nemesis: Nemesis, chance: Chance, fault: "pause" | "suspend"): void {
  const machine = running(nemesis, chance);
  if (machine === undefined) return;
  const ms = chance.between(50, 4 * nemesis.simulation.plan.electionMs);
  strike(nemesis, fault, machine, `${fault} for ${ms} ms`);
  machine.clock.pause(ms, fault === "suspend");
}

function restartSoon(nemesis: Nemesis, chance: Chance, machine: Machine): void {
  nemesis.restart(machine, chance.between(DOWN_MS.min, DOWN_MS.max));
}

/** Sector by sector; in half of all cases the first sectors of what was being written survive and the rest does not. */
function cutPower(machine: Machine, chance: Chance): void {
  const percent = chance.pick([0, 50, 100]);
  const whole = chance.int(4);
  const torn = chance.percent(50);
  const counts = new Map<string, number>();
  const tears = ({ path }: UnsyncedSector): boolean => {
    const before = counts.get(path) ?? 0;
    counts.set(path, before + 1);
    return before < whole;
  };
  machine.losePower({
    sectorSurvives: (sector) => (torn ? tears(sector) : chance.percent(percent)),
    directoriesSurvive: chance.percent(50),
  });
}
