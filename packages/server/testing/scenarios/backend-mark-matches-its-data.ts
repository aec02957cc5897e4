/**
 * The backend says up to which entry of the log it holds the effects, and a member that starts applies what comes after. A
 * mark ahead of the data loses writes, one behind it repeats them: etcd has done both.
 */
import { MemoryBackend, MemoryStore } from "../../src/io/backend/memory-backend.js";
import { get, NodeCluster, put } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const backendMarkMatchesItsData: Scenario = {
  name: "backend-mark-matches-its-data",
  about:
    "every acknowledged write has had its effect once, whenever the process died and whatever was committed by then",
  run: async () => {
    // As with a database that flushes every commit: what was committed is there after the kill.
    const store = new MemoryStore();
    const cluster = await NodeCluster.start({ size: 1, options: { backend: new MemoryBackend(store) } });
    let puts = 0;
    try {
      // The member itself and its name are committed by then.
      await cluster.clock.advance(1_000);
      for (const { afterMs, defragments } of DEATHS) {
        const node = await cluster.elected();
        for (let i = 0; i < PUTS; i++) await cluster.within(node.propose(put("k", String(++puts))));
        if (defragments) await cluster.within(node.defragment());
        await cluster.clock.advance(afterMs);
        await cluster.kill("n1");
        await cluster.boot("n1", { backend: new MemoryBackend(store) });
        const again = await cluster.elected();
        const { kvs } = await cluster.within(again.range(get("k")));
        const story = `${puts} puts of k, ${afterMs} ms and a kill${defragments ? " after a defragmentation" : ""}`;
        demandEqual(kvs[0]?.version, BigInt(puts), `version after ${story}`);
        demandEqual(again.header.revision, BigInt(puts + 1), `revision after ${story}`);
      }
    } finally {
      await cluster.close();
    }
  },
};

const PUTS = 5;
/** Within an interval of commits, at its end, and behind it. */
const DEATHS = [0, 20, 40, 90, 150].flatMap((afterMs) =>
  [false, true].map((defragments) => ({ afterMs, defragments })),
);
