/**
 * The trouble of a run: strikes of the plan's faults, one after another at random times, and the way back to health. Each kind
 * of fault draws from a chance of its own, so that a run without one of them keeps the others as they were.
 *
 * `strikes.ts` has what each fault does. A process that ends by itself must have an excuse (`excuses.ts`).
 */
import { Chance } from "../../src/core/seeded/chance.js";
import type { Machine } from "../../src/simulation/machine.js";
import { type Excuse, Excuses } from "./excuses.js";
import { FailpointTraps } from "./failpoint-traps.js";
import { Membership } from "./membership.js";
import type { Fault } from "./plan.js";
import type { Simulation } from "./simulation.js";
import { STRIKES } from "./strikes.js";
import { violated } from "./violation.js";
import { Weather } from "./weather.js";

/** Milliseconds until a machine starts again whose process has ended by itself. */
const RESTART_MS = 500;

/** A machine whose disk is not what it was. */
interface Loss {
  readonly machine: Machine;
  readonly excuse: Excuse;
}

export class Nemesis {
  readonly simulation: Simulation;
  readonly excuses: Excuses = new Excuses();
  readonly traps: FailpointTraps = new FailpointTraps();
  readonly weather: Weather;
  readonly membership: Membership;
  readonly #gaps: Chance;
  readonly #chances: Map<Fault, Chance> = new Map();
  /** At most one machine at a time has lost something that it had promised to keep: never a majority. */
  #loss: Loss | undefined;
  #partitions = 0;
  #over = false;

  constructor(simulation: Simulation) {
    this.simulation = simulation;
    const { plan, world, network } = simulation;
    this.#gaps = Chance.of(plan.seed, "fault gaps");
    this.weather = new Weather({ seed: plan.seed, nowMs: () => world.nowMs, delayMs: () => network.delayMs() });
    this.membership = new Membership(this);
    this.weather.onEffect = (effect) => this.struck(effect);
  }

  get over(): boolean {
    return this.#over;
  }

  /** The machine that has lost something. */
  get damaged(): Machine | undefined {
    return this.#loss?.machine;
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

  /** The fault has had its effect in this moment. */
  struck(fault: Fault): void {
    this.simulation.counters.note(`fault: ${fault}`);
  }

  /** After so long, unless the trouble is over by then. */
  later(delayMs: number, run: () => void): void {
    this.simulation.world.after(delayMs, () => {
      if (!this.#over) run();
    });
  }

  /** The machine starts again after a while; at once when the trouble is over. */
  restart(machine: Machine, delayMs: number): void {
    this.simulation.world.after(this.#over ? 0 : delayMs, () => {
      if (machine.life === undefined && this.membership.mayStart(machine)) this.simulation.boot(machine);
    });
  }

  /** The machine has lost what it had promised to keep: it must not serve, and end with this excuse. */
  lost(machine: Machine, excuse: Excuse): void {
    this.#loss = { machine, excuse };
    this.excuses.expect(machine, excuse);
  }

  /** Makes a partition and undoes it after a while, unless another one has taken its place: it `stands` until then. */
  divide(ms: number, cut: (stands: () => boolean) => void): void {
    const { network } = this.simulation;
    const partition = ++this.#partitions;
    const stands = (): boolean => partition === this.#partitions;
    network.heal();
    cut(stands);
    this.later(ms, () => {
      if (stands()) network.heal();
    });
  }

  failpoint(machine: Machine, site: string): void {
    this.traps.passed(machine, site);
  }

  /** Errors: `SimulationViolation` when the member must not serve. */
  booted(machine: Machine): void {
    this.membership.booted(machine);
    const loss = this.#loss;
    if (loss?.machine !== machine) return;
    if (loss.excuse.unnoticed?.() !== true) {
      violated(loss.excuse.fault, `${machine.name} serves although it has lost what it had promised to keep`);
    }
    machine.kill();
    this.#repair(loss);
    this.restart(machine, RESTART_MS);
  }

  /** Errors: `SimulationViolation` when nothing explains the end. */
  ended(machine: Machine, cause: Error): void {
    if (this.membership.refused(machine, cause)) return;
    const excuse = this.excuses.take(machine, cause);
    if (excuse === undefined)
      violated("a member stopped by itself", `${machine.name}: ${cause.stack ?? cause.message}`);
    this.simulation.counters.note(`ended by: ${excuse.fault}`);
    if (this.#loss?.excuse === excuse) this.#mend(this.#loss);
    else this.restart(machine, RESTART_MS);
  }

  /** The machine's member was removed: what its disk has lost is nobody's any more. */
  forgive(machine: Machine): void {
    if (this.#loss?.machine !== machine) return;
    this.excuses.withdraw(machine, this.#loss.excuse);
    this.#loss = undefined;
  }

  heal(): void {
    this.#over = true;
    const { network, machines } = this.simulation;
    this.traps.clear();
    const held = this.weather.heal();
    network.heal();
    for (const { from, to } of held) network.reset(from, to);
    if (this.#loss !== undefined) {
      this.#loss.machine.kill();
      this.#repair(this.#loss);
    }
    this.membership.heal();
    for (const machine of machines) {
      this.simulation.hardware(machine.name).heal();
      machine.clock.wake();
      if (machine.life === undefined && this.membership.mayStart(machine)) this.simulation.boot(machine);
    }
  }

  /** The operator brings the disk back, or replaces the member. */
  #mend(loss: Loss): void {
    const { machine } = loss;
    const bringBack = (): void => {
      if (this.#loss === loss) this.#repair(loss);
      this.restart(machine, RESTART_MS);
    };
    if (this.chanceOf(loss.excuse.fault).percent(50)) bringBack();
    else void this.membership.replaceLost(machine, bringBack);
  }

  #repair({ machine, excuse }: Loss): void {
    this.simulation.trace.note(machine.name, `is repaired after ${excuse.fault}`);
    this.excuses.withdraw(machine, excuse);
    this.#loss = undefined;
    excuse.repair?.();
    this.simulation.oracle.damaged(machine);
  }

  #next(): void {
    const { faultGapMs, faults } = this.simulation.plan;
    const names = [...faults];
    if (names.length === 0) return;
    this.later(-Math.log(1 - this.#gaps.int(1000) / 1000) * faultGapMs, () => {
      const fault = this.#gaps.pick(names);
      STRIKES[fault](this, this.chanceOf(fault));
      this.#next();
    });
  }
}
