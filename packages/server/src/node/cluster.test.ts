/** Three whole members on memory disks and a memory network, with a clock that the test moves. */
import { afterEach, describe, expect, it } from "vitest";
import { get, NodeCluster, type NodeClusterOptions, put, read } from "../../testing/node-cluster.js";
import type { WatchCreate } from "../core/watch/types.js";
import type { EtcdNode } from "./node.js";

let cluster: NodeCluster;

async function start(options: NodeClusterOptions = {}): Promise<NodeCluster> {
  cluster = await NodeCluster.start(options);
  return cluster;
}

afterEach(() => cluster.close());

const EVERYTHING: WatchCreate = {
  watchId: 0,
  key: Uint8Array.of(0),
  rangeEnd: Uint8Array.of(0),
  startRevision: 0n,
  prevKv: false,
  progressNotify: false,
  noPut: false,
  noDelete: false,
  fragment: false,
};

describe("three members", () => {
  it("agree on ids, elect one leader and know each other's names", async () => {
    const { nodes } = await start();
    expect(new Set(nodes.map(({ header }) => header.clusterId)).size).toBe(1);
    expect(nodes.filter(({ raftStatus }) => raftStatus.role === "leader")).toHaveLength(1);
    for (const node of nodes) expect(node.members.map(({ name }) => name)).toEqual(["n1", "n2", "n3"]);
  });

  it("take a write on any member, and every member reads it", async () => {
    const { nodes } = await start();
    for (const [i, writer] of nodes.entries()) {
      await cluster.within(writer.propose(put("k", String(i))));
      for (const reader of nodes) expect(await cluster.within(read(reader, "k"))).toBe(String(i));
    }
    expect((await cluster.hashes()).size).toBe(1);
  });

  it("go on without a killed leader and have every acknowledged write; it catches up when it returns", async () => {
    await start();
    const leader = await cluster.elected();
    await cluster.writeAll(leader, 20);
    const name = cluster.nameOf(leader);
    await cluster.kill(name);
    const next = await cluster.elected();
    await cluster.writeAll(next, 20, "later");
    for (let i = 0; i < 20; i++) expect(await cluster.within(read(next, `k${i}`))).toBe(String(i));
    await cluster.boot(name);
    await cluster.elected();
    expect(await cluster.within(read(cluster.node(name), "later19"))).toBe("19");
    expect((await cluster.hashes()).size).toBe(1);
  });

  it("acknowledge nothing without a majority, and say why a request timed out", async () => {
    await start();
    const leader = await cluster.elected();
    for (const node of [...cluster.nodes]) if (node !== leader) await cluster.kill(cluster.nameOf(node));
    await expect(cluster.within(leader.propose(put("k", "1")))).rejects.toMatchObject({
      reason: expect.stringMatching(/^timeout/),
    });
    await expect(cluster.within(read(leader, "k"))).rejects.toMatchObject({ reason: "timeout" });
    expect(await cluster.within(read(leader, "k", true))).toBe(undefined);
    expect(leader.raftStatus.lead).toBe(0n);
  });

  it("carry out once what a dying leader was given by the others, without waiting for a time limit", async () => {
    await start();
    for (let round = 0; round < 5; round++) {
      const leader = await cluster.elected();
      const name = cluster.nameOf(leader);
      const follower = await cluster.follower();
      const startMs = cluster.clock.nowMs();
      const writes = Array.from({ length: 40 }, (_, i) => follower.propose(put(`round${round}`, String(i))));
      // Some get through, some are on their way, some have not left yet.
      await cluster.clock.advance(round);
      await cluster.kill(name);
      await cluster.within(Promise.all(writes));
      expect(cluster.clock.nowMs() - startMs).toBeLessThan(2500);
      const { kvs } = await cluster.within(follower.range(get(`round${round}`)));
      expect(kvs.map(({ version }) => version)).toEqual([40n]);
      await cluster.within((await cluster.boot(name)).ready);
    }
  });

  it("all come back after a power loss with every acknowledged write", async () => {
    await start();
    await cluster.writeAll(await cluster.elected(), 30);
    for (const name of ["n1", "n2", "n3"]) await cluster.kill(name);
    for (const name of ["n1", "n2", "n3"]) await cluster.boot(name);
    const leader = await cluster.elected();
    for (let i = 0; i < 30; i++) expect(await cluster.within(read(leader, `k${i}`))).toBe(String(i));
    expect((await cluster.hashes()).size).toBe(1);
  });
});

