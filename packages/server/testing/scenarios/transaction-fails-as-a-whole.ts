/** A transaction that is refused leaves nothing behind, on any member: etcd's issues 18667 and 18799. */
import type { Operation, TxnOperation } from "../../src/core/mvcc/operations.js";
import type { EtcdNode } from "../../src/node/node.js";
import { get, NodeCluster, put, read } from "../node-cluster.js";
import { outcomeOf } from "./outcome.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";

export const transactionFailsAsAWhole: Scenario = {
  name: "transaction-fails-as-a-whole",
  about: "a transaction that fails at its second operation has not done its first, and all members stay alike",
  run: async () => {
    const cluster = await NodeCluster.start();
    try {
      const leader = await cluster.elected();
      await cluster.writeAll(leader, 10);
      const { revision } = await cluster.within(leader.propose(put("k0", "newest")));
      await cluster.within(leader.propose({ kind: "compaction", revision, physical: true }));
      const lost = { ...get("k0"), revision: 2n };
      const absentLease = put("b", "1", 4711n);
      demandEqual(await refusal(cluster, leader, [put("a", "1"), lost]), "compacted", "a range below the compaction");
      demandEqual(await refusal(cluster, leader, [put("a", "1"), absentLease]), "leaseNotFound", "a put with no lease");
      demandEqual(
        await refusal(cluster, leader, [put("k1", "x"), absentLease]),
        "leaseNotFound",
        "the same, over a key",
      );
      demandEqual(await cluster.within(read(leader, "a")), undefined, "a, which only failed transactions wrote");
      demandEqual(await cluster.within(read(leader, "k1")), "1", "k1, which a failed transaction wrote over");
      demandEqual(leader.header.revision, revision, "the revision after failed transactions");
      demand((await cluster.hashes()).size === 1, "the members hold the same after failed transactions");
    } finally {
      await cluster.close();
    }
  },
};

/** Why the transaction is refused; `done` when it is not, and what the member says when it is lost over it. */
async function refusal(cluster: NodeCluster, node: EtcdNode, success: readonly Operation[]): Promise<string> {
  const operation: TxnOperation = { kind: "txn", compare: [], success, failure: [] };
  const outcome = cluster.within(outcomeOf(node.propose(operation)));
  const failure = node.failed.then((error) => `the member failed: ${error.message}`);
  return Promise.race([outcome, failure]);
}
