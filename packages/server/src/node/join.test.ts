/** Joining a cluster that exists: n4 was added to the cluster of n1 to n3. */
import { describe, expect, it } from "vitest";
import { memberOf, peerUrl, RecoveredMachine, THREE } from "../../testing/recovered-machine.js";
import type { Member } from "../core/apply/command.js";
import type { ClusterDescription } from "../peer-network.js";
import { StartRefusedError } from "./start-refused.js";

const FOUR = [...THREE, { name: "n4", peerUrls: [peerUrl("n4"), "http://10.0.0.4:2380"] }];
const RUNNING = THREE.map(({ name, peerUrls }, i) => memberOf(BigInt(i + 1), name, peerUrls));
const ADDED = memberOf(4n, "", ["http://10.0.0.4:2380", peerUrl("n4")]);

function cluster(members: readonly Member[], changes: Partial<ClusterDescription> = {}): ClusterDescription {
  return { clusterId: 77n, members, removed: [], ...changes };
}

function joiner(...answers: readonly (ClusterDescription | undefined)[]): RecoveredMachine {
  const machine = new RecoveredMachine({
    name: "n4",
    peerUrls: [peerUrl("n4"), "http://10.0.0.4:2380"],
    initialCluster: FOUR,
    initialClusterState: "existing",
  });
  answer(machine, ...answers);
  return machine;
}

/** What n1, n2 and n3 answer from now on. */
function answer(machine: RecoveredMachine, ...answers: readonly (ClusterDescription | undefined)[]): void {
  for (const [i, description] of answers.entries()) {
    const url = peerUrl(`n${i + 1}`);
    if (description === undefined) machine.neighbours.delete(url);
    else machine.neighbours.set(url, description);
  }
}

describe("a member that joins", () => {
  it("finds its id by its peer URLs and begins with an empty log and configuration", async () => {
    const machine = joiner(cluster([...RUNNING, ADDED]));
    const { identity, raft, knownPeers } = await machine.recover();
    expect(identity).toEqual({ clusterId: 77n, memberId: 4n });
    expect(raft.status).toMatchObject({
      term: 0,
      commitIndex: 0,
      lastIndex: 0,
      confState: { voters: [], learners: [] },
    });
    expect(raft.hasReady()).toBe(false);
    expect(knownPeers).toEqual(RUNNING.map(({ id, peerUrls }) => ({ id, urls: peerUrls })));
    expect(machine.tookMs).toBe(0);
  });

  it("does not care that a member lags behind and has not heard of it", async () => {
    const { identity } = await joiner(cluster(RUNNING), undefined, cluster([...RUNNING, ADDED])).recover();
    expect(identity.memberId).toBe(4n);
  });

  it("waits for the cluster to answer and for its admission to get around", async () => {
    const machine = joiner();
    let rounds = 0;
    const { identity } = await machine.recover({}, () => {
      rounds++;
      if (rounds === 4) answer(machine, cluster(RUNNING));
      if (rounds === 7) answer(machine, cluster([...RUNNING, ADDED]));
    });
    expect(identity.memberId).toBe(4n);
    expect(machine.tookMs).toBeGreaterThan(0);
    expect(machine.tookMs).toBeLessThan(3000);
  });

  it("gives up on a silent cluster after half a minute and names whom it asked", async () => {
    const machine = joiner();
    expect(await machine.refusal()).toBe(
      "no member of the cluster to join answers; asked were http://n1:2380, http://n2:2380, http://n3:2380 of --initial-cluster",
    );
    expect(machine.tookMs).toBeGreaterThan(25_000);
    expect(machine.tookMs).toBeLessThanOrEqual(30_000);
    expect(machine.disk.contents().size).toBe(0);
  });

  it("is told to be added first", async () => {
    const machine = joiner(cluster(RUNNING));
    expect(await machine.refusal()).toBe(
      "the cluster has no member with the peer URLs http://n4:2380,http://10.0.0.4:2380: add it first (member add " +
        "--peer-urls=http://n4:2380,http://10.0.0.4:2380). Its members are n1=http://n1:2380, n2=http://n2:2380, n3=http://n3:2380",
    );
    expect(machine.tookMs).toBeLessThanOrEqual(3000);
  });

  it("is told what differs between its list and the cluster's", async () => {
    const moved = memberOf(3n, "n3", ["http://elsewhere:2380"]);
    expect(await joiner(cluster([...RUNNING.slice(0, 2), moved, ADDED])).refusal()).toBe(
      "--initial-cluster and the cluster's member list differ: only --initial-cluster has http://n3:2380, only the cluster has http://elsewhere:2380",
    );
    expect(await joiner(cluster([...RUNNING, memberOf(5n, "n5", ["http://n5:2380"]), ADDED])).refusal()).toBe(
      "--initial-cluster and the cluster's member list differ: only the cluster has http://n5:2380",
    );
  });

  it("is refused under an id that was started before, whoever knows of it", async () => {
    const before = cluster([...RUNNING, { ...ADDED, name: "n4" }]);
    const machine = joiner(cluster([...RUNNING, ADDED]), before);
    const error = await machine.recover().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartRefusedError);
    expect((error as Error).message).toMatch(
      /^member 4 has been started in cluster 4d before, and its log is not here\./,
    );
    expect(machine.disk.contents().size).toBe(0);
  });

  it("is refused when another member knows that it was removed", async () => {
    const machine = joiner(cluster([...RUNNING, ADDED]), cluster(RUNNING, { removed: [4n] }));
    expect(await machine.refusal()).toMatch(/^member 4 was removed from cluster 4d\. To join again under a new id/);
  });

  it("is refused when it was told of two clusters, or of none", async () => {
    const machine = joiner(cluster([...RUNNING, ADDED]), cluster([...RUNNING, ADDED], { clusterId: 78n }));
    expect(await machine.refusal()).toBe(
      "the members of --initial-cluster are not one cluster: some are of 4d, some of 4e",
    );
    expect(await machine.refusal({ initialCluster: FOUR.slice(3) })).toBe(
      "--initial-cluster-state is existing, but --initial-cluster names no other member: give all members of the cluster to join",
    );
  });
});

