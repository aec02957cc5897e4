/** The system's randomness as the `Random` seam. */
import { randomBytes, randomInt } from "node:crypto";
import type { Random } from "../env.js";

const INT63_MAX = (1n << 63n) - 1n;

export class SystemRandom implements Random {
  int(boundExclusive: number): number {
    return randomInt(boundExclusive);
  }

  int63(): bigint {
    for (;;) {
      const value = randomBytes(8).readBigUInt64BE() & INT63_MAX;
      if (value !== 0n) return value;
    }
  }
}
