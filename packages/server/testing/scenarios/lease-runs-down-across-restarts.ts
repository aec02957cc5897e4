/** Nobody's restart gives a long lease its whole time again: etcd's issue 13508. */
import { NodeCluster } from "../node-cluster.js";
import { grantWithKey, LEASE } from "./lease-story.js";
import { demand, type Scenario } from "./scenario.js";

export const leaseRunsDownAcrossRestarts: Scenario = {
  name: "lease-runs-down-across-restarts",
  about: "a lease that nobody renews ends, though its member loses its power more often than the lease is long",
  run: async () => {
    const cluster = await NodeCluster.start({
      size: 1,
      options: { tuning: { leaseCheckpointIntervalSeconds: 2 } },
    });
    try {
      await grantWithKey(cluster, await cluster.elected(), TTL_SECONDS);
      for (let spentSeconds = 0; spentSeconds < 3 * TTL_SECONDS; spentSeconds += LIFE_SECONDS) {
        await cluster.clock.advance(LIFE_SECONDS * 1000);
        await cluster.kill("n1");
        await cluster.boot("n1");
        await cluster.elected();
      }
      const { ttlSeconds } = await cluster.within(cluster.node("n1").leaseTimeToLive(LEASE, false));
      demand(ttlSeconds < 0, `a lease of ${TTL_SECONDS} s still has ${ttlSeconds} s after ${3 * TTL_SECONDS}`);
    } finally {
      await cluster.close();
    }
  },
};

const TTL_SECONDS = 20;
/** Shorter than the lease; a life costs it two seconds of what is recorded and one of the takeover. */
const LIFE_SECONDS = 10;
