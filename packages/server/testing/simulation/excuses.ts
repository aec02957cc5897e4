/**
 * Why a process may end by itself or refuse to start. Whoever makes trouble says beforehand what the cause of such an end looks
 * like; an end that nobody has foretold in this way is a violation.
 */
import type { Machine } from "../../src/simulation/machine.js";
import type { Fault } from "./plan.js";

export interface Excuse {
  readonly fault: Fault;
  /** Whether the end follows from the fault, by its cause. */
  explains(cause: Error): boolean;
  /** Whether a start that has just succeeded could not know better. Default: no start may succeed. */
  unnoticed?(): boolean;
  /** What the operator does before the machine starts again. */
  repair?(): void;
}

export class Excuses {
  readonly #expected: Map<Machine, Excuse[]> = new Map();

  expect(machine: Machine, excuse: Excuse): void {
    this.#expected.set(machine, [...(this.#expected.get(machine) ?? []), excuse]);
  }

  /** The excuse for this end, which is used up; undefined when there is none. */
  take(machine: Machine, cause: Error): Excuse | undefined {
    const expected = this.#expected.get(machine) ?? [];
    const excuse = expected.find((one) => one.explains(cause));
    if (excuse !== undefined) this.withdraw(machine, excuse);
    return excuse;
  }

  withdraw(machine: Machine, excuse: Excuse): void {
    const others = (this.#expected.get(machine) ?? []).filter((one) => one !== excuse);
    this.#expected.set(machine, others);
  }
}

/** The error and what it says it comes from, outermost first. */
export function* causesOf(error: unknown): Generator<Error, void, undefined> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) yield cause;
}
