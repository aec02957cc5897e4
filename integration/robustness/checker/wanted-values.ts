/**
 * Values that answers without a place still show. A value is written once, so when the store has lost it, it will not come back:
 * a state in which a wanted value has gone leads nowhere, and the search learns that at once and not when it comes to the answer.
 */
import { type Call, pairsOf } from "./calls.js";

export class WantedValues {
  readonly #counts = new Map<string, number>();
  readonly #isUnique: (value: string) => boolean;

  /** All of the calls are without a place at first. */
  constructor(calls: readonly Call[], isUnique: (value: string) => boolean) {
    this.#isUnique = isUnique;
    for (const call of calls) this.takeBack(call);
  }

  isWanted(key: string, value: string): boolean {
    return (this.#counts.get(nameOf(key, value)) ?? 0) > 0;
  }

  /** The call has got its place. */
  give(call: Call): void {
    this.#count(call, -1);
  }

  takeBack(call: Call): void {
    this.#count(call, 1);
  }

  #count({ response }: Call, change: number): void {
    if (response === undefined) return;
    for (const { key, value } of pairsOf(response)) {
      if (value === "" || !this.#isUnique(value)) continue;
      const name = nameOf(key, value);
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + change);
    }
  }
}

function nameOf(key: string, value: string): string {
  return `${key}\0${value}`;
}
