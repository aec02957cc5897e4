/** Administration through the client: members, the lead, health and snapshots of a cluster of Kvorum nodes. */
import { createHash } from "node:crypto";
import { type Client, createClient, type Member, prefix } from "@kvorum/client";
import { type KvorumCluster, type KvorumNode, startCluster, startNode } from "@kvorum/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/process.js";

let cluster: KvorumCluster;
let client: Client;

beforeAll(async () => {
  cluster = await startCluster();
  client = createClient({ endpoints: cluster.endpoints, syncMembers: false });
  await client.put("a", "1");
});
afterAll(async () => {
  await client?.close();
  await cluster?.close();
});

function memberOf(members: readonly Member[], id: bigint): Member | undefined {
  return members.find((member) => member.id === id);
}

function followerOf({ nodes, leader }: KvorumCluster): KvorumNode {
  const follower = [...nodes.values()].find((node) => node !== leader);
  if (follower === undefined) throw new Error("all lead");
  return follower;
}

/** Repeats what is refused until it has become possible. */
async function eventually<T>(attempt: () => Promise<T>, reason: string): Promise<T> {
  for (let left = 100; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || (error as { reason?: unknown }).reason !== reason) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

describe("administration of a cluster of three", () => {
  it("names what the cluster refuses, and sends nothing that has no address", async () => {
    const { members } = await client.cluster.memberList({ consistency: "serializable" });
    const [first, second] = members;
    if (first === undefined || second === undefined) throw new Error("no members");
    await expect(client.cluster.memberRemove(99n)).rejects.toMatchObject({ reason: "member-not-found" });
    await expect(client.cluster.memberUpdate(first.id, second.peerUrls)).rejects.toMatchObject({
      reason: "peer-url-exists",
    });
    await expect(client.cluster.memberUpdate(first.id, [])).rejects.toThrow(TypeError);
    const { members: same } = await client.cluster.memberUpdate(first.id, first.peerUrls);
    expect(memberOf(same, first.id)).toEqual(first);
  });

  it("moves the lead from wherever it is, and says so when the member that was named does not lead", async () => {
    const target = followerOf(cluster);
    const endpoint = target.endpoints[0] as string;
    const misdirected = client.maintenance.moveLeader(target.memberId, { endpoint });
    await expect(misdirected).rejects.toMatchObject({ reason: "not-leader", endpoint });
    await client.maintenance.moveLeader(target.memberId);
    expect(cluster.leader).toBe(target);
    expect(await client.maintenance.status({ endpoint })).toMatchObject({ leader: target.memberId, isLearner: false });
    await expect(client.maintenance.moveLeader(99n)).rejects.toMatchObject({ reason: "bad-leader-transferee" });
  });

  it("finds the same hash at every member, no alarm, and a file that defragments", async () => {
    const { header } = await client.put("b", "2");
    const hashes = await Promise.all(
      cluster.endpoints.map((endpoint) => client.maintenance.hashKv({ endpoint, revision: header.revision })),
    );
    expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(1);
    expect(hashes[0]?.hashRevision).toBe(header.revision);
    expect((await client.maintenance.hash()).hash).toBeGreaterThan(0);
    expect(await client.maintenance.alarms()).toEqual([]);
    expect(await client.maintenance.clearAlarms()).toEqual([]);
    await client.maintenance.defragment({ endpoint: cluster.endpoints[0] as string });
  });

  it("checks a downgrade, announces it, and calls it off", async () => {
    const { downgrade } = client.maintenance;
    await expect(downgrade.validate("3.4")).rejects.toMatchObject({ reason: "downgrade-version-invalid" });
    await downgrade.validate("3.5");
    await downgrade.enable("3.5");
    expect((await client.maintenance.status()).downgradeTo).toBe("3.5.0");
    await expect(downgrade.enable("3.5")).rejects.toMatchObject({ reason: "downgrade-in-process" });
    await downgrade.cancel();
    expect((await client.maintenance.status()).downgradeTo).toBeUndefined();
  });

  it("gives a snapshot that ends with its own digest, and its version before", async () => {
    const snapshot = client.maintenance.snapshot({ endpoint: cluster.endpoints[1] as string });
    const reader = snapshot.getReader();
    const chunks: Uint8Array[] = [];
    for (let part = await reader.read(); !part.done; part = await reader.read()) chunks.push(part.value);
    const file = Buffer.concat(chunks);
    expect(await snapshot.version).toMatch(/^3\.\d+\.0$/);
    expect(createHash("sha256").update(file.subarray(0, -32)).digest()).toEqual(file.subarray(-32));
  });

  it("sees a member that is down, and that the others go on", async () => {
    expect(await client.health()).toMatchObject({ healthy: true, serving: true, leader: cluster.leader?.memberId });
    const { name, endpoints, memberId } = followerOf(cluster);
    const before = await client.health({ endpoint: endpoints[0] as string });
    expect(before.endpoints).toMatchObject([{ memberId, serving: true, lag: 0n, alarms: [], error: undefined }]);
    await cluster.stop(name);
    const { leader } = cluster;
    const health = await client.health();
    expect(health).toMatchObject({ healthy: false, serving: true, leader: leader?.memberId });
    for (const one of health.endpoints) {
      if (one.endpoint === endpoints[0]) {
        expect(one).toMatchObject({ reachable: false, serving: false, leader: undefined, lag: undefined });
        expect(one.error).toMatchObject({ code: "UNAVAILABLE", endpoint: endpoints[0] });
      } else {
        expect(one).toMatchObject({ reachable: true, serving: true, leader: leader?.memberId, error: undefined });
        expect(one.dbSize).toBeGreaterThan(0n);
        expect(one.raftTerm).toBeGreaterThan(0n);
      }
    }
    await cluster.start(name);
    expect(await client.count(prefix(""))).toBe(2n);
  });
});

describe("administration of a cluster of one", () => {
  // Members of a larger cluster change nothing before they have known their peers for five seconds, as in etcd.
  it("adds and removes a learner, adds another, lets it catch up and makes a voter of it", async () => {
    await using small = await startCluster({ size: 1 });
    await using root = createClient({ endpoints: small.endpoints, syncMembers: false });
    await root.put("a", "1");
    const peerUrls = [`http://127.0.0.1:${await freePort()}`];
    const { member } = await root.cluster.memberAddAsLearner(["http://127.0.0.1:1"]);
    expect((await root.cluster.memberRemove(member.id)).members).toHaveLength(1);
    await expect(root.cluster.memberPromote(member.id)).rejects.toMatchObject({ reason: "member-not-found" });
    const added = await root.cluster.memberAddAsLearner(peerUrls);
    expect(added.member).toMatchObject({ peerUrls, isLearner: true, name: "" });
    expect(added.members).toHaveLength(2);
    await expect(root.cluster.memberPromote(added.member.id)).rejects.toMatchObject({ reason: "learner-not-ready" });
    const initialCluster = added.members.map(({ name, peerUrls: urls }) => ({ name: name || "late", peerUrls: urls }));
    const joining = { initialCluster, initialClusterState: "existing", peerUrls, listenPeerUrls: peerUrls } as const;
    await using late = await startNode({ name: "late", ...joining });
    const promoted = await eventually(() => root.cluster.memberPromote(added.member.id), "learner-not-ready");
    expect(memberOf(promoted.members, added.member.id)).toMatchObject({ name: "late", isLearner: false });
    await using own = createClient({ endpoints: late.endpoints, syncMembers: false });
    expect((await own.get("a"))?.value).toBe("1");
  });
});
