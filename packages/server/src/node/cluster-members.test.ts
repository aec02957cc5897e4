/** Members of a cluster that come and go, and one that comes back as somebody else: whole members, a clock by hand. */
import { afterEach, describe, expect, it } from "vitest";
import { initialMember, NodeCluster, type NodeClusterOptions, put, read } from "../../testing/node-cluster.js";

let cluster: NodeCluster;

async function start(options: NodeClusterOptions = {}): Promise<NodeCluster> {
  cluster = await NodeCluster.start(options);
  return cluster;
}

afterEach(() => cluster.close());

describe("membership", () => {
  it("grows by a learner that is promoted, and shrinks by a removal", async () => {
    await start();
    const leader = await cluster.elected();
    await cluster.writeAll(leader, 20);
    // etcd's rule: members count as healthy after five seconds.
    await cluster.clock.advance(6000);
    const follower = await cluster.follower();
    const { member } = await cluster.within(
      follower.changeMembers({ kind: "add", peerUrls: initialMember("n4").peerUrls, isLearner: true }),
    );
    const id = member?.id as bigint;
    expect(leader.raftStatus.confState.learners).toEqual([id]);
    await expect(cluster.within(follower.changeMembers({ kind: "promote", id }))).rejects.toMatchObject({
      reason: "learnerNotReady",
    });
    const learner = await cluster.boot("n4", {
      initialClusterState: "existing",
      initialCluster: [...cluster.initialCluster, initialMember("n4")],
    });
    await cluster.within(learner.ready);
    expect(learner.header.memberId).toBe(id);
    expect(await cluster.within(read(learner, "k19"))).toBe("19");
    await cluster.within(follower.changeMembers({ kind: "promote", id }));
    expect(leader.raftStatus.confState.voters).toContain(id);
    await cluster.clock.advance(6000);
    const { members } = await cluster.within(follower.changeMembers({ kind: "remove", id: leader.header.memberId }));
    expect(members).toHaveLength(3);
    await cluster.within(leader.removed);
    await cluster.kill(cluster.nameOf(leader));
    const next = await cluster.elected();
    await cluster.within(next.propose(put("after", "1")));
    expect(await cluster.within(read(learner, "after"))).toBe("1");
    expect((await cluster.hashes()).size).toBe(1);
  });

  it("goes down from two members to one, also when it is the leader that goes", async () => {
    await start({ size: 2 });
    await cluster.clock.advance(6000);
    const leader = await cluster.elected();
    const other = await cluster.follower();
    await cluster.within(leader.changeMembers({ kind: "remove", id: leader.header.memberId }));
    await cluster.within(leader.removed);
    await cluster.kill(cluster.nameOf(leader));
    await cluster.within(other.propose(put("alone", "1")));
    expect(await cluster.within(read(other, "alone"))).toBe("1");
  });

  it("tells a removed member that was away, and does not take it back", async () => {
    await start();
    await cluster.clock.advance(6000);
    const follower = await cluster.follower();
    const name = cluster.nameOf(follower);
    const { memberId } = follower.header;
    await cluster.kill(name);
    await cluster.until(() => (cluster.leader?.raftStatus.lead ?? 0n) !== 0n);
    await cluster.clock.advance(2000);
    const leader = await cluster.elected();
    await cluster.within(leader.changeMembers({ kind: "remove", id: memberId }));
    const back = await cluster.boot(name);
    await cluster.within(back.removed);
    await cluster.kill(name);
    cluster.wipe(name);
    await expect(cluster.boot(name)).rejects.toThrow(/removed/);
  });

  it("refuses a member that returns under its old identity without its data", async () => {
    await start();
    const follower = await cluster.follower();
    const name = cluster.nameOf(follower);
    await cluster.kill(name);
    cluster.wipe(name);
    await expect(cluster.boot(name)).rejects.toThrow(/member/);
    await expect(cluster.boot(name, { initialClusterState: "existing" })).rejects.toThrow(/member/);
  });
});

describe("a member that has lost its data", () => {
  it("is found out even when the whole cluster starts at once, and has no vote meanwhile", async () => {
    await start();
    await cluster.writeAll(await cluster.elected(), 10);
    for (const name of ["n1", "n2", "n3"]) await cluster.kill(name);
    cluster.wipe("n1");
    // Nobody is up who could tell it: it founds its cluster once more, with the ids that everybody knows.
    const wiped = await cluster.boot("n1");
    const failed = wiped.failed;
    await cluster.boot("n2");
    await expect(cluster.within(failed)).resolves.toMatchObject({
      message: expect.stringContaining("its log is not here"),
    });
    await cluster.clock.advance(10_000);
    // One of three with its memory is no majority, whatever the wiped one said.
    expect(cluster.node("n2").raftStatus.lead).toBe(0n);
    await cluster.kill("n1");
    await cluster.boot("n3");
    const leader = await cluster.elected();
    for (let i = 0; i < 10; i++) expect(await cluster.within(read(leader, `k${i}`))).toBe(String(i));
  });
});
