/** A lease that was renewed shortly before its end has all of its time under the next leader. */
import { NodeCluster } from "../node-cluster.js";
import { grantWithKey, LEASE } from "./lease-story.js";
import { demand, type Scenario } from "./scenario.js";

export const renewalOutlivesItsLeader: Scenario = {
  name: "renewal-outlives-its-leader",
  about:
    "a lease whose renewal was answered keeps its time, though the next leader learns of it only after it was elected",
  run: async () => {
    let armed = false;
    const cluster = await NodeCluster.start({
      // Longer than the leader takes from the commit to the answer, so that nobody else hears of the commit.
      network: { delayMs: 20 },
      options: { tuning: { leaseCheckpointIntervalSeconds: 2 } },
      onFailpoint: (name, site) => {
        if (site !== "lease-before-renew" || !armed) return;
        armed = false;
        cluster.network.isolate(cluster.node(name).header.memberId);
      },
    });
    try {
      const old = await cluster.elected();
      await grantWithKey(cluster, old, TTL_SECONDS);
      await cluster.clock.advance((TTL_SECONDS - LEFT_SECONDS) * 1000);
      armed = true;
      demand((await cluster.within(old.renewLease(LEASE))) === TTL_SECONDS, "a renewal gives all of the time");
      demand(!armed, "the leader was cut off before its answer");
      const leader = await cluster.nextLeader(old);
      await cluster.clock.advance(4 * LEFT_SECONDS * 1000);
      const { ttlSeconds } = await cluster.within(leader.leaseTimeToLive(LEASE, false));
      demand(ttlSeconds > 0, `a lease of ${TTL_SECONDS} s has ended ${4 * LEFT_SECONDS} s after its renewal`);
    } finally {
      await cluster.close();
    }
  },
};

const TTL_SECONDS = 60;
/** Less than this is recorded of the lease when it is renewed. */
const LEFT_SECONDS = 6;
