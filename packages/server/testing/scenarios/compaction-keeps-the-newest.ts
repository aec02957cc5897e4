/** What a compaction leaves: the revision of the store, and a delete exactly at the compacted revision. */
import type { DeleteRangeOperation } from "../../src/core/mvcc/operations.js";
import type { EtcdNode } from "../../src/node/node.js";
import { NodeCluster } from "../node-cluster.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";
import { drained, told, watchOf } from "./watch-story.js";

/** Everything is deleted by the last revision, and that is the one compacted. */
const COUNT = 20;
const COMPACTED = BigInt(COUNT + 2);
const DELETES = Array.from({ length: COUNT }, (_, i) => `delete k${i}@${COMPACTED}`).sort();

export const revisionNeverDecreases: Scenario = {
  name: "revision-never-decreases",
  about: "the revision of a member is what it was, when it starts again after a compaction has removed the last writes",
  run: () =>
    played({}, async (cluster, node) => {
      await cluster.within(node.waitCompacted(COMPACTED));
      const again = await restarted(cluster);
      demand(again.header.revision >= COMPACTED, `revision ${again.header.revision} after ${COMPACTED}`);
    }),
};

export const deleteAtTheCompactedRevision: Scenario = {
  name: "delete-at-the-compacted-revision",
  about: "a watch from the compacted revision sees the deletes of that revision",
  run: () =>
    played({}, async (cluster, node) => {
      await cluster.within(node.waitCompacted(COMPACTED));
      await demandDeletes(cluster, node);
    }),
};

export const interruptedCompactionKeepsDeletes: Scenario = {
  name: "interrupted-compaction-keeps-deletes",
  about: "the same when a restart has interrupted the compaction",
  run: () =>
    played({ compactionBatch: 3, compactionPauseMs: 100 }, async (cluster) => {
      const again = await restarted(cluster);
      demand(again.stats.keys > 0, "nothing is left of the compaction that the restart was to interrupt");
      await cluster.within(again.waitCompacted(COMPACTED));
      await demandDeletes(cluster, again);
    }),
};

async function played(
  tuning: { readonly compactionBatch?: number; readonly compactionPauseMs?: number },
  goOn: (cluster: NodeCluster, node: EtcdNode) => Promise<void>,
): Promise<void> {
  const cluster = await NodeCluster.start({ size: 1, options: { tuning } });
  try {
    const node = await cluster.elected();
    await cluster.writeAll(node, COUNT);
    await cluster.within(node.propose(DELETE_ALL));
    await cluster.within(node.propose({ kind: "compaction", revision: COMPACTED, physical: false }));
    await goOn(cluster, node);
  } finally {
    await cluster.close();
  }
}

/** Shortly after, so that some of a slow compaction is done, and committed by the stop. */
async function restarted(cluster: NodeCluster): Promise<EtcdNode> {
  await cluster.clock.advance(250);
  await cluster.stop("n1");
  await cluster.boot("n1");
  return cluster.elected();
}

async function demandDeletes(cluster: NodeCluster, node: EtcdNode): Promise<void> {
  const stream = node.watch.openStream(() => {});
  stream.create(watchOf({ startRevision: COMPACTED }));
  await cluster.clock.advance(1_000);
  demandEqual([...told(drained(stream))].sort(), DELETES, `what a watch from revision ${COMPACTED} was told`);
}

const ZERO: Uint8Array = Uint8Array.of(0);
const DELETE_ALL: DeleteRangeOperation = { kind: "delete-range", key: ZERO, rangeEnd: ZERO, prevKv: false };
