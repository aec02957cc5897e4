/** How a cluster is born, and how a member notices that this is no birth. */
import { describe, expect, it } from "vitest";
import { committedEntries, memberOf, peerUrl, RecoveredMachine, THREE } from "../../testing/recovered-machine.js";
import type { ClusterDescription } from "../peer-network.js";
import { initialClusterOf } from "./identity.js";
import { StartRefusedError } from "./start-refused.js";

const CLUSTER = initialClusterOf(THREE, "etcd-cluster");
const idOf = (name: string): bigint =>
  CLUSTER.members.find(({ peerUrls }) => peerUrls.includes(peerUrl(name)))?.id as bigint;
const OWN = idOf("n1").toString(16);
const HERE = CLUSTER.clusterId.toString(16);

function machineOf(name: string): RecoveredMachine {
  return new RecoveredMachine({ name, peerUrls: [peerUrl(name)], initialCluster: THREE });
}

/** The cluster as a member of it tells it; by default before anybody has published a name. */
function description(names: Readonly<Record<string, string>> = {}): ClusterDescription {
  const members = THREE.map(({ name, peerUrls }) => memberOf(idOf(name), names[name] ?? "", peerUrls));
  return { clusterId: CLUSTER.clusterId, members, removed: [] };
}

describe("a new cluster", () => {
  it("begins with the same committed log on every member, each under its own id", async () => {
    const logs: unknown[] = [];
    for (const { name } of THREE) {
      const recovered = await machineOf(name).recover();
      expect(recovered.identity).toEqual({ clusterId: CLUSTER.clusterId, memberId: idOf(name) });
      expect(recovered.raft.status).toMatchObject({ role: "follower", term: 1, commitIndex: 3, lastIndex: 3 });
      logs.push(committedEntries(recovered));
      await recovered.wal.close();
    }
    expect(logs[0]).toHaveLength(3);
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[2]).toEqual(logs[0]);
  });

  it("does not depend on the order in which members and addresses were told", async () => {
    const told = [
      { name: "n1", peerUrls: ["http://a:1", "http://b:1"] },
      { name: "n2", peerUrls: ["http://c:1"] },
    ];
    const other = [
      { name: "n2", peerUrls: ["http://c:1"] },
      { name: "n1", peerUrls: ["http://b:1", "http://a:1"] },
    ];
    const start = (initialCluster: typeof told) =>
      new RecoveredMachine({ peerUrls: ["http://a:1", "http://b:1"], initialCluster }).recover();
    const [first, second] = [await start(told), await start(other)];
    expect(second.identity).toEqual(first.identity);
    expect(committedEntries(second)).toEqual(committedEntries(first));
  });

  it("asks the others, does not wait for those that are not up, and knows where they will be", async () => {
    const machine = machineOf("n1");
    const { knownPeers } = await machine.recover();
    expect(machine.tookMs).toBe(0);
    expect(machine.asked.sort()).toEqual([peerUrl("n2"), peerUrl("n3")]);
    expect(knownPeers.map(({ urls }) => urls[0]).sort()).toEqual([peerUrl("n2"), peerUrl("n3")]);
    expect(knownPeers.map(({ id }) => id)).toContain(idOf("n2"));
  });

  it("asks nobody when it has one member", async () => {
    const machine = new RecoveredMachine();
    const { raft, knownPeers } = await machine.recover();
    expect(machine.asked).toEqual([]);
    expect(knownPeers).toEqual([]);
    expect(raft.status).toMatchObject({ term: 1, commitIndex: 1, lastIndex: 1 });
  });

  it("goes on being born while others have begun already", async () => {
    const machine = machineOf("n3");
    machine.neighbours.set(peerUrl("n1"), { ...description(), members: [] });
    machine.neighbours.set(peerUrl("n2"), description({ n1: "n1", n2: "n2" }));
    expect((await machine.recover()).identity.memberId).toBe(idOf("n3"));
  });

  it("asks no more once its log is there", async () => {
    const machine = machineOf("n1");
    const identity = await machine.visit();
    machine.asked.length = 0;
    const { raft, wal } = await machine.recover();
    expect(machine.asked).toEqual([]);
    expect(raft.status).toMatchObject({ id: identity.memberId, term: 1, commitIndex: 3 });
    await wal.close();
  });
});

describe("no new cluster", () => {
  async function refused(answer: ClusterDescription): Promise<string> {
    const machine = machineOf("n1");
    // One member knows, the other one lags behind.
    machine.neighbours.set(peerUrl("n2"), { ...description(), clusterId: answer.clusterId });
    machine.neighbours.set(peerUrl("n3"), answer);
    const error = await machine.recover().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartRefusedError);
    expect(machine.disk.contents().size).toBe(0);
    return (error as Error).message;
  }

  it("is founded by a member that was started before and has lost its log", async () => {
    expect(await refused(description({ n1: "n1" }))).toBe(
      `member ${OWN} has been started in cluster ${HERE} before, and its log is not here. What it promised there is lost ` +
        "with the log, so it cannot come back under this id. Bring its data directory back, or remove the member " +
        `(member remove ${OWN}), add it again (member add), and start it with an empty data directory and ` +
        "--initial-cluster-state existing",
    );
  });

  it("is founded by a member that was removed", async () => {
    expect(await refused({ ...description(), removed: [idOf("n1")] })).toBe(
      `member ${OWN} was removed from cluster ${HERE}. To join again under a new id, remove its data directory, add it ` +
        "(member add), and start it with --initial-cluster-state existing",
    );
  });

  it("is founded beside a running one", async () => {
    expect(await refused({ ...description(), clusterId: 0xabcn })).toBe(
      "a member of --initial-cluster is running in cluster abc, and these settings would found cluster " +
        `${HERE}. Give --initial-cluster-state existing to join the running one; to found a cluster, give every member ` +
        "the same --initial-cluster and --initial-cluster-token and an empty data directory",
    );
  });

  it("is founded with an initial cluster that this member is not in", async () => {
    await expect(machineOf("n1").recover({ name: "n4" })).rejects.toThrow('initialCluster has no member "n4"');
    await expect(machineOf("n1").recover({ peerUrls: [peerUrl("n2")] })).rejects.toThrow(
      "initialCluster gives n1 the addresses http://n1:2380, but peerUrls is http://n2:2380",
    );
  });
});
