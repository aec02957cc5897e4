/** Traps at named places of the code: the process that passes one for the n-th time from now is what it was laid for. */
import type { FailpointSite } from "../../src/failpoint-sites.js";
import type { Machine } from "../../src/simulation/machine.js";

interface Trap {
  hitsLeft: number;
  /** What it throws is thrown at the place. */
  readonly spring: (machine: Machine) => void;
}

export class FailpointTraps {
  readonly #traps: Map<string, Trap> = new Map();

  /** Takes the place of an earlier one at the site. */
  lay(site: FailpointSite, hits: number, spring: (machine: Machine) => void): void {
    this.#traps.set(site, { hitsLeft: hits, spring });
  }

  /** Some process passes the site. */
  passed(machine: Machine, site: string): void {
    if (this.#traps.size === 0) return;
    const trap = this.#traps.get(site);
    if (trap === undefined || --trap.hitsLeft > 0) return;
    this.#traps.delete(site);
    trap.spring(machine);
  }

  clear(): void {
    this.#traps.clear();
  }
}
