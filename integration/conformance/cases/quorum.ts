/** A cluster of one to which a second voter is added that never starts: two are needed, one is there. */
import { Cluster as ClusterService, Health, KV, Lease, Watch } from "@kvorum/proto";
import type { Cluster, Step } from "../members.js";

const PATIENT = { timeoutMs: 20_000 };

/** The error alone: headers of those that answer have revisions of their own time. */
async function outcome(cluster: Cluster, label: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
    cluster.transcript.note(`${label} → answered`);
  } catch (error) {
    cluster.transcript.error(label, error);
  }
}

/** Waits until the member has noticed that it leads no more. */
async function untilLeaderless(cluster: Cluster): Promise<void> {
  const end = performance.now() + 15_000;
  while ((await cluster.at(0).status()).leader !== 0n) {
    if (performance.now() > end) throw new Error("it still leads after 15 s");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const LONELY: readonly Step[] = [
  {
    name: "a second voter is added, though two are more than there are",
    run: async (cluster) => {
      const { channel } = cluster.at(0);
      await channel.unary(KV.method.put, { key: Buffer.from("a"), value: Buffer.from("1") });
      const peerURLs = [await cluster.freeUrl()];
      const add = channel.unary(ClusterService.method.memberAdd, { peerURLs }, PATIENT);
      await outcome(cluster, "add", add);
      cluster.transcript.note(`${(await add).members.length} members`);
    },
  },
  {
    name: "a third is refused",
    differs: "asked is the leader, and there is none any more; 3.4 looks at what this member knows",
    run: async (cluster) => {
      const peerURLs = [await cluster.freeUrl()];
      await cluster.at(0).call("add", ClusterService.method.memberAdd, { peerURLs });
    },
  },
  {
    name: "its leader steps down, and says so to who insists on one",
    run: async (cluster) => {
      await untilLeaderless(cluster);
      const p = cluster.at(0);
      const insisting = { hasleader: "true" };
      await p.call("range", KV.method.range, { key: Buffer.from("a") }, insisting);
      await p.call("put", KV.method.put, { key: Buffer.from("a") }, insisting);
      await p.first("watch", Watch.method.watch, {}, insisting);
      await p.first("keepalive", Lease.method.leaseKeepAlive, { ID: 1n }, insisting);
    },
  },
  {
    name: "what needs the quorum times out, what is local is answered",
    run: async (cluster) => {
      const { channel } = cluster.at(0);
      const key = Buffer.from("a");
      const serializable = channel.unary(KV.method.range, { key, serializable: true }, PATIENT);
      await outcome(cluster, "serializable", serializable);
      await outcome(cluster, "members", channel.unary(ClusterService.method.memberList, {}, PATIENT));
      await outcome(cluster, "leases", channel.unary(Lease.method.leaseLeases, {}, PATIENT));
      await outcome(cluster, "health", channel.unary(Health.method.check, {}, PATIENT));
      await outcome(cluster, "range", channel.unary(KV.method.range, { key }, PATIENT));
    },
  },
  {
    name: "a write times out with etcd's text",
    differs: "3.4 lets an inner text out where nobody leads, as UNKNOWN",
    run: async (cluster) => {
      const { channel } = cluster.at(0);
      await outcome(cluster, "put", channel.unary(KV.method.put, { key: Buffer.from("a") }, PATIENT));
    },
  },
  {
    name: "its status says that nobody leads",
    run: async (cluster) => {
      const { errors, leader } = await cluster.at(0).status();
      cluster.transcript.note(`leader ${leader}, errors ${errors.join()}`);
    },
  },
];
