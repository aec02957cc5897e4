/** Who is cut off from whom, by name: members among each other in the network in memory, clients from members here. */
import type { MemoryNetwork } from "./memory-network.js";

export class NetworkCuts {
  readonly #network: MemoryNetwork;
  readonly #cut: Set<string> = new Set();

  constructor(network: MemoryNetwork) {
    this.#network = network;
  }

  isOpen(a: string, b: string): boolean {
    return !this.#cut.has(pair(a, b));
  }

  /** Nothing passes from one side to another. `idOf` gives a member's id. */
  between(sides: readonly (readonly string[])[], idOf: (name: string) => bigint | undefined): void {
    for (const [i, side] of sides.entries()) {
      for (const other of sides.slice(i + 1).flat()) {
        for (const name of side) this.#between(name, other, idOf);
      }
    }
  }

  clear(): void {
    this.#cut.clear();
    this.#network.heal();
  }

  #between(a: string, b: string, idOf: (name: string) => bigint | undefined): void {
    if (a === b) throw new TypeError(`${JSON.stringify(a)} is on both sides of the partition`);
    this.#cut.add(pair(a, b));
    const [from, to] = [idOf(a), idOf(b)];
    if (from !== undefined && to !== undefined) this.#network.cut(from, to);
  }
}

function pair(a: string, b: string): string {
  return [a, b].sort().join(" ");
}
