/** What a seed decides about its clients: which kinds take part. Runs that leave some out put all the load on the others (swarm testing). */
import { Chance } from "../../../packages/server/testing/simulation/chance.js";

export interface Workload {
  /** They append to lists. */
  readonly listClients: number;
  /** They live with leases. */
  readonly leaseClients: number;
  /** As many deletions as puts. */
  readonly deletesMuch: boolean;
}

export function drawWorkload(seed: number): Workload {
  const chance = Chance.of(seed, "workload");
  return {
    listClients: chance.pick([0, 1, 2, 2, 3]),
    leaseClients: chance.pick([0, 1, 2, 2, 3]),
    deletesMuch: chance.percent(15),
  };
}
