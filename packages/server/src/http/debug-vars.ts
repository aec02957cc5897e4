/** `/debug/vars`: the state of the process and of Raft as one JSON object, under the keys of etcd's. */
import { readFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import type { RaftStatus } from "../core/raft/types.js";
import type { NodeApi } from "../node/api.js";
import type { Endpoint } from "./endpoints.js";

/** Keys are Go's names where the thing is the same; its ids are hexadecimal, as everywhere in logs. */
export function debugVars(node: NodeApi): Endpoint {
  return () => ({
    status: 200,
    contentType: "application/json; charset=utf-8",
    body: JSON.stringify({
      // The program without its arguments: an embedding process may have secrets there.
      cmdline: process.argv.slice(0, 2),
      file_descriptor_limit: fileDescriptorLimit(),
      memstats: memory(),
      "raft.status": raft(node.raftStatus),
    }),
  });
}

function memory(): Record<string, number> {
  const { heapTotal, heapUsed, rss, external, arrayBuffers } = process.memoryUsage();
  const { heap_size_limit: heapLimit } = getHeapStatistics();
  return {
    Sys: rss,
    HeapSys: heapTotal,
    HeapAlloc: heapUsed,
    HeapLimit: heapLimit,
    External: external,
    ArrayBuffers: arrayBuffers,
  };
}

function raft(status: RaftStatus): object {
  const { id, term, lead, role, commitIndex, appliedIndex, transferee, confState } = status;
  const hex = (one: bigint): string => one.toString(16);
  return {
    ...{ id: hex(id), term, lead: hex(lead), raftState: `State${role.charAt(0).toUpperCase()}${role.slice(1)}` },
    ...{ commit: commitIndex, applied: appliedIndex, leadtransferee: hex(transferee) },
    ...{ voters: confState.voters.map(hex), learners: confState.learners.map(hex) },
  };
}

/** 0 where the system does not tell. */
function fileDescriptorLimit(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
