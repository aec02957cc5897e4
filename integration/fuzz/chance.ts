/** Chance that a seed replays, and the numbers, bytes and texts that break parsers more often than evenly drawn ones do. */
import { seeded } from "../support/random.js";

/** Where a length, a sign or a width ends. */
const EDGES: readonly bigint[] = [0n, 1n, 2n, 7n, 8n, 31n, 32n, 53n, 62n, 63n, 64n].flatMap((bits) => [
  2n ** bits - 1n,
  2n ** bits,
  -(2n ** bits),
]);

const ODD_TEXTS = [
  "",
  "\0",
  "\u{10ffff}",
  "\ud800",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "a/b",
  "%s%n",
  "' OR 1=1",
];

export class Chance {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seeded(seed);
  }

  /** True this often, from 0 to 1. */
  chance(share: number): boolean {
    return this.#next() < share;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low + 1));
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError("nothing to pick from");
    return list[Math.floor(this.#next() * list.length)] as T;
  }

  /** Mostly short; at most `lengthMax`. */
  length(lengthMax: number): number {
    return Math.floor(lengthMax * this.#next() ** 6);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.between(0, 255)));
  }

  /** A number of 64 bits that may be at the edge of something. */
  wide(): bigint {
    if (this.chance(0.5)) return BigInt(this.between(-2, 64));
    if (this.chance(0.6)) return this.pick(EDGES);
    return this.bytes(8).readBigInt64BE();
  }

  text(lengthMax = 40): string {
    if (this.chance(0.3)) return this.pick(ODD_TEXTS);
    const length = this.length(lengthMax);
    const last = this.chance(0.8) ? 0x7e : 0x2_ffff;
    return Array.from({ length }, () => String.fromCodePoint(this.between(0x20, last))).join("");
  }
}
