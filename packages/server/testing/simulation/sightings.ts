/** Looks out for what a campaign must have seen (`counters.ts`) and changes nothing. */

import type { Machine } from "../../src/simulation/machine.js";
import { type Counters, SEEN_AT_SITES } from "./counters.js";

export class Sightings {
  readonly #counters: Counters;
  /** Machine → the life in which a compaction is under way. */
  readonly #compacting: Map<Machine, number> = new Map();
  /** Lease → at how many elections in a row the new leader had it. */
  #leases: ReadonlyMap<bigint, number> = new Map();
  readonly #withoutSpace: Map<Machine, number> = new Map();
  readonly #torn: Set<Machine> = new Set();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  passed(machine: Machine, site: string): void {
    const seen = SEEN_AT_SITES.get(site);
    if (seen !== undefined) this.#counters.note(seen);
    if (site === "compaction-after-schedule") this.#compacting.set(machine, machine.lives);
    else if (site === "compaction-after-finish") this.#compacting.delete(machine);
    else if (site === "snapshot-after-replace" && this.#compacting.get(machine) === machine.lives) {
      this.#compacting.delete(machine);
      this.#counters.note("snapshot installed during a compaction");
    }
  }

  /** @param changes whether the new leader's log has a change of membership that is not known to be committed */
  elected(machine: Machine, changes: boolean): void {
    this.#counters.note("leader elected");
    if (changes) this.#counters.note("leader change during a conf change");
    machine.node?.leases().then(
      (leases) => this.#hasLeases(leases),
      // It has ended meanwhile.
      () => {},
    );
  }

  /** A linearizable request was answered. */
  answered(termBefore: number | undefined, termAfter: number | undefined): void {
    if (termBefore !== undefined && termAfter !== undefined && termBefore < termAfter) {
      this.#counters.note("read index across a leader change");
    }
  }

  alarms(machine: Machine, names: readonly string[]): void {
    const life = this.#withoutSpace.get(machine);
    if (!names.includes("no-space")) this.#withoutSpace.delete(machine);
    else if (life !== machine.lives) {
      this.#withoutSpace.set(machine, machine.lives);
      this.#counters.note("no space raised");
    }
  }

  /** The log on the machine's disk, before its process has looked at it, ends with a record that is not whole. */
  torn(machine: Machine): void {
    this.#torn.add(machine);
  }

  served(machine: Machine): void {
    if (this.#torn.delete(machine)) this.#counters.note("torn WAL tail repaired");
  }

  #hasLeases(leases: readonly bigint[]): void {
    this.#leases = new Map(leases.map((id) => [id, (this.#leases.get(id) ?? 0) + 1]));
    if ([...this.#leases.values()].some((elections) => elections === 2)) {
      this.#counters.note("lease lived through two leader changes");
    }
  }
}
