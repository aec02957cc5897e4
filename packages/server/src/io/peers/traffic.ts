/**
 * Classes of traffic: messages of one class keep their order and share a connection. What decides over elections and
 * reads is small and must be on time, so it never waits behind entries of the log.
 */
import type { Message } from "../../core/raft/types.js";

export type TrafficClass = "control" | "append";

/** What a message weighs besides its entries' data, and an entry besides its data, in bytes; a generous guess. */
const OVERHEAD_BYTES = 64;

/** Undefined for a snapshot, which travels on a stream of its own. */
export function trafficClass({ type }: Message): TrafficClass | undefined {
  switch (type) {
    case "append":
    case "append-response":
    case "propose":
      return "append";
    case "snapshot":
      return undefined;
    default:
      return "control";
  }
}

/** Roughly what the message takes on the wire. */
export function messageBytes(message: Message): number {
  let bytes = OVERHEAD_BYTES;
  if (message.type === "append" || message.type === "propose") {
    for (const { data } of message.entries) bytes += OVERHEAD_BYTES + data.length;
  }
  return bytes;
}
