/**
 * What a member keeps of a message is its own. The frame that brought the message belongs to the connection, which may put
 * the next one in its place.
 */
import type { EtcdNode } from "../../src/node/node.js";
import { NodeCluster, put, read } from "../node-cluster.js";
import { deliver } from "./delivery.js";
import { outcomeOf } from "./outcome.js";
import { demand, demandEqual, type Scenario } from "./scenario.js";

export const frameIsNotKept: Scenario = {
  name: "frame-is-not-kept",
  about: "entries are what was proposed, though the memory in which they arrived is written over at once",
  run: async () => {
    let overwriting = false;
    const cluster: NodeCluster = await NodeCluster.start({
      network: {
        fate: (message) => {
          if (!overwriting) return undefined;
          cluster.clock.setTimer(1, () => deliver(cluster, message));
          return "lost";
        },
      },
    });
    try {
      const outcome = (node: EtcdNode, key: string, value: string): Promise<string> =>
        cluster.within(outcomeOf(node.propose(put(key, value))));
      const leader = await cluster.elected();
      overwriting = true;
      for (let i = 0; i < 5; i++) {
        const follower = await cluster.follower();
        demandEqual(await outcome(leader, `led${i}`, `value ${i}`), "done", `a write of the leader's, the ${i + 1}th`);
        demandEqual(await outcome(follower, `forwarded${i}`, `value ${i}`), "done", `a follower's, the ${i + 1}th`);
      }
      for (const node of cluster.nodes) {
        const name = cluster.nameOf(node);
        for (let i = 0; i < 5; i++) {
          demandEqual(await cluster.within(read(node, `led${i}`)), `value ${i}`, `led${i} on ${name}`);
          demandEqual(await cluster.within(read(node, `forwarded${i}`)), `value ${i}`, `forwarded${i} on ${name}`);
        }
      }
      demand((await cluster.hashes()).size === 1, "all members hold the same");
    } finally {
      await cluster.close();
    }
  },
};
