/** Who belongs to the cluster, and in which role, is stored with everything else: etcd's issues 19563 and 20995. */
import type { EtcdNode } from "../../src/node/node.js";
import { initialMember, NodeCluster } from "../node-cluster.js";
import { startAgain } from "./outcome.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";

export const roleOutlivesRestart: Scenario = {
  name: "role-outlives-restart",
  about: "a learner that was promoted and a member that was removed are that after all lost their power",
  run: async () => {
    const cluster = await NodeCluster.start({ options: { snapshotCount: 20, catchUpEntries: 5 } });
    try {
      const leader = await cluster.elected();
      // Members count as healthy when they have been connected for five seconds.
      await cluster.clock.advance(6000);
      const { peerUrls } = initialMember("n4");
      const added = await cluster.within(leader.changeMembers({ kind: "add", peerUrls, isLearner: true }));
      const id = added.member?.id ?? 0n;
      await cluster.boot("n4", JOINING);
      await cluster.within(cluster.node("n4").ready);
      await cluster.within(leader.changeMembers({ kind: "promote", id }));
      await cluster.clock.advance(6000);
      const follower = await cluster.follower();
      const gone = cluster.nameOf(follower);
      await cluster.within(leader.changeMembers({ kind: "remove", id: follower.header.memberId }));
      await cluster.kill(gone);
      // Behind this the log begins anew, and a restart has to believe what the backend says of the members.
      await cluster.writeAll(leader, 60);
      await cluster.clock.advance(1000);
      const names = cluster.nodes.map((node) => cluster.nameOf(node));
      for (const name of names) await cluster.kill(name);
      for (const name of names) await startAgain(cluster, name, name === "n4" ? JOINING : {});
      await cluster.elected();
      for (const node of cluster.nodes) {
        demandEqual(
          rolesOf(node),
          [...names].sort().map((name) => `${name}: voter`),
          "members after the restart",
        );
        demand(node.raftStatus.confState.voters.includes(id), "the promoted member has a vote after the restart");
      }
    } finally {
      await cluster.close();
    }
  },
};

const JOINING = {
  initialClusterState: "existing" as const,
  initialCluster: ["n1", "n2", "n3", "n4"].map(initialMember),
};

function rolesOf(node: EtcdNode): readonly string[] {
  return node.members.map(({ name, isLearner }) => `${name}: ${isLearner ? "learner" : "voter"}`).sort();
}
