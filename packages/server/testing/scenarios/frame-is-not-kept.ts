/**
 * What a member keeps of a message is its own. The frame that brought the message belongs to the connection, which may put
 * the next one in its place.
 */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { RaftMessageSchema } from "@kvorum/proto";
import type { Message } from "../../src/core/raft/types.js";
import { toMessage, toRaftMessage } from "../../src/io/wire/message.js";
import type { EtcdNode } from "../../src/node/node.js";
import { initialMember, NodeCluster, put, read } from "../node-cluster.js";
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
        cluster.within(node.propose(put(key, value)).then(() => "done", String));
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

/** Hands the message over in memory of its own, and writes over that when the member has taken it. */
function deliver(cluster: NodeCluster, message: Message): void {
  const target = cluster.nodes.find((node) => node.header.memberId === message.to);
  if (target === undefined) return;
  const frame = toBinary(RaftMessageSchema, toRaftMessage(message));
  const { peerUrls } = initialMember(cluster.nameOf(target));
  cluster.network.at(peerUrls)?.running?.handlers.receive(toMessage(fromBinary(RaftMessageSchema, frame)));
  frame.fill(0xdb);
}
