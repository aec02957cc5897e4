/**
 * What replaces everything that a member has: one at a time, and each from what was received for it. etcd has damaged data
 * by letting a defragmentation meet a snapshot, and by cleaning up one snapshot for the sake of the next.
 */
import type { EtcdNode } from "../../src/node/node.js";
import { NodeCluster, put, read } from "../node-cluster.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";

const OPTIONS = { snapshotCount: 20, catchUpEntries: 5 };

export const defragmentationMeetsSnapshot: Scenario = {
  name: "defragmentation-meets-snapshot",
  about: "a member that is defragmented all the time while it installs a snapshot ends with the data of the others",
  run: async () => {
    const diskDelayMs = (): number => 2;
    const cluster = await NodeCluster.start({ options: OPTIONS, diskDelayMs });
    try {
      const [leader, follower] = [await cluster.elected(), await cluster.follower()];
      cluster.network.isolate(follower.header.memberId);
      await writeLarge(cluster, leader, 60);
      cluster.network.heal();
      let defragmented = 0;
      for (let i = 0; i < 2_000 && follower.raftStatus.appliedIndex < leader.raftStatus.appliedIndex; i++) {
        follower.defragment().then(
          () => defragmented++,
          () => {},
        );
        await cluster.clock.advance(1);
      }
      demand(defragmented > 0, "not one defragmentation was done");
      await demandSame(cluster, follower);
    } finally {
      await cluster.close();
    }
  },
};

export const snapshotsInQuickSuccession: Scenario = {
  name: "snapshots-in-quick-succession",
  about:
    "a member that takes long for a snapshot and gets a second one of the next leader ends with the data of the others",
  run: async () => {
    let slow: string | undefined;
    const stored: string[] = [];
    const cluster = await NodeCluster.start({
      options: OPTIONS,
      beforeDisk: (name, { type, path }) => {
        if (type === "rename" && path.startsWith("/snapshots/")) {
          stored.push(path);
          if (stored.length === 1) slow = name;
        }
      },
      diskDelayMs: (name, call) => {
        if (name !== slow || call !== "open") return 0;
        // Of the first snapshot, to be read into the backend.
        slow = undefined;
        return INSTALL_MS;
      },
    });
    try {
      const [leader, follower] = [await cluster.elected(), await cluster.follower()];
      const third = cluster.nodes.find((node) => node !== leader && node !== follower) as EtcdNode;
      cluster.network.isolate(follower.header.memberId);
      await cluster.writeAll(leader, 60);
      cluster.network.heal();
      await cluster.until(() => stored.length === 1);
      await cluster.writeAll(leader, 100);
      await cluster.within(leader.moveLeader(third.header.memberId));
      await cluster.clock.advance(2 * INSTALL_MS);
      demand(stored.length > 1, "there was no second snapshot");
      await demandSame(cluster, follower);
    } finally {
      await cluster.close();
    }
  },
};

const INSTALL_MS = 4_000;

async function writeLarge(cluster: NodeCluster, node: EtcdNode, count: number): Promise<void> {
  const value = "x".repeat(8_192);
  for (let i = 0; i < count; i++) await cluster.within(node.propose(put(`k${i}`, value)));
}

async function demandSame(cluster: NodeCluster, node: EtcdNode): Promise<void> {
  let failure: Error | undefined;
  void node.failed.then((error) => {
    failure = error;
  });
  await cluster.clock.advance(100);
  demand(failure === undefined, `the member has failed: ${failure}`);
  await cluster.within((await cluster.elected()).propose(put("last", "1")));
  demandEqual(await cluster.within(read(node, "last")), "1", "the last write, read on the member");
  demandEqual((await cluster.hashes()).size, 1, "different contents of the members");
}
