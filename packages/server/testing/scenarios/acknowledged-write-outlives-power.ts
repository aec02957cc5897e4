/** A member that has said yes keeps its word when the power goes at that moment: Raft's "persist before you answer". */
import { NodeCluster, put, read } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const acknowledgedWriteOutlivesPower: Scenario = {
  name: "acknowledged-write-outlives-power",
  about: "a write that was acknowledged is there after the power went, on a single member and on a majority",
  run: async () => {
    for (const size of [1, 3]) for (const syncMs of [0, 7]) await loseEverything(size, syncMs);
  },
};

/** Every member loses its power in the moment in which the answer arrives, round after round. */
async function loseEverything(size: number, syncMs: number): Promise<void> {
  const cluster = await NodeCluster.start({ size, diskDelayMs: (_, call) => (call === "sync" ? syncMs : 0) });
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const leader = await cluster.elected();
      const names = cluster.nodes.map((node) => cluster.nameOf(node));
      let fallen: Promise<unknown> | undefined;
      const acknowledged = leader.propose(put("k", String(round))).then(() => {
        fallen = Promise.all(names.map((name) => cluster.kill(name)));
      });
      await cluster.within(acknowledged);
      await fallen;
      await Promise.all(names.map((name) => cluster.boot(name)));
      const node = await cluster.elected();
      demandEqual(
        await cluster.within(read(node, "k")),
        String(round),
        `k of ${size} members whose disks take ${syncMs} ms, after round ${round}`,
      );
    }
  } finally {
    await cluster.close();
  }
}

const ROUNDS = 5;
