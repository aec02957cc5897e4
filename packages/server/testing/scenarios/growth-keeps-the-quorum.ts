/** A cluster takes a voter where it can bear one more, and only there: etcd's issue 21667. */
import { initialMember, NodeCluster } from "../node-cluster.js";
import { outcomeOf } from "./outcome.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const growthKeepsTheQuorum: Scenario = {
  name: "growth-keeps-the-quorum",
  about: "with one of three members down a fourth is refused, with one of five down a sixth is taken",
  run: async () => {
    demandEqual(await outcomeOfAdding(1), "done", "a second voter beside a lonely one");
    demandEqual(await outcomeOfAdding(3), "unhealthy", "a fourth voter while one of three is down");
    demandEqual(await outcomeOfAdding(5), "done", "a sixth voter while one of five is down");
  },
};

/** What an operator hears who adds a voter to so many, of which one that does not lead is down if there are more. */
async function outcomeOfAdding(size: number): Promise<string> {
  const cluster = await NodeCluster.start({ size });
  try {
    await cluster.clock.advance(6000);
    if (size > 1) await cluster.kill(cluster.nameOf(await cluster.follower()));
    await cluster.clock.advance(6000);
    const leader = await cluster.elected();
    const { peerUrls } = initialMember("added");
    const added = leader.changeMembers({ kind: "add", peerUrls, isLearner: false });
    return await cluster.within(outcomeOf(added));
  } finally {
    await cluster.close();
  }
}
