/**
 * A real etcd that is asked to change its members gets the time to finish the change before. 3.4.23 answers such a call when
 * the change is applied, a moment before its Raft has heard of that, and there drops another one that comes in between:
 * nobody answers it any more, and it ends with its deadline (13 of 15,000 calls in a row, beside six busy processes; none of
 * 18,000 with the read below). Raft gives an answer to a linearizable read only after it has taken note of what was applied.
 */
import { Cluster, KV } from "@kvorum/proto";
import { type CallOptions, RpcError } from "@kvorum/transport";
import type { Caller } from "./evidence.js";

const CHANGES: ReadonlySet<unknown> = new Set([
  Cluster.method.memberAdd,
  Cluster.method.memberRemove,
  Cluster.method.memberUpdate,
  Cluster.method.memberPromote,
]);

/** The same channel; a linearizable read goes before every change of members. That one may fail: the change says more. */
export function unhurried(channel: Caller): Caller {
  return {
    unary: async (method, request, options) => {
      if (CHANGES.has(method)) await readOnce(channel, options);
      return channel.unary(method, request, options);
    },
    stream: (method, requests, options) => channel.stream(method, requests, options),
  };
}

async function readOnce(channel: Caller, { metadata = {} }: CallOptions = {}): Promise<void> {
  try {
    await channel.unary(
      KV.method.range,
      { key: Buffer.from("members"), countOnly: true },
      { timeoutMs: 1000, metadata },
    );
  } catch (error) {
    // No quorum, no permission, a learner.
    if (!(error instanceof RpcError)) throw error;
  }
}
