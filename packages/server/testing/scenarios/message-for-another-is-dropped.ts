/** A member acts on what is meant for it, not on what comes to its address: etcd's issue 17813. */
import type { PeerHandlers } from "../../src/peer-network.js";
import { NodeCluster, put } from "../node-cluster.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const messageForAnotherIsDropped: Scenario = {
  name: "message-for-another-is-dropped",
  about: "a message to the member that had the address before moves neither the term nor the leader",
  run: async () => {
    const cluster = await NodeCluster.start();
    try {
      const leader = await cluster.elected();
      const { term } = leader.raftStatus;
      const { clusterId } = leader.header;
      const sender = cluster.network.join("http://somewhere:2380");
      const identity = { clusterId, memberId: 4242n, peerUrls: sender.urls, isNew: () => false };
      sender.start(identity, HEEDLESS);
      sender.setPeers(
        cluster.initialCluster.map(({ peerUrls }, i) => ({ id: PREDECESSOR + BigInt(i), urls: peerUrls })),
      );
      for (let i = 0; i < cluster.initialCluster.length; i++) {
        const to = PREDECESSOR + BigInt(i);
        sender.send([{ type: "heartbeat-response", from: 4242n, to, term: term + 50, context: 0 }]);
      }
      await cluster.clock.advance(3000);
      await sender.close();
      await cluster.within(leader.propose(put("k", "1")));
      demandEqual(leader.raftStatus.role, "leader", "the leader's role");
      demandEqual(leader.raftStatus.term, term, "the term");
    } finally {
      await cluster.close();
    }
  },
};

/** Ids that were given to members at these addresses, one after another; nobody has them now. */
const PREDECESSOR = 900n;

const HEEDLESS: PeerHandlers = {
  met() {},
  receive() {},
  receiveSnapshot: async () => {},
  unreachable() {},
  snapshotSent() {},
  answer: () => Promise.reject(new Error("it has nothing to say")),
  describe: () => ({ clusterId: 0n, members: [], removed: [] }),
  isRemoved: () => false,
  removed() {},
  hasStarted: () => true,
  forgotten() {},
};
