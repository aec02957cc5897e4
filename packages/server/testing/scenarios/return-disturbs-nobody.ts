/** Pre-vote and the quorum check: who was away does not depose a leader, and a leader without a majority is none. */
import { NodeCluster, put } from "../node-cluster.js";
import { demand, type Scenario } from "./scenario.js";
import { demandSameOffice, officeOf } from "./stability-story.js";

export const returnDisturbsNobody: Scenario = {
  name: "return-disturbs-nobody",
  about: "a member that was cut off comes back without an election, and a leader that is cut off steps down",
  run: async () => {
    const cluster = await NodeCluster.start();
    try {
      const leader = await cluster.elected();
      const follower = await cluster.follower();
      const before = officeOf(cluster);
      cluster.network.isolate(follower.header.memberId);
      await cluster.clock.advance(20_000);
      cluster.network.heal();
      await cluster.clock.advance(5000);
      demandSameOffice(cluster, before, "the return of one that was away for 20 s");
      cluster.network.isolate(leader.header.memberId);
      await cluster.clock.advance(5000);
      demand(leader.raftStatus.role !== "leader", "a leader that hears from nobody for five election timeouts is none");
      cluster.network.heal();
      const next = await cluster.elected();
      await cluster.within(next.propose(put("k", "1")));
    } finally {
      await cluster.close();
    }
  },
};
