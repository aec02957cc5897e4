/**
 * After a failed sync nothing is known of what the disk holds, and a later one that succeeds proves nothing: PostgreSQL's
 * "fsyncgate" of 2018.
 */
import { NodeCluster, put, read } from "../node-cluster.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";

export const failedSyncIsFinal: Scenario = {
  name: "failed-sync-is-final",
  about: "a member whose log could not be synced once acknowledges nothing that a power loss takes away",
  run: async () => {
    let failures = 0;
    const cluster = await NodeCluster.start({
      size: 1,
      beforeDisk: (_, { type, path }) => {
        if (failures === 0 || type !== "sync" || !path.startsWith("/wal")) return;
        failures--;
        throw new Error("input/output error");
      },
    });
    try {
      await cluster.writeAll(cluster.node("n1"), 3);
      failures = 1;
      const outcomes: string[] = [];
      for (let i = 0; i < 3; i++) {
        const outcome = cluster
          .node("n1")
          .propose(put("k", String(i)))
          .then(
            () => "acknowledged",
            () => "refused",
          );
        outcomes.push(await Promise.race([cluster.within(outcome), cluster.node("n1").failed.then(() => "failed")]));
      }
      demand(failures === 0, "the sync that was to fail has failed");
      await cluster.kill("n1");
      await cluster.boot("n1");
      const node = await cluster.elected();
      const last = outcomes.lastIndexOf("acknowledged");
      const wanted = last === -1 ? undefined : String(last);
      demandEqual(await cluster.within(read(node, "k")), wanted, `k after writes that were ${outcomes.join(", ")}`);
      demandEqual(await cluster.within(read(node, "k2")), "2", "what was acknowledged before the failure");
    } finally {
      await cluster.close();
    }
  },
};
