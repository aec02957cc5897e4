/** What the parts of the campaign share: a server, a clock of the budget, and what came out. */
import type { Client } from "@kvorum/client";

export interface Scene {
  /** Of the server that the part works on, as it is reached directly. */
  readonly endpoint: string;
  readonly isEtcd: boolean;
  /** A client that nobody disturbs. */
  readonly direct: Client;
  readonly random: () => number;
  readonly outcome: Outcome;
}

/** The verdict, as it grows. Everything wrong is kept up to a limit; the number is always right. */
export class Outcome {
  readonly problems: string[] = [];
  readonly #counts = new Map<string, number>();
  readonly #least = new Map<string, number>();
  #problemCount = 0;

  get failed(): number {
    return this.#problemCount;
  }

  count(what: string, amount = 1): void {
    this.#counts.set(what, this.counted(what) + amount);
  }

  counted(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** Keeps the least of these amounts. */
  least(what: string, amount: number): void {
    this.#least.set(what, Math.min(amount, this.#least.get(what) ?? amount));
  }

  wrong(...problems: readonly string[]): void {
    this.#problemCount += problems.length;
    this.problems.push(...problems.slice(0, Math.max(0, PROBLEMS_MAX - this.problems.length)));
  }

  /** A campaign that did less has shown too little, whatever else it found. */
  atLeast(what: string, amount: number): void {
    if (this.counted(what) < amount) this.wrong(`only ${this.counted(what)} ${what}, at least ${amount} are wanted`);
  }

  describe(): string {
    const least = [...this.#least].map(([what, amount]) => `at least ${amount.toFixed()} ${what}`);
    return [...[...this.#counts].map(([what, amount]) => `${amount} ${what}`), ...least].join(", ");
  }
}

const PROBLEMS_MAX = 20;
