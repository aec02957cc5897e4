/** A member that a snapshot has brought back is as durable at once as one that was never away. */
import { NodeCluster, read } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const snapshotOutlivesPower: Scenario = {
  name: "snapshot-outlives-power",
  about:
    "a member whose power goes right after it has installed a snapshot starts again with the same data as the others",
  run: async () => {
    for (const afterMs of [0, 10, 50]) await losePower(afterMs);
  },
};

async function losePower(afterMs: number): Promise<void> {
  const cluster = await NodeCluster.start({ options: { snapshotCount: 20, catchUpEntries: 5 } });
  try {
    const follower = await cluster.follower();
    const name = cluster.nameOf(follower);
    const leader = await cluster.elected();
    await cluster.writeAll(leader, 5, "before");
    cluster.network.isolate(follower.header.memberId);
    await cluster.writeAll(leader, 100);
    cluster.network.heal();
    await cluster.until(() => follower.raftStatus.appliedIndex > 50);
    await cluster.clock.advance(afterMs);
    await cluster.kill(name);
    const again = await cluster.boot(name);
    demandEqual(await cluster.within(read(again, "k99")), "99", `k99 after a kill ${afterMs} ms behind the snapshot`);
    demandEqual((await cluster.hashes()).size, 1, "different contents of the members");
  } finally {
    await cluster.close();
  }
}
