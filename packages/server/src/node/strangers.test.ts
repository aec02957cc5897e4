/** A member that is spoken to by one it has never heard of. */
import { afterEach, describe, expect, it } from "vitest";
import { initialMember, NodeCluster, put, read } from "../../testing/node-cluster.js";
import { memberOf, peerUrl } from "../../testing/recovered-machine.js";
import { SILENT_LOGGER } from "../../testing/test-env.js";
import type { ConfChange } from "../core/apply/command.js";
import { Membership } from "../core/apply/membership.js";
import { WriteBuffer } from "../core/mvcc/write-buffer.js";
import { MemoryBackend } from "../io/backend/memory-backend.js";
import type { PeerAddress } from "../peer-network.js";
import type { EtcdNode } from "./node.js";
import { Strangers } from "./strangers.js";

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

  it("answers the new one where it says it is reached, and catches up", async () => {
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
  const stranger = { id: 9n, urls: [peerUrl("n9")] };

  function acquainted(knownPeers: readonly PeerAddress[] = []) {
    let found = 0;
    const membership = new Membership(new WriteBuffer(new MemoryBackend()));
    const apply = (type: ConfChange["type"], id: bigint): void =>
      membership.apply({ type, member: memberOf(id, `n${id}`, [peerUrl(`n${id}`)]) });
    for (const id of [1n, 2n, 5n]) apply("add-voter", id);
    apply("remove", 5n);
    const onFound = (): void => {
      found++;
    };
    const strangers = new Strangers({ membership: () => membership, logger: SILENT_LOGGER, knownPeers, onFound });
    return { strangers, apply, found: () => found };
  }

  it("are remembered with where they say they are reached, once, and anew when they have moved", () => {
    const { strangers, found } = acquainted();
    strangers.met(stranger);
    strangers.met(stranger);
    expect([strangers.addresses, found()]).toEqual([[stranger], 1]);
    const moved = { id: 9n, urls: [peerUrl("elsewhere")] };
    strangers.met(moved);
    expect([strangers.addresses, found()]).toEqual([[moved], 2]);
  });

  it("are none once the list has them, or has removed them", () => {
    const { strangers, apply } = acquainted([stranger]);
    expect(strangers.addresses).toEqual([stranger]);
    apply("add-voter", 9n);
    expect(strangers.addresses).toEqual([]);
    apply("remove", 9n);
    strangers.met(stranger);
    expect(strangers.addresses).toEqual([]);
  });

  it("are neither members, nor removed ones, nor those that say no address, nor more than there can be", () => {
    const { strangers, found } = acquainted();
    for (const id of [1n, 5n]) strangers.met({ id, urls: [peerUrl("anywhere")] });
    strangers.met({ id: 9n, urls: [] });
    expect([strangers.addresses, found()]).toEqual([[], 0]);
    for (let id = 100n; id < 300n; id++) strangers.met({ id, urls: [peerUrl(`n${id}`)] });
    expect([strangers.addresses.length, found()]).toEqual([64, 64]);
  });
});
