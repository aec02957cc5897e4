/** A member that is stopped while it takes a snapshot stops in peace, and is whole when it starts again. */
import { NodeCluster, read } from "../node-cluster.js";
import { SILENT_LOGGER } from "../test-env.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const stopLetsASnapshotIn: Scenario = {
  name: "stop-lets-a-snapshot-in",
  about: "a member that is told to stop while the install of a snapshot waits behind a slow disk has not failed",
  run: async () => {
    let slow: string | undefined;
    let offered = false;
    const errors: string[] = [];
    const cluster: NodeCluster = await NodeCluster.start({
      options: { snapshotCount: 20, catchUpEntries: 5 },
      logger: { ...SILENT_LOGGER, error: (_, message) => void errors.push(message) },
      diskDelayMs: (name, call) => {
        if (name !== slow || call !== "sync") return 0;
        // Of the first entry: nothing behind it is written before it.
        slow = undefined;
        return SYNC_MS;
      },
      onFailpoint: (_, site) => {
        if (site === "snapshot-after-store") offered = true;
      },
    });
    try {
      const [leader, follower] = [await cluster.elected(), await cluster.follower()];
      const name = cluster.nameOf(follower);
      slow = name;
      await cluster.writeAll(leader, 1, "first");
      cluster.network.isolate(follower.header.memberId);
      await cluster.writeAll(leader, 60);
      cluster.network.heal();
      // The leader looks anew for what the follower has, and needs for it what is compacted.
      cluster.network.reset(leader.header.memberId, follower.header.memberId);
      await cluster.until(() => offered);
      await cluster.clock.advance(1);
      await cluster.stop(name);
      demandEqual(errors, [], "what a member that stops has to complain of");
      const again = await cluster.boot(name);
      demandEqual(await cluster.within(read(again, "k59")), "59", "k59 on the member that was stopped");
      demandEqual((await cluster.hashes()).size, 1, "different contents of the members");
    } finally {
      await cluster.close();
    }
  },
};

const SYNC_MS = 2_000;
