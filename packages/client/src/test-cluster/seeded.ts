/** Chance for a client of a test cluster: a stream of its own for each client of a seed. */
import { Chance } from "@kvorum/server/testing";

export interface ClientChance {
  /** In [0, 1). */
  readonly random: () => number;
  readonly newLeaseId: () => bigint;
}

export function seededRandom(seed: number, client: string): ClientChance {
  const chance = Chance.of(seed, `client ${client}`);
  const ids = Chance.of(seed, `leases of ${client}`);
  return {
    random: () => chance.int(2 ** 32) / 2 ** 32,
    // 63 bits, never 0, as a client in the world chooses them.
    newLeaseId: () => (BigInt(ids.int(2 ** 31)) << 32n) | BigInt(1 + ids.int(2 ** 32 - 1)),
  };
}
