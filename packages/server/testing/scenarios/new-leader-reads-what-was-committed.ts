/** A new leader answers no read before it knows what its predecessor has acknowledged: etcd's issue 21375. */
import { NodeCluster, put, read } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const newLeaderReadsWhatWasCommitted: Scenario = {
  name: "new-leader-reads-what-was-committed",
  about: "the first read on a new leader sees the last write that the old one acknowledged before it lost its power",
  run: async () => {
    let fallen: Promise<void> | undefined;
    const cluster = await NodeCluster.start({
      network: {
        delayMs: DELAY_MS,
        // The new leader's own first entry takes longer to be committed than its office to be confirmed.
        fate: ({ type }) =>
          type === "append-response" && fallen !== undefined ? { delayMs: 10 * DELAY_MS } : undefined,
      },
    });
    try {
      const leader = await cluster.elected();
      const name = cluster.nameOf(leader);
      await cluster.within(leader.propose(put("k", "old")));
      await cluster.clock.advance(1000);
      // The others hold the entry and have not heard that it is committed.
      const acknowledged = leader.propose(put("k", "new")).then(() => {
        fallen = cluster.kill(name);
      });
      await cluster.within(acknowledged);
      await fallen;
      while (cluster.leader === undefined) await cluster.clock.advance(1);
      demandEqual(await cluster.within(read(cluster.leader, "k")), "new", "a read on the new leader");
    } finally {
      await cluster.close();
    }
  },
};

const DELAY_MS = 30;