describe("a member that was joining when it stopped", () => {
  it("goes on under its id, even if the list it was told is of the past by now", async () => {
    const machine = joiner(cluster([...RUNNING, ADDED]));
    const identity = await machine.visit();
    answer(machine, cluster([...RUNNING.slice(1), memberOf(6n, "n6", [peerUrl("n6")]), ADDED]));
    const { identity: again, knownPeers, raft } = await machine.recover();
    expect(again).toEqual(identity);
    expect(knownPeers.map(({ id }) => id)).toEqual([2n, 3n, 6n]);
    expect(raft.status.lastIndex).toBe(0);
  });

  it("asks nobody once something has reached it", async () => {
    const machine = joiner(cluster([...RUNNING, ADDED]));
    const { wal } = await machine.recover();
    await wal.append({ hardState: { term: 3, vote: 0n, commit: 0 }, mustSync: true });
    await wal.close();
    machine.asked.length = 0;
    answer(machine, undefined, undefined, undefined);
    const { raft, knownPeers } = await machine.recover({ initialClusterState: "new" });
    expect(machine.asked).toEqual([]);
    expect(knownPeers).toEqual([]);
    expect(raft.status.term).toBe(3);
  });

  it("founds no cluster with what it has", async () => {
    const machine = joiner(cluster([...RUNNING, ADDED]));
    await machine.visit();
    answer(machine, undefined);
    expect(await machine.refusal({ initialClusterState: "new" })).toMatch(
      /^the log in \/wal is that of member 4 of cluster 4d and still empty, and these settings would found cluster [0-9a-f]+ as member [0-9a-f]+\. Give --initial-cluster-state existing if the member was joining; else remove its data directory$/,
    );
  });

  it("is refused by another cluster and after its removal", async () => {
    const machine = joiner(cluster([...RUNNING, ADDED]));
    await machine.visit();
    answer(machine, cluster([...RUNNING, ADDED], { clusterId: 78n }));
    expect(await machine.refusal()).toBe(
      "this member belongs to cluster 4d, but those of --initial-cluster are of cluster 4e",
    );
    answer(machine, cluster(RUNNING, { removed: [4n] }));
    expect(await machine.refusal()).toMatch(/^member 4 was removed from cluster 4d\./);
  });
});
