/** A watch does not notice that its member was cut off and got a snapshot: it goes on where it was, in order. */
import { NodeCluster } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";
import { drained, told, watchOf } from "./watch-story.js";

export const watchOutlivesASnapshot: Scenario = {
  name: "watch-outlives-a-snapshot",
  about: "a watch on a member that installs a snapshot gets every change once, in order",
  run: async () => {
    const cluster = await NodeCluster.start({ options: { snapshotCount: 20, catchUpEntries: 5 } });
    try {
      const follower = await cluster.follower();
      const leader = await cluster.elected();
      const stream = follower.watch.openStream(() => {});
      stream.create(watchOf({ prefix: "k" }));
      await cluster.writeAll(leader, 10);
      await cluster.clock.advance(1_000);
      const events = [...told(drained(stream))];
      cluster.network.isolate(follower.header.memberId);
      await cluster.writeAll(leader, 60);
      cluster.network.heal();
      await cluster.until(() => follower.raftStatus.appliedIndex === leader.raftStatus.appliedIndex);
      await cluster.writeAll(leader, 10);
      await cluster.clock.advance(2_000);
      events.push(...told(drained(stream)));
      const wanted = [10, 60, 10].flatMap((count) => Array.from({ length: count }, (_, i) => `put k${i}`));
      demandEqual(
        events,
        wanted.map((event, i) => `${event}@${i + 2}`),
        "what the watch was told",
      );
    } finally {
      await cluster.close();
    }
  },
};
