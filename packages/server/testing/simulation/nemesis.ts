/**
 * The trouble of a run: strikes of the plan's faults, one after another at random times, and the way back to health. Each kind
 * of fault draws from a chance of its own, so that a run without one of them keeps the others as they were.
 */
import { Chance } from "../../src/core/raft/testing/cluster-random.js";
import type { Machine } from "./machine.js";
import type { Fault } from "./plan.js";
import type { Simulation } from "./simulation.js";
import { STRIKES } from "./strikes.js";
import { violated } from "./violation.js";

export class Nemesis {
  readonly simulation: Simulation;
  readonly #gaps: Chance;
  readonly #chances: Map<Fault, Chance> = new Map();
  /** Causes of an end that the trouble explains: machine → how many ends are expected. */
  readonly #excused: Map<Machine, number> = new Map();
  #over = false;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    this.#gaps = Chance.of(simulation.plan.seed, "fault gaps");
  }

  get over(): boolean {
    return this.#over;
  }

  start(): void {
    this.#next();
  }

  chanceOf(fault: Fault): Chance {
    let chance = this.#chances.get(fault);
    if (chance === undefined) {
      chance = Chance.of(this.simulation.plan.seed, `fault ${fault}`);
      this.#chances.set(fault, chance);
    }
    return chance;
  }

  /** After so long, unless the trouble is over by then. */
  later(delayMs: number, run: () => void): void {
    this.simulation.world.after(delayMs, () => {
      if (!this.#over) run();
    });
  }

  /** The machine starts again after a while. */
  restart(machine: Machine, delayMs: number): void {
    this.later(delayMs, () => {
      if (machine.life === undefined) this.simulation.boot(machine);
    });
  }

  /** The next end of the machine's process has a cause that the nemesis has made. */
  excuse(machine: Machine): void {
    this.#excused.set(machine, (this.#excused.get(machine) ?? 0) + 1);
  }

  failpoint(_machine: Machine, _site: string): void {}

  ended(machine: Machine, cause: Error): void {
    const excuses = this.#excused.get(machine) ?? 0;
    if (excuses === 0) violated("a member stopped by itself", `${machine.name}: ${cause.stack ?? cause.message}`);
    this.#excused.set(machine, excuses - 1);
    this.restart(machine, 500);
  }

  heal(): void {
    this.#over = true;
    const { network, machines } = this.simulation;
    network.heal();
    for (const machine of machines) {
      this.simulation.hardware(machine.name).heal();
      machine.clock.wake();
      if (machine.life === undefined) this.simulation.boot(machine);
    }
  }

  #next(): void {
    const { faultGapMs, faults } = this.simulation.plan;
    const names = [...faults];
    if (names.length === 0) return;
    this.later(-Math.log(1 - this.#gaps.int(1000) / 1000) * faultGapMs, () => {
      const fault = this.#gaps.pick(names);
      STRIKES[fault]?.(this, this.chanceOf(fault));
      this.#next();
    });
  }
}
