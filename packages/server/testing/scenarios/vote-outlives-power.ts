/** A member that lost its power votes no second time in a term: Raft paper, figure 2 and §5.2. */
import { NodeCluster } from "../node-cluster.js";
import { demand, type Scenario } from "./scenario.js";

export const voteOutlivesPower: Scenario = {
  name: "vote-outlives-power",
  about: "no term has two leaders, though a voter loses its power in the moment in which it writes its vote down",
  run: async () => {
    /** Who has written to its log since the leader was cut off: the candidate its own vote, then the voter. */
    const written: string[] = [];
    let voting = false;
    const cluster: NodeCluster = await NodeCluster.start({
      beforeDisk: (name, { type, path }) => {
        if (!voting || type !== "sync" || !path.startsWith("/wal")) return;
        if (!written.includes(name)) written.push(name);
        if (written.indexOf(name) === 1) throw new Error("the power goes");
      },
    });
    try {
      const leaders = new Map<number, bigint>();
      const old = await cluster.elected();
      await cluster.clock.advance(1000);
      voting = true;
      cluster.network.isolate(old.header.memberId);
      await cluster.until(() => written.length === 2);
      await advance(cluster, leaders, 200);
      voting = false;
      const [candidate = "", voter = ""] = written;
      await cluster.kill(voter);
      // Until the old leader has given up, or it would go on with the voter in its own term.
      await advance(cluster, leaders, 3000);
      cluster.network.heal();
      cluster.network.isolate(cluster.node(candidate).header.memberId);
      await cluster.boot(voter);
      await advance(cluster, leaders, 10_000);
      const others = cluster.nodes.filter((node) => node !== cluster.node(candidate));
      demand(new Set(others.map(({ raftStatus }) => raftStatus.lead)).size === 1, "two of three members have a leader");
    } finally {
      await cluster.close();
    }
  },
};

/** Time passes, and whoever is seen to lead a term is its only leader. */
async function advance(cluster: NodeCluster, leaders: Map<number, bigint>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    await cluster.clock.advance(10);
    for (const { raftStatus } of cluster.nodes) {
      const { role, term, id } = raftStatus;
      if (role !== "leader") continue;
      const known = leaders.get(term) ?? id;
      demand(known === id, `term ${term} has two leaders, ${known.toString(16)} and ${id.toString(16)}`);
      leaders.set(term, id);
    }
  }
}
