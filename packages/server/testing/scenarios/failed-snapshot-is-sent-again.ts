/** A follower whose snapshot failed is not given up: etcd's issues 10308 and 14633. */
import type { NodeOptions } from "../../src/node/options.js";
import { NodeCluster } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const failedSnapshotIsSentAgain: Scenario = {
  name: "failed-snapshot-is-sent-again",
  about: "a follower that loses its power while it takes a snapshot has caught up with the same leader soon after",
  run: async () => {
    const options: Partial<NodeOptions> = { snapshotCount: 20, catchUpEntries: 5 };
    let armed = true;
    let fallen: Promise<void> | undefined;
    const cluster: NodeCluster = await NodeCluster.start({
      options,
      onFailpoint: (name, site) => {
        if (site !== "snapshot-before-store" || !armed) return;
        armed = false;
        fallen = cluster.kill(name);
      },
    });
    try {
      const leader = await cluster.elected();
      const follower = await cluster.follower();
      const name = cluster.nameOf(follower);
      await cluster.kill(name);
      await cluster.writeAll(leader, 60);
      await cluster.boot(name);
      await cluster.until(() => fallen !== undefined);
      await fallen;
      await cluster.boot(name);
      await cluster.clock.advance(10_000);
      demandEqual(leader.raftStatus.role, "leader", "the role of the leader, whom nothing has happened to");
      const { appliedIndex } = cluster.node(name).raftStatus;
      demandEqual(appliedIndex, leader.raftStatus.appliedIndex, "what the follower has applied ten seconds later");
    } finally {
      await cluster.close();
    }
  },
};
