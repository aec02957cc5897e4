/** Watchers may share work inside the server, and must not notice. */
import type { Operation } from "../../src/core/mvcc/operations.js";
import { NodeCluster, put } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";
import { drained, told, watchOf } from "./watch-story.js";

export const eachEventOnce: Scenario = {
  name: "each-event-once",
  about:
    "watches of the same and of overlapping ranges get each change of a transaction once, and only those of their keys",
  run: async () => {
    const cluster = await NodeCluster.start({ size: 1 });
    try {
      const node = await cluster.elected();
      const stream = node.watch.openStream(() => {});
      for (const [i, prefix] of PREFIXES.entries()) stream.create(watchOf({ prefix, watchId: i + 1 }));
      const late = node.watch.openStream(() => {});
      const success: Operation[] = KEYS.map((key) => put(key, "1"));
      for (let i = 0; i < 3; i++) {
        await cluster.within(node.propose({ kind: "txn", compare: [], success, failure: [] }));
      }
      // The same once more through history.
      for (const [i, prefix] of PREFIXES.entries()) {
        late.create(watchOf({ prefix, watchId: i + 1, startRevision: 2n }));
      }
      await cluster.clock.advance(1_000);
      for (const responses of [drained(stream), drained(late)]) {
        for (const [i, prefix] of PREFIXES.entries()) {
          const keys = KEYS.filter((key) => key.startsWith(prefix));
          const wanted = [2, 3, 4].flatMap((revision) => keys.map((key) => `put ${key}@${revision}`));
          demandEqual(told(responses, i + 1), wanted, `what a watch of ${prefix || "everything"} was told`);
        }
      }
    } finally {
      await cluster.close();
    }
  },
};

const KEYS = ["a1", "a2", "b1", "b2"];
/** Some of them twice: those watch the same. */
const PREFIXES = ["", "a", "b", "a1", "b2", "", "a"];
