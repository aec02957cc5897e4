/** Randomness that a seed repeats: the generator is mulberry32, which is plenty for spreading timeouts. */
import type { Random } from "../env.js";

export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  int(boundExclusive: number): number {
    return Math.floor((this.#next() / 2 ** 32) * boundExclusive);
  }

  int63(): bigint {
    const value = (BigInt(this.#next() >>> 1) << 32n) | BigInt(this.#next());
    return value === 0n ? 1n : value;
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
