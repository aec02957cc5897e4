/** A watch that was not served before a compaction took its changes is told so. Silence would be a gap. */
import { NodeCluster } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";
import { drained, told, watchOf } from "./watch-story.js";

export const slowWatchHearsOfCompaction: Scenario = {
  name: "slow-watch-hears-of-compaction",
  about: "a watch gets every change up to where a compaction passed it, and then its end with the compacted revision",
  run: async () => {
    const tuning = { watchResponsesMax: 4, watchCatchUpRevisionsMax: 4 };
    const cluster = await NodeCluster.start({ size: 1, options: { tuning } });
    try {
      const node = await cluster.elected();
      const stream = node.watch.openStream(() => {});
      stream.create(watchOf());
      await cluster.writeAll(node, 40);
      // Nobody has pulled: most of it has found no room. The writes all go to other keys, so history would still tell them.
      await cluster.within(node.propose({ kind: "compaction", revision: COMPACTED, physical: true }));
      await cluster.clock.advance(1_000);
      await cluster.writeAll(node, 10);
      const responses = [...drained(stream)];
      for (let i = 0; i < 50; i++) {
        await cluster.clock.advance(20);
        responses.push(...drained(stream));
      }
      const events = told(responses);
      demandEqual(
        events,
        events.map((_, i) => `put k${i}@${i + 2}`),
        "what the watch was told before its end",
      );
      const ends = responses.filter(({ canceled }) => canceled).map(({ compactRevision }) => compactRevision);
      demandEqual(ends, [COMPACTED], "compacted revisions that ended the watch");
    } finally {
      await cluster.close();
    }
  },
};

const COMPACTED = 35n;
