/**
 * What must never happen, looked at after every event. Only the machine that an event belonged to can have changed, so only
 * that one is looked at.
 */
import type { AppliedAt, WriteBatch } from "../../src/core/mvcc/backend.js";
import type { Entry, Message } from "../../src/core/raft/types.js";
import type { Answer } from "../../src/node/apply-loop.js";
import type { Machine, MachineEvents } from "./machine.js";
import type { Simulation } from "./simulation.js";
import { violated } from "./violation.js";

export class Oracle implements MachineEvents {
  readonly #simulation: Simulation;
  /** Term → who led it (S1). */
  readonly #leaders: Map<number, string> = new Map();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** @param owner whose event it was; 0 for the world's own */
  check(owner: number): void {
    const machine = this.#simulation.machines[owner - 1];
    const status = machine?.node?.raftStatus;
    if (machine === undefined || status === undefined) return;
    if (status.role === "leader") {
      const known = this.#leaders.get(status.term);
      if (known === undefined) {
        this.#leaders.set(status.term, machine.name);
        this.#simulation.counters.note("leader elected");
        this.#simulation.trace.note(machine.name, `leads term ${status.term}`);
      } else if (known !== machine.name) violated("S1", `${known} and ${machine.name} lead term ${status.term}`);
    }
  }

  failpoint(machine: Machine, site: string): void {
    this.#simulation.nemesis.failpoint(machine, site);
  }

  committing(_machine: Machine, _batch: WriteBatch, _at: AppliedAt): void {}

  applied(_machine: Machine, _entry: Entry, _answer: Answer | undefined): void {}

  sent(_machine: Machine, _messages: readonly Message[]): void {}

  booted(machine: Machine): void {
    this.#simulation.trace.note(machine.name, "serves");
  }

  ended(machine: Machine, cause: Error): void {
    this.#simulation.trace.note(machine.name, `ended: ${cause.message}`);
    this.#simulation.nemesis.ended(machine, cause);
  }

  removed(machine: Machine): void {
    this.#simulation.trace.note(machine.name, "was removed from the cluster and ended");
  }

  around<T>(_machine: Machine, _path: string, handle: () => Promise<T>): Promise<T> {
    return handle();
  }
}
