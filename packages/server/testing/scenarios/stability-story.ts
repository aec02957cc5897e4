/** What the stories of a leader that is to keep its office have in common. */
import type { NodeCluster } from "../node-cluster.js";
import { demandEqual } from "./scenario.js";

/** The term and the leader, as every member sees them. */
export function officeOf(cluster: NodeCluster): { readonly term: number; readonly lead: bigint } {
  const { term, lead } = cluster.leader?.raftStatus ?? { term: 0, lead: 0n };
  return { term, lead };
}

/** Demands that nobody has left the term or the leader that there were. */
export function demandSameOffice(cluster: NodeCluster, before: ReturnType<typeof officeOf>, after: string): void {
  for (const node of cluster.nodes) {
    const { term, lead } = node.raftStatus;
    demandEqual({ term, lead }, before, `term and leader on ${cluster.nameOf(node)} after ${after}`);
  }
}
