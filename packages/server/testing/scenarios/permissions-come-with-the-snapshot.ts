/** A member that a snapshot brings back asks for the same permissions as the others: etcd's issue 14571. */
import type { Command } from "../../src/core/apply/command.js";
import type { EtcdNode } from "../../src/node/node.js";
import { addUser, grantRole, identity, permit, ROOT_CHANGES } from "../auth-world.js";
import { NodeCluster, put } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const permissionsComeWithTheSnapshot: Scenario = {
  name: "permissions-come-with-the-snapshot",
  about: "what was granted and taken away while a member was cut off counts there as soon as it serves again",
  run: async () => {
    const cluster = await NodeCluster.start({ options: { snapshotCount: 20, catchUpEntries: 5 } });
    try {
      const leader = await cluster.elected();
      const follower = await cluster.follower();
      for (const command of USERS) await cluster.within(leader.propose(command));
      await cluster.until(() => follower.auth.enabled);
      cluster.network.isolate(follower.header.memberId);
      for (const change of CHANGES) await cluster.within(leader.propose(change, as(leader, "root")));
      for (let i = 0; i < 60; i++) await cluster.within(leader.propose(put("old", "1"), as(leader, "root")));
      cluster.network.heal();
      await cluster.until(() => follower.raftStatus.appliedIndex === leader.raftStatus.appliedIndex);
      demandEqual(follower.auth.revision, leader.auth.revision, "the revision of users on the member that was away");
      for (const node of [leader, follower]) {
        const name = cluster.nameOf(node);
        demandEqual(await outcome(cluster, node, "new"), "put", `a put of Ann's that is allowed now, by ${name}`);
        demandEqual(await outcome(cluster, node, "old"), "permissionDenied", `one that was taken away, by ${name}`);
      }
      demandEqual((await cluster.hashes()).size, 1, "different contents of the members");
    } finally {
      await cluster.close();
    }
  },
};

/** Root, and Ann who may write "old"; authentication is on. */
const USERS: readonly Command[] = [
  ...[...ROOT_CHANGES, addUser("ann"), { kind: "role-add", name: "r" } as const],
  ...[permit("r", "readwrite", "old"), grantRole("ann", "r"), { kind: "auth-enable" } as const],
];

const CHANGES: readonly Command[] = [
  ...[{ kind: "role-add", name: "s" } as const, permit("s", "readwrite", "new"), grantRole("ann", "s")],
  { kind: "user-revoke-role", name: "ann", role: "r" },
];

function as(node: EtcdNode, user: string) {
  return identity(user, node.auth.revision);
}

function outcome(cluster: NodeCluster, node: EtcdNode, key: string): Promise<string> {
  const answer = node.propose(put(key, "1"), as(node, "ann")).then(
    ({ kind }) => kind,
    (error: { reason: string }) => error.reason,
  );
  return cluster.within(answer);
}
