/** What any node does on any day. A patch that breaks this re-implants no bug that anybody would have shipped. */
import type { TxnOperation } from "../../src/core/mvcc/operations.js";
import { NodeCluster, put, read } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";
import { drained, told, watchOf } from "./watch-story.js";

export const ordinaryUse: Scenario = {
  name: "ordinary-use",
  about:
    "one member and three of them write, read, watch, grant, revoke and compact, and start again after a clean stop",
  run: async () => {
    for (const size of [1, 3]) await useCluster(size);
  },
};

async function useCluster(size: number): Promise<void> {
  const cluster = await NodeCluster.start({ size });
  try {
    const node = await cluster.elected();
    const stream = node.watch.openStream(() => {});
    stream.create(watchOf({ prefix: "k" }));
    await cluster.writeAll(node, 10);
    for (let i = 0; i < 10; i++) {
      demandEqual(await cluster.within(read(node, `k${i}`)), String(i), `k${i} of ${size} members`);
    }
    const txn: TxnOperation = { kind: "txn", compare: [], success: [put("k0", "a"), put("k1", "b")], failure: [] };
    await cluster.within(node.propose(txn));
    await cluster.within(node.propose({ kind: "lease-grant", id: LEASE, ttlSeconds: 60 }));
    await cluster.within(node.propose(put("held", "1", LEASE)));
    demandEqual(await cluster.within(node.renewLease(LEASE)), 60, "seconds of a renewed lease");
    await cluster.within(node.propose({ kind: "lease-revoke", id: LEASE, leaderTerm: 0 }));
    demandEqual(await cluster.within(read(node, "held")), undefined, "the key of a revoked lease");
    demandEqual(told(drained(stream)).length, 12, "events of twelve puts");
    await cluster.within(node.propose({ kind: "compaction", revision: 5n, physical: true }));
    await cluster.clock.advance(2_000);
    await startAgain(cluster);
    demandEqual(
      await cluster.within(read(await cluster.elected(), "k9")),
      "9",
      `k9 of ${size} members after a restart`,
    );
    await cluster.writeAll(await cluster.elected(), 5, "later");
    demandEqual((await cluster.hashes()).size, 1, "different contents of the members");
  } finally {
    await cluster.close();
  }
}

async function startAgain(cluster: NodeCluster): Promise<void> {
  for (const node of cluster.nodes) {
    const name = cluster.nameOf(node);
    await cluster.stop(name);
    await cluster.boot(name);
    await cluster.elected();
  }
}

const LEASE = 9n;
