/**
 * Chance from a seed, for simulated clusters. Every concern (network, disks, clients, faults) draws from a stream of its own, so that
 * switching one kind of fault off leaves what the others do as it was; that is what makes a failing seed shrink.
 */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A stream of its own for a concern; the same seed and label give the same stream. */
  static of(seed: number, label: string): Chance {
    let state = seed >>> 0;
    for (let i = 0; i < label.length; i++) state = mixHash(state, label.charCodeAt(i));
    return new Chance(state);
  }

  /** A whole number in `[0, boundExclusive)`. */
  int(boundExclusive: number): number {
    return Math.floor((this.#next() / 2 ** 32) * boundExclusive);
  }

  /** A whole number in `[from, to]`. */
  between(from: number, to: number): number {
    return from + this.int(to - from + 1);
  }

  /** True in `percent` of all calls; `percent` may be a fraction. */
  percent(percent: number): boolean {
    return (this.#next() / 2 ** 32) * 100 < percent;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(values.length)] as T;
  }

  /** One of the names, each as likely as its weight among all says. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const pairs = Object.entries<number>(weights) as [T, number][];
    let rest = this.int(pairs.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [name, weight] of pairs) {
      if (rest < weight) return name;
      rest -= weight;
    }
    return (pairs[0] as [T, number])[0];
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

/** One step of a rolling hash of 32 bits. */
export function mixHash(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x9e3779b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed + 0x7f4a7c15, 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
