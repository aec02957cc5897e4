/** What a leader had recorded as left of a lease does not count any more when it comes after the next leader's renewal. */
import { NodeCluster } from "../node-cluster.js";
import { grantWithKey, LEASE } from "./lease-story.js";
import { demand, type Scenario } from "./scenario.js";

export const oldRecordShortensNothing: Scenario = {
  name: "old-record-shortens-nothing",
  about: "a renewed lease keeps its time, though the leader before proposes again what it had seen as left of it",
  run: async () => {
    let armed = false;
    const cluster = await NodeCluster.start({
      options: { tuning: { leaseCheckpointIntervalSeconds: 2 } },
      onFailpoint: (name, site) => {
        if (site !== "lease-before-checkpoint" || !armed) return;
        armed = false;
        cluster.network.isolate(cluster.node(name).header.memberId);
      },
    });
    try {
      const first = await cluster.elected();
      await grantWithKey(cluster, first, TTL_SECONDS);
      await cluster.clock.advance((TTL_SECONDS - LEFT_SECONDS) * 1000);
      armed = true;
      await cluster.until(() => !armed);
      const second = await cluster.nextLeader(first);
      demand((await cluster.within(second.renewLease(LEASE))) === TTL_SECONDS, "a renewal gives all of the time");
      cluster.network.heal();
      await cluster.clock.advance(2_000);
      cluster.network.isolate(second.header.memberId);
      const third = await cluster.nextLeader(second);
      await cluster.clock.advance(3 * LEFT_SECONDS * 1000);
      const { ttlSeconds } = await cluster.within(third.leaseTimeToLive(LEASE, false));
      demand(ttlSeconds > 0, `a lease of ${TTL_SECONDS} s has ended ${3 * LEFT_SECONDS} s after its renewal`);
    } finally {
      await cluster.close();
    }
  },
};

const TTL_SECONDS = 60;
/** About what is recorded of the lease last, before it is renewed. */
const LEFT_SECONDS = 8;
