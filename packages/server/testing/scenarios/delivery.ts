/** Messages that a story brings to their member itself, past the network and its order. */
import { decodeMessage, encodeMessage, RaftMessageSchema } from "@kvorum/proto";
import type { Message } from "../../src/core/raft/types.js";
import { toMessage, toRaftMessage } from "../../src/io/wire/message.js";
import { initialMember, type NodeCluster } from "../node-cluster.js";

/** Hands the message over in memory of its own, and writes over that when the member has taken it. Lost if it is not there. */
export function deliver(cluster: NodeCluster, message: Message): void {
  const target = cluster.nodes.find(({ header }) => header.memberId === message.to);
  if (target === undefined) return;
  const frame = encodeMessage(RaftMessageSchema, toRaftMessage(message));
  const { peerUrls } = initialMember(cluster.nameOf(target));
  cluster.network.at(peerUrls)?.running?.handlers.receive(toMessage(decodeMessage(RaftMessageSchema, frame)));
  frame.fill(0xdb);
}
