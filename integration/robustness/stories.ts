/** What happens to a cluster while clients work on it. Each story leaves every member up. */
import type { Cluster } from "./cluster/cluster.js";
import type { Member } from "./cluster/member.js";
import { eventually, pause } from "./cluster/rpc.js";
import type { Recorder } from "./recorder/recorder.js";

export interface StoryContext {
  readonly cluster: Cluster;
  readonly recorder: Recorder;
  /** Writes that must be acknowledged before, during and after the fault. */
  readonly writes: number;
}

export interface Story {
  readonly name: string;
  readonly size: 3 | 5;
  tell(context: StoryContext): Promise<void>;
}

const leaderKilled: Story = {
  name: "the leader is killed and comes back",
  size: 3,
  async tell({ cluster, recorder, writes }) {
    await recorder.progress(writes);
    const leader = await cluster.leader();
    await leader.kill();
    await recorder.progress(writes);
    await leader.start();
    await recorder.progress(writes);
  },
};

const followerKilled: Story = {
  name: "a follower is killed and comes back",
  size: 3,
  async tell({ cluster, recorder, writes }) {
    await recorder.progress(writes);
    const [follower] = (await cluster.followers()) as [Member];
    await follower.kill();
    await recorder.progress(writes);
    await follower.start();
    await recorder.progress(writes);
  },
};

const majorityLost: Story = {
  name: "a minority, then the majority is lost and comes back",
  size: 3,
  async tell({ cluster, recorder, writes }) {
    await recorder.progress(writes);
    const [one, two] = (await cluster.followers()) as [Member, Member];
    await one.kill();
    await recorder.progress(writes);
    await two.kill();
    // What is in flight may still be acknowledged: entries that the second one had on its disk when it died.
    await pause(2 * cluster.electionMs);
    const before = recorder.writes;
    await pause(cluster.electionMs);
    if (recorder.writes !== before) throw new Error("a member without a majority acknowledged writes");
    await Promise.all([one.start(), two.start()]);
    await recorder.progress(writes);
  },
};

const twoOfFiveLost: Story = {
  name: "two of five are killed, the leader among them, and come back",
  size: 5,
  async tell({ cluster, recorder, writes }) {
    await recorder.progress(writes);
    const leader = await cluster.leader();
    const [follower] = (await cluster.followers()) as [Member];
    await Promise.all([leader.kill(), follower.kill()]);
    await recorder.progress(writes);
    await Promise.all([leader.start(), follower.start()]);
    await recorder.progress(writes);
  },
};

const rollingRestart: Story = {
  name: "all members are restarted one after another",
  size: 3,
  async tell({ cluster, recorder, writes }) {
    for (const member of cluster.members) {
      await recorder.progress(Math.ceil(writes / 2));
      await member.kill("SIGTERM");
      await member.start();
      await eventually(`${member.name} answers again`, 30_000, () => member.status());
      await cluster.leader();
    }
    await recorder.progress(writes);
  },
};

const memberReplaced: Story = {
  name: "a dead member is replaced by a new one",
  size: 3,
  async tell({ cluster, recorder, writes }) {
    await recorder.progress(writes);
    const [dead] = (await cluster.followers()) as [Member];
    await dead.kill();
    await cluster.remove(dead);
    await recorder.progress(writes);
    const added = await cluster.add();
    recorder.watchMembers();
    await caughtUp(cluster, added);
    await recorder.progress(writes);
  },
};

const memberWiped: Story = {
  name: "a member that has lost its data is refused, and replaced",
  size: 3,
  async tell({ cluster, recorder, writes }) {
    await recorder.progress(writes);
    const [wiped] = (await cluster.followers()) as [Member];
    await wiped.kill();
    await wiped.wipe();
    // Under its old identity it could vote a second time in a term, or for a log that lacks what it had acknowledged.
    await wiped.start();
    if ((await wiped.end()) === 0) throw new Error(`${wiped.name} ended without an error`);
    await recorder.progress(writes);
    await cluster.remove(wiped);
    const added = await cluster.add();
    recorder.watchMembers();
    await caughtUp(cluster, added);
    await recorder.progress(writes);
  },
};

const snapshotCatchUp: Story = {
  name: "a follower that was away past the compacted log is brought up by a snapshot",
  size: 3,
  async tell({ cluster, recorder, writes }) {
    await recorder.progress(writes);
    const [away] = (await cluster.followers()) as [Member];
    await away.kill();
    // A log is cut at most every `snapshotCount` entries, and so many are kept behind the cut.
    await recorder.progress(cluster.catchUpEntries + 2 * cluster.snapshotCount);
    await away.start();
    await caughtUp(cluster, away);
    if (!(await wasSentSnapshot(away))) throw new Error(`${away.name} caught up without a snapshot`);
    await recorder.progress(writes);
  },
};

const leaderPaused: Story = {
  name: "a leader that was paused past its term does not answer from the past",
  size: 3,
  async tell({ cluster, recorder, writes }) {
    await recorder.progress(writes);
    const leader = await cluster.leader();
    leader.pause();
    await recorder.progress(writes);
    if ((await cluster.leader()) === leader) throw new Error("nobody took over from the paused leader");
    await pause(cluster.electionMs);
    // Calls that wait at the old leader are answered now, if at all.
    leader.resume();
    await recorder.progress(writes);
  },
};

export const stories: readonly Story[] = [
  ...[leaderKilled, followerKilled, majorityLost, twoOfFiveLost],
  ...[rollingRestart, memberReplaced, memberWiped, snapshotCatchUp, leaderPaused],
];

/** Resolves when the member has applied what the leader had applied when it was asked. */
async function caughtUp(cluster: Cluster, member: Member): Promise<void> {
  const goal = (await (await cluster.leader()).status()).header?.revision ?? 0n;
  await eventually(`${member.name} reaches revision ${goal}`, 60_000, async () => {
    member.throwIfDead();
    const { header } = await member.status();
    return (header?.revision ?? 0n) >= goal ? true : undefined;
  });
}

/** etcd counts it in a metric; Kvorum says it in its log. */
async function wasSentSnapshot(member: Member): Promise<boolean> {
  const metrics = await (await fetch(`${member.clientUrl}/metrics`)).text();
  return /^etcd_network_snapshot_receive_success\S* [1-9]/m.test(metrics) || /installed a snapshot/.test(member.output);
}
