/** A progress notification is a promise: nothing up to its revision will come any more. Clients go on from there. */
import { NodeCluster } from "../node-cluster.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";
import { drained, watchOf } from "./watch-story.js";

export const progressStandsBehindEvents: Scenario = {
  name: "progress-stands-behind-events",
  about: "no event up to the revision of a progress notification comes after it, however far behind the watch is",
  run: async () => {
    const tuning = { watchResponsesMax: 4, watchCatchUpRevisionsMax: 8 };
    const cluster = await NodeCluster.start({ size: 1, options: { tuning, progressNotifyMs: 50 } });
    try {
      const node = await cluster.elected();
      await cluster.writeAll(node, EVENTS);
      const stream = node.watch.openStream(() => {});
      // Far behind: it reads history in small pieces while it asks for progress again and again.
      stream.create(watchOf({ startRevision: 2n, progressNotify: true }));
      let [received, promised] = [0, 0n];
      for (let round = 0; received < EVENTS && round < 10 * EVENTS; round++) {
        stream.requestProgress();
        const responses = round % 3 === 0 ? drained(stream) : [];
        for (const { created, events, revision } of responses) {
          if (events.length === 0 && !created) promised = revision;
          for (const { kv } of events) {
            demand(kv.modRevision > promised, `revision ${kv.modRevision} comes after progress to ${promised}`);
            received += 1;
          }
        }
        await cluster.clock.advance(10);
      }
      demandEqual(received, EVENTS, "events received");
    } finally {
      await cluster.close();
    }
  },
};

const EVENTS = 300;
