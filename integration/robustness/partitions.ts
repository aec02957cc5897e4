/** What happens to the links between the members while clients, who reach every member, work. */
import type { Member } from "./cluster/member.js";
import type { NamespaceNetwork } from "./cluster/namespaces.js";
import { pause } from "./cluster/rpc.js";
import type { StoryContext } from "./stories.js";

export interface PartitionContext extends StoryContext {
  readonly network: NamespaceNetwork;
}

export interface Partition {
  readonly name: string;
  /** Cuts, and lets time pass; the caller heals. */
  tell(context: PartitionContext): Promise<void>;
}

export const leaderIsolated: Partition = {
  name: "the leader is cut off from everyone",
  async tell({ cluster, recorder, network, writes }) {
    const leader = await cluster.leader();
    for (const follower of await cluster.followers()) network.cut(leader.number, follower.number);
    // The leader cannot know yet that it is none any more; what it is asked meanwhile must not be answered from the past.
    await recorder.progress(writes);
  },
};

const split: Partition = {
  name: "the cluster is split into two and one",
  async tell({ cluster, recorder, network, writes }) {
    const [alone] = (await cluster.followers()) as [Member];
    for (const { number } of cluster.members) if (number !== alone.number) network.cut(alone.number, number);
    await recorder.progress(writes);
    await pause(3 * cluster.electionMs);
  },
};

const deafFollower: Partition = {
  name: "a follower hears nothing from the others, who hear it",
  async tell({ cluster, recorder, network, writes }) {
    const [deaf] = (await cluster.followers()) as [Member];
    for (const { number } of cluster.members) if (number !== deaf.number) network.cutOneWay(number, deaf.number);
    await recorder.progress(writes);
    await pause(3 * cluster.electionMs);
  },
};

const deafLeader: Partition = {
  name: "the leader hears nothing from the others, who hear it",
  async tell({ cluster, recorder, network, writes }) {
    const leader = await cluster.leader();
    for (const { number } of cluster.members) if (number !== leader.number) network.cutOneWay(number, leader.number);
    // Its heartbeats still arrive: only by stepping down does it let the others elect one that hears them.
    await recorder.progress(writes);
  },
};

const flapping: Partition = {
  name: "the leader's links flap",
  async tell({ cluster, recorder, network, writes }) {
    const leader = await cluster.leader();
    const followers = await cluster.followers();
    for (let round = 0; round < 8; round++) {
      for (const follower of followers) network.cut(leader.number, follower.number);
      await pause(cluster.electionMs * 0.4);
      network.heal();
      await pause(cluster.electionMs * 0.4);
    }
    await recorder.progress(writes);
  },
};

const allApart: Partition = {
  name: "no two members reach each other",
  async tell({ cluster, recorder, network }) {
    for (const { number } of cluster.members) {
      for (const other of cluster.members) if (other.number > number) network.cut(number, other.number);
    }
    await pause(3 * cluster.electionMs);
    const before = recorder.writes;
    await pause(cluster.electionMs);
    if (recorder.writes !== before) throw new Error("a member without a majority acknowledged writes");
  },
};

export const partitions: readonly Partition[] = [leaderIsolated, split, deafFollower, deafLeader, flapping, allApart];
