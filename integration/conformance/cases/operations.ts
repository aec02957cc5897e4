/** Compaction, maintenance, cluster and the calls that a node without auth answers. Compactions come last in the list. */
import { Auth, Cluster, Health, KV, Maintenance } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import type { Probe } from "../probe.js";

async function threeValues(p: Probe): Promise<bigint> {
  const start = await p.revision();
  for (const value of ["1", "2", "3"]) await p.put("a", value);
  return start;
}

export const maintenanceCases: Case[] = cases("maintenance", {
  status: async (p) => {
    const status = await p.status();
    p.transcript.note(
      `errors [${status.errors.join()}] learner ${status.isLearner} leader is me ${status.leader === status.header?.memberId} ` +
        `sizes ${status.dbSize >= status.dbSizeInUse && status.dbSizeInUse > 0n} term ${status.raftTerm > 0n} ` +
        `applied ${status.raftAppliedIndex > 0n && status.raftAppliedIndex <= status.raftIndex} header ${status.header?.revision !== 0n}`,
    );
  },
  "hash of the same content is the same": async (p) => {
    await p.put("a", "1");
    const hash = async () => (await p.channel.unary(Maintenance.method.hashKV, {}, { timeoutMs: 10_000 })).hash;
    const [first, second] = [await hash(), await hash()];
    await p.put("a", "2");
    p.transcript.note(`stable ${first === second}, changes ${first !== (await hash())}`);
  },
  "hashKV at a revision does not change with later writes": async (p) => {
    await p.put("a", "1");
    const revision = await p.revision();
    const hash = async () =>
      (await p.channel.unary(Maintenance.method.hashKV, { revision }, { timeoutMs: 10_000 })).hash;
    const before = await hash();
    await p.put("a", "2");
    p.transcript.note(`stable ${before === (await hash())}`);
  },
  "hashKV of a future revision": async (p) => {
    await p.call("hashKV", Maintenance.method.hashKV, { revision: (await p.revision()) + 10n });
  },
  "defragment answers without a header": async (p) => {
    await p.put("a", "1");
    await p.call("defragment", Maintenance.method.defragment, {});
    await p.range("a");
  },
  "no alarms": async (p) => {
    await p.call("alarm", Maintenance.method.alarm, {});
  },
  "snapshot counts down to zero": async (p) => {
    let last = -1n;
    let decreasing = true;
    let header = false;
    for await (const chunk of p.channel.stream(Maintenance.method.snapshot, once({}))) {
      if (last >= 0n && chunk.remainingBytes > last) decreasing = false;
      last = chunk.remainingBytes;
      header ||= chunk.header !== undefined;
    }
    p.transcript.note(`decreasing ${decreasing}, last ${last}, header ${header}`);
  },
});

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

export const clusterCases: Case[] = cases("cluster", {
  "member list": async (p) => {
    const answer = await p.memberList();
    const member = answer.members[0];
    p.transcript.note(
      `${answer.members.length} member, name ${member?.name}, learner ${member?.isLearner}, peers ${member?.peerURLs.length}, ` +
        `clients ${member?.clientURLs.length}, me ${member?.ID === answer.header?.memberId}, revision ${answer.header?.revision}`,
    );
  },
  "member list, linearizable": async (p) => {
    const answer = await p.channel.unary(Cluster.method.memberList, { linearizable: true }, { timeoutMs: 10_000 });
    p.transcript.note(`${answer.members.length} member, revision ${answer.header?.revision}`);
  },
});

export const authCases: Case[] = cases("auth", {
  "authenticate while auth is off": async (p) => {
    await p.call("authenticate", Auth.method.authenticate, { name: "root", password: "x" });
  },
  "a token while auth is off is ignored": async (p) => {
    await p.call("put", KV.method.put, { key: p.key("a") }, { token: "nonsense" });
  },
});

export const healthCases: Case[] = cases("health", {
  "the whole server": async (p) => {
    await p.call("check", Health.method.check, {});
  },
  "an unknown service": async (p) => {
    await p.call("check", Health.method.check, { service: "nothing.like.this" });
  },
});

export const compactionCases: Case[] = cases("compaction", {
  "hides what is older and keeps the revision itself": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 2n);
    await p.range("a", undefined, { revision: start + 1n });
    await p.range("a", undefined, { revision: start + 2n });
    await p.range("a", undefined, { revision: start + 3n });
    await p.range("a");
  },
  "the same revision again": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 1n);
    await p.compact(start + 1n);
    await p.compact(start);
  },
  "a future revision": async (p) => {
    await p.compact((await p.revision()) + 1n);
  },
  "revision zero and below": async (p) => {
    await p.compact(0n);
    await p.compact(-1n);
  },
  "the current revision": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 3n, true);
    await p.range("a");
    await p.range("a", undefined, { revision: start + 2n });
  },
  "physical waits": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 2n, true);
    await p.range("a", undefined, { revision: start + 1n });
  },
  "removes deleted keys": async (p) => {
    const start = await threeValues(p);
    await p.del("a");
    await p.compact(start + 4n, true);
    await p.range("a");
    await p.range("a", undefined, { revision: start + 4n });
    await p.put("a", "again");
    await p.range("a");
  },
  "keeps other keys' oldest live version": async (p) => {
    const start = await p.revision();
    await p.put("old", "1");
    await p.put("new", "1");
    await p.put("new", "2");
    await p.compact(start + 3n, true);
    await p.all();
    await p.all({ revision: start + 3n });
  },
  "a transaction that reads below it fails whole": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 3n);
    await p.txn([], [p.opPut("b", "1"), p.opGet("a", undefined, { revision: start + 1n })]);
    await p.range("b");
  },
  "serializable reads below it": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 3n);
    await p.range("a", undefined, { serializable: true, revision: start + 1n });
  },
  "a watch from below it is cancelled": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 3n);
    const stream = p.watch();
    stream.create(p.key("a"), { startRevision: start + 1n });
    await stream.read(2);
    await stream.close();
  },
  "a watch from exactly it works": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 3n, true);
    const stream = p.watch();
    stream.create(p.key("a"), { startRevision: start + 3n });
    await stream.read();
    await stream.events(1);
    await stream.close();
  },
  "a watch from a delete that was compacted at sees the delete": async (p) => {
    const start = await threeValues(p);
    await p.del("a");
    await p.compact(start + 4n, true);
    const stream = p.watch();
    stream.create(p.key("a"), { startRevision: start + 4n });
    await stream.read();
    await stream.events(1);
    await stream.close();
  },
  "previous values below it are missing": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 3n, true);
    const stream = p.watch();
    stream.create(p.key("a"), { startRevision: start + 3n, prevKv: true });
    await stream.read();
    await stream.events(1);
    await stream.close();
  },
  "versions go on after it": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 3n, true);
    await p.put("a", "4");
    await p.range("a");
  },
  "hashKV says the compact revision": async (p) => {
    const start = await threeValues(p);
    await p.compact(start + 2n, true);
    await p.call("hashKV", Maintenance.method.hashKV, { revision: start + 3n });
    await p.call("hashKV", Maintenance.method.hashKV, { revision: start + 1n });
  },
});
