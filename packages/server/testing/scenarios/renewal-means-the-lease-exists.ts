/** The answer to a renewal is true when it is given: etcd's issue 20615. */
import { NodeCluster, read } from "../node-cluster.js";
import { grantWithKey, LEASE } from "./lease-story.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";

export const renewalMeansTheLeaseExists: Scenario = {
  name: "renewal-means-the-lease-exists",
  about: "who renews a lease that has expired and is being revoked hears that it is gone, and its keys are",
  run: async () => {
    // Looks for expired leases are far apart, so that one is past its time and still there for seconds.
    const cluster = await NodeCluster.start({ size: 1, options: { tuning: { leaseScanIntervalMs: 5000 } } });
    try {
      const node = await cluster.elected();
      await grantWithKey(cluster, node, 2);
      await cluster.clock.advance(2200);
      demandEqual((await node.leases()).length, 1, "leases that are past their time and not revoked yet");
      const ttlSeconds = await cluster.within(node.renewLease(LEASE));
      const { ttlSeconds: left } = await cluster.within(node.leaseTimeToLive(LEASE, false));
      demand(
        ttlSeconds === 0 || left >= 0,
        `a renewal was answered with ${ttlSeconds} s, and the lease does not exist`,
      );
      demandEqual(await cluster.within(read(node, "held")), undefined, "the key of a lease that is said to be gone");
    } finally {
      await cluster.close();
    }
  },
};
