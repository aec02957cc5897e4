/** The end of a write that nobody was told about may be lost, and nothing else: etcd's issues 14098 and 15069. */
import { NodeCluster, put, read } from "../node-cluster.js";
import { startAgain } from "./outcome.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const tornLogIsMended: Scenario = {
  name: "torn-log-is-mended",
  about: "a member starts again when the power goes in the middle of a write of its log, and has what it acknowledged",
  run: async () => {
    // Which of the write's nine sectors reached the disk: none, the first, the last, every other one.
    for (const survives of [(): boolean => false, isFirst, (nth: number) => nth > 6, (nth: number) => nth % 2 === 1]) {
      await tear(survives);
    }
  },
};

async function tear(survives: (nth: number) => boolean): Promise<void> {
  let failing = false;
  const cluster = await NodeCluster.start({
    size: 1,
    beforeDisk: (_, { type, path }) => {
      if (failing && type === "sync" && path.startsWith("/wal")) throw new Error("the power goes");
    },
  });
  try {
    await cluster.writeAll(cluster.node("n1"), 5);
    failing = true;
    const torn = cluster.node("n1").propose(put("torn", "x".repeat(4000)));
    torn.catch(() => {});
    await cluster.within(cluster.node("n1").failed);
    failing = false;
    let nth = 0;
    await cluster.kill("n1", { sectorSurvives: () => survives(nth++) });
    for (let round = 0; round < 2; round++) {
      await startAgain(cluster, "n1");
      const node = await cluster.elected();
      demandEqual(await cluster.within(read(node, "k4")), "4", "what was written before the tear");
      if (round === 1) demandEqual(await cluster.within(read(node, "k0")), "again", "what was written behind it");
      await cluster.within(node.propose(put("k0", "again")));
      await cluster.kill("n1");
    }
  } finally {
    await cluster.close();
  }
}

function isFirst(nth: number): boolean {
  return nth === 0;
}