describe("a leader", () => {
  it("that is cut off steps down and serves no linearizable read; its successor serves", async () => {
    await start();
    const old = await cluster.elected();
    await cluster.within(old.propose(put("k", "old")));
    cluster.network.isolate(old.header.memberId);
    const others = cluster.nodes.filter((node) => node !== old);
    await cluster.until(() => others.some(({ raftStatus }) => raftStatus.role === "leader"));
    const stale = read(old, "k");
    const [other] = others as [EtcdNode];
    await cluster.within(other.propose(put("k", "new")));
    await expect(cluster.within(stale)).rejects.toMatchObject({
      reason: expect.stringMatching(/timeout|leaderChanged/),
    });
    expect(old.raftStatus.role).not.toBe("leader");
    cluster.network.heal();
    await cluster.elected();
    expect(await cluster.within(read(old, "k"))).toBe("new");
  });

  it("whose process ends is followed by another one before an election timeout is over", async () => {
    await start();
    for (let round = 0; round < 5; round++) {
      const leader = await cluster.elected();
      const name = cluster.nameOf(leader);
      const startMs = cluster.clock.nowMs();
      await cluster.kill(name);
      await cluster.elected();
      expect(cluster.clock.nowMs() - startMs).toBeLessThan(700);
      await cluster.within((await cluster.boot(name)).ready);
    }
  });

  it("that one follower cannot reach any more goes on in its term", async () => {
    await start();
    const leader = await cluster.elected();
    const follower = await cluster.follower();
    const { term } = leader.raftStatus;
    for (let round = 0; round < 3; round++) {
      cluster.network.cut(leader.header.memberId, follower.header.memberId);
      await cluster.clock.advance(3000);
      cluster.network.heal();
      await cluster.within(follower.propose(put("k", String(round))));
    }
    expect(leader.raftStatus).toMatchObject({ role: "leader", term });
  });

  it("hands over before it stops, without an election timeout of waiting", async () => {
    await start();
    const leader = await cluster.elected();
    const { term } = leader.raftStatus;
    const startMs = cluster.clock.nowMs();
    await cluster.stop(cluster.nameOf(leader));
    const next = await cluster.elected();
    expect(cluster.clock.nowMs() - startMs).toBeLessThan(500);
    expect(next.raftStatus.term).toBe(term + 1);
  });

  it("has failed when it cannot hand over, and stops all the same", async () => {
    const broken = new Error("handing over is broken");
    const { nodes } = await start({
      onFailpoint: (_, site) => {
        if (site === "leadership-before-hand-over") throw broken;
      },
    });
    const leader = await cluster.elected();
    await cluster.within(leader.stop());
    expect(await leader.failed).toBe(broken);
    const next = await cluster.nextLeader(leader);
    expect(nodes).toContain(next);
    await cluster.within(next.propose(put("k", "1")));
  });

  it("moves its office to a voter on request, and to nobody else", async () => {
    await start();
    const leader = await cluster.elected();
    const follower = await cluster.follower();
    await expect(follower.moveLeader(leader.header.memberId)).rejects.toMatchObject({ reason: "notLeader" });
    await expect(leader.moveLeader(99n)).rejects.toMatchObject({ reason: "badLeaderTransferee" });
    await cluster.within(leader.moveLeader(follower.header.memberId));
    expect(await cluster.elected()).toBe(follower);
  });
});

