/** A watch that starts in the future waits for it: for events, and for promises about them. */
import { NodeCluster } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";
import { drained, told, watchOf } from "./watch-story.js";

export const futureWatchGetsNothingOlder: Scenario = {
  name: "future-watch-gets-nothing-older",
  about: "a watch from a future revision gets neither changes nor progress of revisions before it",
  run: async () => {
    const cluster = await NodeCluster.start({ size: 1, options: { progressNotifyMs: 50 } });
    try {
      const node = await cluster.elected();
      const stream = node.watch.openStream(() => {});
      stream.create(watchOf({ startRevision: 12n, progressNotify: true }));
      await cluster.writeAll(node, 5);
      stream.requestProgress();
      await cluster.clock.advance(1_000);
      const early = drained(stream).filter(({ created }) => !created);
      demandEqual(early.length, 0, "responses before the future has come");
      await cluster.writeAll(node, 10);
      await cluster.clock.advance(1_000);
      // The second ten are k0 to k9 at revisions 7 to 16.
      const wanted = [5, 6, 7, 8, 9].map((i) => `put k${i}@${i + 7}`);
      demandEqual(told(drained(stream)), wanted, "what the watch was told");
    } finally {
      await cluster.close();
    }
  },
};
