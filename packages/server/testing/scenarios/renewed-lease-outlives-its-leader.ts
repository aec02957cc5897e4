/** A leader that lost its office takes nothing away from its successor's clients: etcd's issues 12528, 15247 and 16822. */
import { NodeCluster, read } from "../node-cluster.js";
import { grantWithKey, LEASE } from "./lease-story.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";

export const renewedLeaseOutlivesItsLeader: Scenario = {
  name: "renewed-lease-outlives-its-leader",
  about: "a lease that the new leader renews in time is not ended by what the old one had proposed",
  run: async () => {
    let struck = false;
    const cluster = await NodeCluster.start({
      onFailpoint: (name, site) => {
        if (site !== "lease-before-revoke" || struck) return;
        // The old leader has seen the lease expire, has made sure that it leads, and is cut off with its proposal.
        struck = true;
        cluster.network.isolate(cluster.node(name).header.memberId);
      },
    });
    try {
      const old = await cluster.elected();
      await grantWithKey(cluster, old, 2);
      await cluster.until(() => struck);
      const leader = await cluster.nextLeader(old);
      demand(await renewed(), "the new leader gives every lease its time again");
      cluster.network.heal();
      for (let i = 0; i < 20; i++) {
        await cluster.clock.advance(500);
        demand(await renewed(), `a lease that is renewed twice a second exists after ${i + 1} renewals`);
      }
      demandEqual(await cluster.within(read(leader, "held")), "1", "the key of a lease that was renewed in time");

      async function renewed(): Promise<boolean> {
        return (await cluster.within(leader.renewLease(LEASE))) > 0;
      }
    } finally {
      await cluster.close();
    }
  },
};