describe("a member that was away past the log's compaction", () => {
  it("is brought back by a snapshot, which survives a power loss like everything else", async () => {
    await start({ options: { snapshotCount: 20, catchUpEntries: 5 } });
    const follower = await cluster.follower();
    const name = cluster.nameOf(follower);
    await cluster.writeAll(follower, 5, "before");
    await cluster.stop(name);
    await cluster.writeAll(await cluster.elected(), 100);
    const back = await cluster.boot(name);
    await cluster.until(() => back.raftStatus.firstIndex > 50);
    expect(await cluster.within(read(back, "k99"))).toBe("99");
    expect(await cluster.within(read(back, "before4"))).toBe("4");
    await cluster.writeAll(back, 10, "after");
    expect((await cluster.hashes()).size).toBe(1);
    await cluster.kill(name);
    const again = await cluster.boot(name);
    expect(await cluster.within(read(again, "after9"))).toBe("9");
    expect((await cluster.hashes()).size).toBe(1);
  });

  it("answers no read that waited for the snapshot before it says that it has applied it", async () => {
    // The install takes longer than it takes the leader to confirm the read.
    const diskDelayMs: NodeClusterOptions["diskDelayMs"] = (_, call) => (call === "open" ? 2_000 : 0);
    await start({ options: { snapshotCount: 20, catchUpEntries: 5 }, diskDelayMs });
    const [leader, follower] = [await cluster.elected(), await cluster.follower()];
    cluster.network.isolate(follower.header.memberId);
    await cluster.writeAll(leader, 60);
    const { commitIndex } = leader.raftStatus;
    const read = follower.range(get("k59")).then(({ kvs }) => [kvs.length, follower.raftStatus.appliedIndex] as const);
    cluster.network.heal();
    const [found, applied] = await cluster.within(read);
    expect(found).toBe(1);
    expect(applied).toBeGreaterThanOrEqual(commitIndex);
  });

  it("gets a snapshot also when it was only cut off, and its watchers lose and repeat nothing", async () => {
    await start({ options: { snapshotCount: 20, catchUpEntries: 5 } });
    const follower = await cluster.follower();
    const stream = follower.watch.openStream(() => {});
    stream.create(EVERYTHING);
    cluster.network.isolate(follower.header.memberId);
    const leader = cluster.nodes.find(({ raftStatus }) => raftStatus.role === "leader") as EtcdNode;
    await cluster.writeAll(leader, 100);
    cluster.network.heal();
    await cluster.writeAll(leader, 10, "healed");
    expect(await cluster.within(read(follower, "healed9"))).toBe("9");
    expect(follower.raftStatus.firstIndex).toBeGreaterThan(50);
    expect((await cluster.hashes()).size).toBe(1);
    await cluster.clock.advance(1000);
    const revisions: bigint[] = [];
    for (let response = stream.next(); response !== undefined; response = stream.next())
      revisions.push(...response.events.map(({ kv }) => kv.modRevision));
    expect(revisions).toEqual(Array.from({ length: 110 }, (_, i) => BigInt(i + 2)));
  });
});

