/** Members over real sockets in one process: what somebody's test of their own service starts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster, KV, Maintenance } from "@kvorum/proto";
import { type Channel, niceChannel } from "@kvorum/transport";
import { afterEach, describe, expect, it } from "vitest";
import { type ClusterOptions, type KvorumCluster, startCluster } from "./cluster.js";
import type { KvorumNode } from "./server.js";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: ClusterOptions = {}): Promise<KvorumCluster> {
  const cluster = await startCluster(options);
  closing.push(() => cluster.close());
  return cluster;
}

function channelTo(endpoint: string | undefined): Channel {
  const channel = niceChannel(endpoint as string);
  closing.push(() => channel.close());
  return channel;
}

async function put(channel: Channel, key: string, value: string): Promise<void> {
  await channel.unary(KV.method.put, { key: bytes(key), value: bytes(value) }, { timeoutMs: 10_000 });
}

async function get(channel: Channel, key: string): Promise<string | undefined> {
  const { kvs } = await channel.unary(KV.method.range, { key: bytes(key) }, { timeoutMs: 10_000 });
  return kvs[0] && new TextDecoder().decode(kvs[0].value);
}

function leaderOf(cluster: KvorumCluster): KvorumNode {
  if (cluster.leader === undefined) throw new Error("nobody leads");
  return cluster.leader;
}

describe("startCluster", () => {
  it("starts three members that serve one store, with their own client URLs in the member list", async () => {
    const cluster = await start();
    expect([...cluster.nodes.keys()]).toEqual(["n1", "n2", "n3"]);
    const channels = cluster.endpoints.map(channelTo);
    await put(channels[0] as Channel, "k", "v");
    for (const channel of channels) expect(await get(channel, "k")).toBe("v");
    const { members } = await (channels[1] as Channel).unary(Cluster.method.memberList, { linearizable: true });
    expect(members.map(({ name, clientURLs }) => [name, clientURLs])).toEqual(
      expect.arrayContaining([...cluster.nodes].map(([name, { endpoints }]) => [name, endpoints])),
    );
  });

  it.each(["memory", "disk"])("stops a member and starts it again with what it had in %s", async (kind) => {
    const folder = await mkdtemp(join(tmpdir(), "kvorum-cluster-"));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const cluster = await start(kind === "disk" ? { dataDir: folder } : {});
    const { name, memberId, endpoints } = leaderOf(cluster);
    await put(channelTo(endpoints[0]), "k", "1");
    await cluster.stop(name);
    const [other] = cluster.nodes.values();
    await put(channelTo(other?.endpoints[0]), "k", "2");
    const again = await cluster.start(name);
    expect([again.memberId, again.endpoints]).toEqual([memberId, endpoints]);
    expect(await get(channelTo(again.endpoints[0]), "k")).toBe("2");
  });

  it("moves the lead on request, by etcd's rules", async () => {
    const cluster = await start();
    const leader = leaderOf(cluster);
    const target = [...cluster.nodes.values()].find((node) => node !== leader) as KvorumNode;
    await expect(
      channelTo(target.endpoints[0]).unary(Maintenance.method.moveLeader, { targetID: target.memberId }),
    ).rejects.toMatchObject({ code: 9, details: "etcdserver: not leader" });
    await channelTo(leader.endpoints[0]).unary(Maintenance.method.moveLeader, { targetID: target.memberId });
    expect(cluster.leader).toBe(target);
  });

  it("brings a member back by a snapshot over the wire", async () => {
    const cluster = await start({ snapshotCount: 20, catchUpEntries: 5 });
    const [, , third] = cluster.nodes.keys();
    await cluster.stop(third as string);
    const channel = channelTo([...cluster.nodes.values()][0]?.endpoints[0]);
    for (let i = 0; i < 100; i++) await put(channel, `k${i}`, "x".repeat(20_000));
    const back = await cluster.start(third as string);
    const own = channelTo(back.endpoints[0]);
    expect(await get(own, "k99")).toHaveLength(20_000);
    const hashes = await Promise.all(
      cluster.endpoints.map((endpoint) => channelTo(endpoint).unary(Maintenance.method.hashKV, {})),
    );
    expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(1);
  });

  it("says to a member that was removed while it was stopped what has become of it, and what to do", async () => {
    const cluster = await start();
    const { name, memberId, clusterId } = [...cluster.nodes.values()].find((node) => !node.isLeader) as KvorumNode;
    await cluster.stop(name);
    await channelTo(leaderOf(cluster).endpoints[0]).unary(Cluster.method.memberRemove, { ID: memberId });
    await expect(cluster.start(name)).rejects.toThrow(
      `member ${memberId.toString(16)} was removed from cluster ${clusterId.toString(16)}. To join again under a new id, ` +
        "remove its data directory, add it (member add), and start it with --initial-cluster-state existing",
    );
  });

  it("runs five members, and one alone", async () => {
    const five = await start({ size: 5 });
    expect(five.nodes.size).toBe(5);
    const one = await start({ size: 1 });
    await put(channelTo(one.endpoints[0]), "k", "v");
    expect(leaderOf(one).name).toBe("n1");
  });

  it("refuses a size that is none, and a name that is nobody's", async () => {
    await expect(startCluster({ size: 0 })).rejects.toThrow("size is 0: give a whole number from 1 on");
    const cluster = await start({ size: 1 });
    await expect(cluster.stop("n9")).rejects.toThrow("n9 is no member: there are n1");
    await expect(cluster.start("n1")).rejects.toThrow("n1 is running");
  });
});
