/** A lease that was granted can be renewed, whoever leads in that moment: etcd's issue 13932. */
import { NodeCluster } from "../node-cluster.js";
import { LEASE } from "./lease-story.js";
import { demand, type Scenario } from "./scenario.js";

export const grantedLeaseIsRenewableAtOnce: Scenario = {
  name: "granted-lease-is-renewable-at-once",
  about: "a new leader that has not applied the grant of a lease yet does not tell its owner that it is gone",
  run: async () => {
    const cluster = await NodeCluster.start({ network: { delayMs: 30 } });
    try {
      const leader = await cluster.elected();
      const name = cluster.nameOf(leader);
      let fallen: Promise<void> | undefined;
      // The others have the grant in their logs and do not know that it is committed.
      const granted = leader.propose({ kind: "lease-grant", id: LEASE, ttlSeconds: 60 }).then(() => {
        fallen = cluster.kill(name);
      });
      await cluster.within(granted);
      await fallen;
      while (cluster.leader === undefined) await cluster.clock.advance(1);
      const ttlSeconds = await cluster.within(cluster.leader.renewLease(LEASE));
      demand(ttlSeconds > 0, "a lease of 60 s that was granted a moment ago can be renewed");
    } finally {
      await cluster.close();
    }
  },
};