describe("leases of a cluster", () => {
  it("are granted, renewed and asked for on any member", async () => {
    await start();
    const follower = await cluster.follower();
    await cluster.within(follower.propose({ kind: "lease-grant", id: 7n, ttlSeconds: 10 }));
    await cluster.within(follower.propose(put("leased", "1", 7n)));
    await cluster.clock.advance(8000);
    expect(await cluster.within(follower.renewLease(7n))).toBe(10);
    await cluster.clock.advance(8000);
    const { ttlSeconds, keys } = await cluster.within(follower.leaseTimeToLive(7n, true));
    expect(ttlSeconds).toBeLessThanOrEqual(2);
    expect(keys).toHaveLength(1);
    await cluster.clock.advance(4000);
    expect(await cluster.within(read(follower, "leased"))).toBe(undefined);
    expect(await cluster.within(follower.renewLease(7n))).toBe(0);
  });

  it("live on for their whole time under a new leader", async () => {
    await start();
    const old = await cluster.elected();
    await cluster.within(old.propose({ kind: "lease-grant", id: 7n, ttlSeconds: 10 }));
    await cluster.within(old.propose(put("leased", "1", 7n)));
    await cluster.clock.advance(8000);
    await cluster.kill(cluster.nameOf(old));
    const next = await cluster.elected();
    await cluster.clock.advance(9000);
    expect(await cluster.within(read(next, "leased"))).toBe("1");
    await cluster.clock.advance(4000);
    expect(await cluster.within(read(next, "leased"))).toBe(undefined);
  });

  it("keep what is left of a long time when the leader changes, and all of it once renewed", async () => {
    // Slow ticks, so that hours pass quickly.
    await start({ options: { heartbeatMs: 5000, electionMs: 50_000 } });
    const old = await cluster.elected();
    for (const id of [7n, 8n]) await cluster.within(old.propose({ kind: "lease-grant", id, ttlSeconds: 7200 }));
    await cluster.clock.advance(3_000_000);
    expect(await cluster.within(old.renewLease(8n))).toBe(7200);
    await cluster.kill(cluster.nameOf(old));
    await cluster.until(() => cluster.leader !== undefined, 600_000);
    const next = await cluster.elected();
    const left = async (id: bigint) => (await cluster.within(next.leaseTimeToLive(id, false))).ttlSeconds;
    // 3000 s are gone, and the last checkpoint is at most 300 s and a scan old; a change of leader adds its own timeout.
    expect(await left(7n)).toBeGreaterThan(4200);
    expect(await left(7n)).toBeLessThan(4200 + 300 + 200);
    expect(await left(8n)).toBeGreaterThan(7000);
  });

  it("are not ended by a leader that was cut off while another one renewed them", async () => {
    await start();
    const old = await cluster.elected();
    await cluster.within(old.propose({ kind: "lease-grant", id: 7n, ttlSeconds: 5 }));
    await cluster.within(old.propose(put("leased", "1", 7n)));
    cluster.network.isolate(old.header.memberId);
    const others = cluster.nodes.filter((node) => node !== old);
    await cluster.until(() => others.some(({ raftStatus }) => raftStatus.role === "leader"));
    const [other] = others as [EtcdNode];
    for (let i = 0; i < 4; i++) {
      await cluster.within(other.renewLease(7n));
      await cluster.clock.advance(2000);
    }
    cluster.network.heal();
    await cluster.elected();
    for (let i = 0; i < 4; i++) {
      expect(await cluster.within(old.renewLease(7n))).toBe(5);
      await cluster.clock.advance(2000);
    }
    expect(await cluster.within(read(old, "leased"))).toBe("1");
  });
});

describe("diverged data", () => {
  async function withDamagedFollower(): Promise<{ name: string; id: bigint }> {
    await start({ options: { corruptCheckMs: 60_000 } });
    const follower = await cluster.follower();
    const name = cluster.nameOf(follower);
    await cluster.writeAll(follower, 5);
    await cluster.stop(name);
    cluster.damage(name, (backend) => {
      const [first] = backend.range("key", Uint8Array.of(0), undefined, 1);
      if (first === undefined) throw new Error("there is nothing to damage");
      const value = first.value.slice();
      value[value.length - 1] = (value.at(-1) as number) ^ 1;
      backend.commit([{ type: "put", table: "key", key: first.key, value }], backend.appliedAt());
    });
    return { name, id: follower.header.memberId };
  }

  it("raises the CORRUPT alarm for the member that has it, and stops writes everywhere", async () => {
    const { name, id } = await withDamagedFollower();
    await cluster.boot(name);
    await cluster.clock.advance(70_000);
    for (const node of cluster.nodes) expect(node.alarms).toEqual([{ memberId: id, alarm: "corrupt" }]);
    await expect(cluster.within(cluster.node(name).propose(put("k", "1")))).rejects.toMatchObject({
      reason: "corrupt",
    });
  });

  it("is found by the member itself before it serves", async () => {
    const { name } = await withDamagedFollower();
    const node = await cluster.boot(name);
    await cluster.until(() => node.raftStatus.lead !== 0n);
    await expect(cluster.within(node.checkSelf())).rejects.toThrow(/differs from that of/);
    const [other] = cluster.nodes.filter((it) => it !== node) as [EtcdNode];
    await cluster.within(other.checkSelf()).catch((error: Error) => expect(error.message).toContain("differs"));
  });
});
