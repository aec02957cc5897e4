/** A member that is spoken to by one it has never heard of. */
import { afterEach, describe, expect, it } from "vitest";
import type { ConfChange } from "../core/apply/command.js";
import { Membership } from "../core/apply/membership.js";
import { WriteBuffer } from "../core/mvcc/write-buffer.js";
import { MemoryBackend } from "../io/backend/memory-backend.js";
import type { ClusterDescription } from "../peer-network.js";
import { initialMember, NodeCluster, put, read } from "../testing/node-cluster.js";
import { memberOf, peerUrl } from "../testing/recovered-machine.js";
import { testEnv } from "../testing/test-env.js";
import type { EtcdNode } from "./node.js";
import { Strangers, type StrangersOptions } from "./strangers.js";

describe("a member that was away while another one was added that leads now", () => {
  let cluster: NodeCluster;
  afterEach(() => cluster.close());

  /** n6 was added while n5 could not hear of it, and leads. */
  async function successor(): Promise<EtcdNode> {
    await cluster.until(() => cluster.leader !== undefined && cluster.nameOf(cluster.leader) !== "n5");
    // Members count as healthy after five seconds.
    await cluster.clock.advance(8000);
    const { peerUrls } = initialMember("n6");
    const leader = cluster.leader as EtcdNode;
    await cluster.within(leader.changeMembers({ kind: "add", peerUrls, isLearner: false }));
    const node = await cluster.boot("n6", {
      initialClusterState: "existing",
      initialCluster: [...cluster.initialCluster, initialMember("n6")],
    });
    await cluster.within(node.ready);
    await cluster.within(leader.moveLeader(node.header.memberId));
    await cluster.within(node.propose(put("after", "1")));
    return node;
  }

  it("asks for the new one's address and catches up", async () => {
    cluster = await NodeCluster.start({ size: 5 });
    await cluster.kill("n5");
    await successor();
    const back = await cluster.boot("n5");
    await cluster.within(back.ready);
    expect(cluster.leader).toBe(cluster.node("n6"));
    expect(await cluster.within(read(back, "after"))).toBe("1");
    expect((await cluster.hashes()).size).toBe(1);
  });
});

describe("strangers", () => {
  const known = memberOf(1n, "n1", [peerUrl("n1")]);
  const self = memberOf(2n, "n2", [peerUrl("n2")]);
  const stranger = memberOf(9n, "n9", [peerUrl("n9")]);

  function listen(answers: Readonly<Record<string, ClusterDescription>>, options: Partial<StrangersOptions> = {}) {
    const { clock, peers, logger } = testEnv();
    const asked: string[] = [];
    let found = 0;
    const membership = new Membership(new WriteBuffer(new MemoryBackend()));
    const apply = (change: ConfChange): void => membership.apply(change);
    for (const member of [known, self, memberOf(5n, "n5", [peerUrl("n5")])]) apply({ type: "add-voter", member });
    apply({ type: "remove", member: memberOf(5n, "n5", []) });
    const discover = async (urls: readonly string[]): Promise<ClusterDescription | undefined> => {
      asked.push(...urls);
      return answers[urls[0] ?? ""];
    };
    const strangers = new Strangers({
      ...{ clusterId: 7n, memberId: 2n, clock, logger, knownPeers: [], initialUrls: [] },
      membership: () => membership,
      peers: { ...peers, discover },
      stopped: () => false,
      onFound: () => {
        found++;
      },
      ...options,
    });
    return { strangers, clock, asked, apply, found: () => found };
  }

  const told = (members = [known, self, stranger], clusterId = 7n): ClusterDescription => ({
    ...{ clusterId, members, removed: [] },
  });

  it("are asked for once, at the members that are known and at those of the settings", async () => {
    const initialUrls = [[peerUrl("n1")], [peerUrl("n3")]];
    const { strangers, clock, asked, found } = listen({ [peerUrl("n3")]: told() }, { initialUrls });
    for (let i = 0; i < 5; i++) strangers.heard(9n);
    await clock.settle();
    strangers.heard(9n);
    await clock.advance(5000);
    strangers.heard(9n);
    expect(asked).toEqual([peerUrl("n1"), peerUrl("n3")]);
    expect(found()).toBe(1);
    expect(strangers.addresses).toEqual([{ id: 9n, urls: [peerUrl("n9")] }]);
  });

  it("are none once the list has them, or has removed them", async () => {
    const { strangers, clock, apply } = listen({ [peerUrl("n1")]: told() });
    strangers.heard(9n);
    await clock.settle();
    apply({ type: "add-voter", member: stranger });
    expect(strangers.addresses).toEqual([]);
    apply({ type: "remove", member: stranger });
    expect(strangers.addresses).toEqual([]);
  });

  it("that nobody knows are asked for again, but not at every heartbeat", async () => {
    const answers: Record<string, ClusterDescription> = { [peerUrl("n1")]: told([known, self]) };
    const { strangers, clock, asked, found } = listen(answers);
    for (let i = 0; i < 30; i++) {
      strangers.heard(9n);
      await clock.advance(100);
    }
    expect(asked).toHaveLength(3);
    expect(found()).toBe(0);
    answers[peerUrl("n1")] = told();
    await clock.advance(1000);
    strangers.heard(9n);
    await clock.settle();
    expect(strangers.addresses).toHaveLength(1);
  });

  it("are not taken from another cluster, and members and removed ones are not asked for", async () => {
    const { strangers, clock, asked } = listen({ [peerUrl("n1")]: told([known, self, stranger], 8n) });
    strangers.heard(1n);
    strangers.heard(5n);
    await clock.settle();
    expect(asked).toEqual([]);
    strangers.heard(9n);
    await clock.settle();
    expect(strangers.addresses).toEqual([]);
  });
});
