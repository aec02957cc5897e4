/** A learner votes when it is ready and an operator says so, not before: etcd's issues 15096 and 21736. */
import { initialMember, NodeCluster } from "../node-cluster.js";
import { outcomeOf } from "./outcome.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";

export const learnerStaysALearner: Scenario = {
  name: "learner-stays-a-learner",
  about: "a learner that never started cannot be promoted, and new addresses leave it a learner",
  run: async () => {
    const cluster = await NodeCluster.start();
    try {
      const leader = await cluster.elected();
      await cluster.clock.advance(6000);
      const { peerUrls } = initialMember("n4");
      const added = await cluster.within(leader.changeMembers({ kind: "add", peerUrls, isLearner: true }));
      const id = added.member?.id ?? 0n;
      const isLearner = (): boolean => leader.members.some((member) => member.id === id && member.isLearner);
      const promoted = await cluster.within(outcomeOf(leader.changeMembers({ kind: "promote", id })));
      demandEqual(promoted, "learnerNotReady", "the promotion of a learner that never started");
      demand(isLearner(), "what was not promoted is a learner");
      const moved = ["http://elsewhere:2380"];
      await cluster.within(leader.changeMembers({ kind: "update", id, peerUrls: moved }));
      demandEqual(leader.members.find((member) => member.id === id)?.peerUrls, moved, "the learner's new addresses");
      demand(isLearner(), "a learner with new addresses is a learner");
    } finally {
      await cluster.close();
    }
  },
};
