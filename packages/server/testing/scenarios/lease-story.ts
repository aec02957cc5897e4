/** What the stories of leases have in common. */
import type { EtcdNode } from "../../src/node/node.js";
import { type NodeCluster, put } from "../node-cluster.js";

export const LEASE = 77n;

/** Grants the lease and puts the key `held` on it, both acknowledged. */
export async function grantWithKey(cluster: NodeCluster, node: EtcdNode, ttlSeconds: number): Promise<void> {
  await cluster.within(node.propose({ kind: "lease-grant", id: LEASE, ttlSeconds }));
  await cluster.within(node.propose(put("held", "1", LEASE)));
}
