/** Membership changes that a cluster of one may be asked for without losing its quorum: learners, and what is refused. */
import { Cluster } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import type { Probe } from "../probe.js";

/** Nobody listens there. */
const url = (port: number): string => `http://127.0.0.1:${port}`;

/** Adds a learner and answers its id; what is compared is everything else. */
async function addLearner(p: Probe, peerURLs: string[]): Promise<bigint> {
  const { member, members } = await p.channel.unary(Cluster.method.memberAdd, { peerURLs, isLearner: true });
  p.transcript.note(
    `added ${member?.peerURLs.join()} name "${member?.name}" clients ${member?.clientURLs.length} learner ` +
      `${member?.isLearner}, now ${members.length}`,
  );
  return member?.ID ?? 0n;
}

async function remove(p: Probe, ID: bigint): Promise<void> {
  const { members } = await p.channel.unary(Cluster.method.memberRemove, { ID }, { timeoutMs: 10_000 });
  p.transcript.note(`removed, now ${members.length}`);
}

export const clusterServiceCases: Case[] = cases("cluster service", {
  "a learner comes, moves and goes": async (p) => {
    const id = await addLearner(p, [url(1)]);
    const { members } = await p.channel.unary(Cluster.method.memberUpdate, { ID: id, peerURLs: [url(2), url(3)] });
    p.transcript.note(`updated ${members.find((member) => member.ID === id)?.peerURLs.join()}`);
    await remove(p, id);
  },
  "a second learner is one too many": async (p) => {
    const id = await addLearner(p, [url(4)]);
    await p.call("add", Cluster.method.memberAdd, { peerURLs: [url(5)], isLearner: true });
    await remove(p, id);
  },
  "an address that a member has is refused": async (p) => {
    const [own] = (await p.memberList()).members;
    await p.call("add", Cluster.method.memberAdd, { peerURLs: own?.peerURLs ?? [], isLearner: true });
    const id = await addLearner(p, [url(6)]);
    await p.call("update", Cluster.method.memberUpdate, { ID: id, peerURLs: own?.peerURLs ?? [] });
    await remove(p, id);
  },
  "addresses that are none are refused": async (p) => {
    for (const peerURLs of [[], [""], ["127.0.0.1:1"], ["ftp://127.0.0.1:1"], ["http://127.0.0.1"], ["http://a:1/b"]]) {
      await p.call(`add ${peerURLs}`, Cluster.method.memberAdd, { peerURLs, isLearner: true });
    }
  },
  "members that are none cannot be changed": async (p) => {
    await p.call("remove", Cluster.method.memberRemove, { ID: 1234n });
    await p.call("update", Cluster.method.memberUpdate, { ID: 1234n, peerURLs: [url(7)] });
    await p.call("promote", Cluster.method.memberPromote, { ID: 1234n });
  },
  "a voter cannot be promoted": async (p) => {
    const [own] = (await p.memberList()).members;
    await p.call("promote", Cluster.method.memberPromote, { ID: own?.ID ?? 0n });
  },
  "a learner that has not caught up cannot be promoted": async (p) => {
    const id = await addLearner(p, [url(8)]);
    await p.call("promote", Cluster.method.memberPromote, { ID: id });
    await remove(p, id);
  },
  "a removed id is not one any more": async (p) => {
    const id = await addLearner(p, [url(9)]);
    await remove(p, id);
    await p.call("remove again", Cluster.method.memberRemove, { ID: id });
    await p.call("promote", Cluster.method.memberPromote, { ID: id });
  },
});
