/** What was deleted is gone for every reader at once, and for every later life of the member. */
import type { DeleteRangeOperation } from "../../src/core/mvcc/operations.js";
import { NodeCluster, put, read } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const deletedStaysDeleted: Scenario = {
  name: "deleted-stays-deleted",
  about:
    "keys and leases that were changed and then deleted at once are gone, before the next commit and after a restart",
  run: async () => {
    const cluster = await NodeCluster.start({ size: 1 });
    try {
      const node = await cluster.elected();
      await cluster.within(node.propose({ kind: "lease-grant", id: LEASE, ttlSeconds: 600 }));
      await cluster.writeAll(node, 3);
      // Everything so far stands in the backend.
      await cluster.clock.advance(1_000);
      const checkpoint = { id: LEASE, remainingTtlSeconds: 300 };
      await cluster.within(node.propose({ kind: "lease-checkpoint", leaderTerm: 0, checkpoints: [checkpoint] }));
      await cluster.within(node.propose({ kind: "lease-revoke", id: LEASE, leaderTerm: 0 }));
      await cluster.within(node.propose(put("k0", "changed")));
      await cluster.within(node.propose(deletion("k0")));
      await demandGone(cluster, "before the next commit");
      await cluster.clock.advance(1_000);
      await cluster.stop("n1");
      await cluster.boot("n1");
      await demandGone(cluster, "after a restart");
    } finally {
      await cluster.close();
    }
  },
};

const LEASE = 5n;

async function demandGone(cluster: NodeCluster, when: string): Promise<void> {
  const node = await cluster.elected();
  demandEqual(await cluster.within(read(node, "k0")), undefined, `a deleted key ${when}`);
  demandEqual(await cluster.within(read(node, "k1")), "1", `a key that nobody deleted ${when}`);
  demandEqual(await cluster.within(node.leases()), [], `leases ${when}`);
}

function deletion(key: string): DeleteRangeOperation {
  return { kind: "delete-range", key: new TextEncoder().encode(key), rangeEnd: new Uint8Array(0), prevKv: false };
}
