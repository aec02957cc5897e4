/**
 * A process that stood still has not waited for its leader: what arrived meanwhile is read before time counts, and ticks
 * that were missed are not made up for.
 */
import { NodeCluster } from "../node-cluster.js";
import type { Scenario } from "./scenario.js";
import { demandSameOffice, officeOf } from "./stability-story.js";

export const stallIsNoSilence: Scenario = {
  name: "stall-is-no-silence",
  about: "members whose machine stands still for three election timeouts go on with the leader they had",
  run: async () => {
    const cluster = await NodeCluster.start();
    try {
      await cluster.elected();
      await cluster.clock.advance(2000);
      const before = officeOf(cluster);
      for (let i = 0; i < 5; i++) {
        cluster.clock.stall(3000);
        await cluster.clock.advance(2000);
        demandSameOffice(cluster, before, `${i + 1} stalls`);
      }
    } finally {
      await cluster.close();
    }
  },
};
