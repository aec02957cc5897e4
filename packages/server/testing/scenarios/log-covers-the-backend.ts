/** An entry leaves the log when its effect cannot be lost any more, not before: etcd's issue 10219. */
import { NodeCluster, read } from "../node-cluster.js";
import { startAgain } from "./outcome.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const logCoversTheBackend: Scenario = {
  name: "log-covers-the-backend",
  about: "a member that loses its power right behind a compaction of its log has everything it acknowledged",
  run: async () => {
    let dying: Promise<void> | undefined;
    const cluster = await NodeCluster.start({
      size: 1,
      // The backend commits by itself long after the log is shortened.
      options: { snapshotCount: 20, catchUpEntries: 5, tuning: { backendCommitIntervalMs: 60_000 } },
      onFailpoint: (name, site) => {
        if (site === "raft-after-release") dying ??= cluster.kill(name);
      },
    });
    try {
      let acknowledged = -1;
      while (dying === undefined) {
        const next = acknowledged + 1;
        const written = cluster.writeAll(cluster.node("n1"), 1, `round${next}-`).then(() => {
          acknowledged = next;
        });
        written.catch(() => {});
        await cluster.until(() => acknowledged === next || dying !== undefined);
      }
      await dying;
      await startAgain(cluster, "n1");
      const node = await cluster.elected();
      for (let i = 0; i <= acknowledged; i++) {
        demandEqual(await cluster.within(read(node, `round${i}-0`)), "0", `write ${i} of ${acknowledged + 1}`);
      }
    } finally {
      await cluster.close();
    }
  },
};
