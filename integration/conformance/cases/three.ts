/** Three members: the lead and its moves, what a follower passes on, a learner from its coming to its vote, and losses. */
import type { MessageShape } from "@bufbuild/protobuf";
import { Cluster as ClusterService, Health, KV, Lease, Lock, Maintenance, Watch } from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import type { Cluster, Step } from "../members.js";

const ALL = [0, 1, 2] as const;
const LEASE = 0x99_0001n;
const key = Buffer.from("a");

/** A follower's number. */
async function follower(cluster: Cluster): Promise<number> {
  const lead = await cluster.leader(ALL);
  return ALL.find((i) => i !== lead) ?? 0;
}

/** Resolves when the member has applied what was written through another. */
async function untilSeen(cluster: Cluster, member: number, name: string): Promise<void> {
  const { channel } = cluster.at(member);
  const end = performance.now() + 15_000;
  for (;;) {
    const { count } = await channel.unary(KV.method.range, { key: Buffer.from(name), serializable: true });
    if (count > 0n) return;
    if (performance.now() > end) throw new Error(`member ${member} has not seen ${name} within 15 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

type Added = MessageShape<typeof ClusterService.method.memberAdd.output>;

/** Members that have just met count as connected only after five seconds. */
async function add(cluster: Cluster, request: { peerURLs: string[]; isLearner: boolean }): Promise<Added> {
  const end = performance.now() + 20_000;
  for (;;) {
    try {
      const { channel } = cluster.at(await cluster.leader(ALL));
      return await channel.unary(ClusterService.method.memberAdd, request, { timeoutMs: 15_000 });
    } catch (error) {
      const isEarly = error instanceof RpcError && error.details.includes("unhealthy");
      if (!isEarly || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function hashOf(cluster: Cluster, member: number, revision: bigint): Promise<number> {
  return (await cluster.at(member).channel.unary(Maintenance.method.hashKV, { revision })).hash;
}

export const THREE: readonly Step[] = [
  {
    name: "all know each other, and the same leader",
    run: async (cluster) => {
      await cluster.leader(ALL);
      for (const i of ALL) cluster.transcript.note(`${await cluster.memberCount(i)} members`);
    },
  },
  {
    name: "a write through one is read through every one",
    run: async (cluster) => {
      const p = cluster.at(await follower(cluster));
      cluster.transcript.startAt(await p.revision());
      await p.put("a", "1");
      await p.txn([p.compare("version", "a", "=", 1n)], [p.opPut("b", "2")]);
      for (const i of ALL) await cluster.at(i).range("a");
      for (const i of ALL) await untilSeen(cluster, i, "b");
      const revision = await p.revision();
      const hashes = await Promise.all(ALL.map((i) => hashOf(cluster, i, revision)));
      cluster.transcript.note(`${new Set(hashes).size} hash`);
    },
  },
  {
    name: "a lease is granted, renewed and shown through followers",
    run: async (cluster) => {
      const p = cluster.at(await follower(cluster));
      cluster.transcript.startAt(await p.revision());
      await p.grant(LEASE, 600n);
      for (const i of ALL) {
        const { channel } = cluster.at(i);
        const { TTL, grantedTTL } = await channel.unary(Lease.method.leaseTimeToLive, { ID: LEASE });
        cluster.transcript.note(`${grantedTTL} s, most of them left ${TTL > 590n}`);
        const stream = cluster.at(i).keepAlive();
        await stream.renew(LEASE);
        await stream.close();
      }
      await p.revoke(LEASE);
      for (const i of ALL) await cluster.at(i).call("shown", Lease.method.leaseTimeToLive, { ID: LEASE });
    },
  },
  {
    name: "the lead is moved by the leader alone, and to a voter alone",
    run: async (cluster) => {
      const lead = await cluster.leader(ALL);
      const other = await follower(cluster);
      const targetID = await cluster.idOf(other);
      await cluster.at(other).call("by a follower", Maintenance.method.moveLeader, { targetID });
      await cluster.at(lead).call("to nobody", Maintenance.method.moveLeader, { targetID: 77n });
      await cluster.at(lead).call("to a follower", Maintenance.method.moveLeader, { targetID });
      cluster.transcript.note(`moved ${(await cluster.leader(ALL)) === other}`);
    },
  },
  {
    name: "voters that never start are added while enough have started",
    differs: "3.4 wants every voter to be connected; since 3.6.11 a quorum is enough",
    run: async (cluster) => {
      const ids: bigint[] = [];
      const first = await add(cluster, { peerURLs: [await cluster.freeUrl()], isLearner: false });
      ids.push(first.member?.ID ?? 0n);
      const p = cluster.at(await cluster.leader(ALL));
      for (let i = 0; i < 2; i++) {
        const request = { peerURLs: [await cluster.freeUrl()] };
        try {
          const { member, members } = await p.channel.unary(ClusterService.method.memberAdd, request);
          ids.push(member?.ID ?? 0n);
          cluster.transcript.note(`${members.length} members`);
        } catch (error) {
          cluster.transcript.error("add", error);
        }
      }
      for (const ID of ids) await p.channel.unary(ClusterService.method.memberRemove, { ID }, { timeoutMs: 15_000 });
      cluster.transcript.note(`${await cluster.memberCount(await cluster.leader(ALL))} members again`);
    },
  },
  {
    name: "a learner answers what is local, and refuses the rest",
    differs: "FAILED_PRECONDITION with the same text in later versions, UNAVAILABLE in 3.4",
    run: async (cluster) => {
      const url = await cluster.freeUrl();
      const added = await add(cluster, { peerURLs: [url], isLearner: true });
      cluster.transcript.note(`${added.members.length} members, learner ${added.member?.isLearner}`);
      await cluster.join(url);
      await untilSeen(cluster, 3, "b");
      const p = cluster.at(3);
      await p.call("range", KV.method.range, { key });
      await p.call("put", KV.method.put, { key });
      await p.call("delete", KV.method.deleteRange, { key });
      await p.call("txn", KV.method.txn, {});
      await p.call("compact", KV.method.compact, { revision: 2n });
      await p.call("grant", Lease.method.leaseGrant, { TTL: 10n });
      await p.call("revoke", Lease.method.leaseRevoke, { ID: 1n });
      await p.call("time to live", Lease.method.leaseTimeToLive, { ID: 1n });
      await p.call("leases", Lease.method.leaseLeases, {});
      await p.call("add", ClusterService.method.memberAdd, { peerURLs: [url] });
      await p.call("move", Maintenance.method.moveLeader, { targetID: 1n });
      await p.call("hashKV", Maintenance.method.hashKV, {});
      await p.call("alarm", Maintenance.method.alarm, {});
      await p.call("lock", Lock.method.lock, { name: key, lease: 1n });
      await p.call("health", Health.method.check, {});
      await p.first("watch", Watch.method.watch, {});
      await p.first("keepalive", Lease.method.leaseKeepAlive, { ID: 1n });
      const { isLearner } = await p.status();
      cluster.transcript.note(`status: learner ${isLearner}`);
    },
  },
  {
    name: "a learner is given neither the lead nor company",
    run: async (cluster) => {
      const lead = await cluster.leader(ALL);
      await cluster.at(lead).call("move", Maintenance.method.moveLeader, { targetID: await cluster.idOf(3) });
      const second = { peerURLs: [await cluster.freeUrl()], isLearner: true };
      await cluster.at(lead).call("add", ClusterService.method.memberAdd, second);
    },
  },
  {
    name: "a learner that has caught up is promoted through any member, once",
    run: async (cluster) => {
      const p = cluster.at(await follower(cluster));
      const ID = await cluster.idOf(3);
      const { members } = await p.channel.unary(ClusterService.method.memberPromote, { ID }, { timeoutMs: 15_000 });
      cluster.transcript.note(`${members.filter(({ isLearner }) => !isLearner).length} voters`);
      await p.call("again", ClusterService.method.memberPromote, { ID });
    },
  },
  {
    name: "one of four is lost: a fifth is added as long as a quorum of five is connected",
    differs: "3.4 wants every voter to be connected; since 3.6.11 a quorum is enough",
    run: async (cluster) => {
      await cluster.stop(3);
      // A member that has been away for five seconds counts as one that is not connected.
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      const p = cluster.at(await cluster.leader(ALL));
      try {
        const request = { peerURLs: [await cluster.freeUrl()] };
        const { member, members } = await p.channel.unary(ClusterService.method.memberAdd, request);
        cluster.transcript.note(`${members.length} members`);
        await p.channel.unary(ClusterService.method.memberRemove, { ID: member?.ID ?? 0n }, { timeoutMs: 15_000 });
      } catch (error) {
        cluster.transcript.error("add", error);
      }
    },
  },
  {
    name: "one that is lost can go",
    run: async (cluster) => {
      const p = cluster.at(await cluster.leader(ALL));
      const { members } = await p.channel.unary(ClusterService.method.memberList, {});
      const ID = members.find(({ name }) => name === "n3")?.ID ?? 0n;
      const answer = await p.channel.unary(ClusterService.method.memberRemove, { ID }, { timeoutMs: 15_000 });
      cluster.transcript.note(`${answer.members.length} members`);
      await p.call("again", ClusterService.method.memberRemove, { ID });
    },
  },
  {
    name: "the leader is lost: the others elect one and go on",
    run: async (cluster) => {
      const lead = await cluster.leader(ALL);
      await cluster.stop(lead);
      const left = ALL.filter((i) => i !== lead);
      await cluster.leader(left);
      const p = cluster.at(left[0] ?? 0);
      cluster.transcript.startAt(await p.revision());
      await p.put("a", "after");
      await p.range("a");
      // Two of three are left: none of them can be spared.
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      await p.call("remove", ClusterService.method.memberRemove, { ID: await cluster.idOf(left[1] ?? 0) });
    },
  },
];
