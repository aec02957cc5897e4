/** What a follower has acknowledged stays, whatever old messages come again: Raft paper, figure 2, step 3 of an append. */
import { NodeCluster, put, read } from "../node-cluster.js";
import { deliver } from "./delivery.js";
import { demandEqual, type Scenario } from "./scenario.js";

export const staleAppendTakesNothingAway: Scenario = {
  name: "stale-append-takes-nothing-away",
  about: "writes that a follower acknowledged outlive the leader, though an earlier append reached it once more",
  run: async () => {
    /** The one to whom an append comes twice; nobody until it is time. */
    let twice = 0n;
    const cluster: NodeCluster = await NodeCluster.start({
      network: {
        fate: (message) => {
          // Once, behind the next appends and ahead of the news that they are committed.
          if (message.to === twice && message.type === "append" && message.entries.length > 0) {
            twice = 0n;
            cluster.clock.setTimer(COPY_MS, () => deliver(cluster, message));
          }
          return undefined;
        },
        delayMs: DELAY_MS,
      },
    });
    try {
      const leader = await cluster.elected();
      const [away, follower] = cluster.nodes.filter((node) => node !== leader).map(({ header }) => header.memberId);
      await cluster.clock.advance(1000);
      cluster.network.isolate(away ?? 0n);
      twice = follower ?? 0n;
      const written: Promise<unknown>[] = [];
      for (let i = 0; i < WRITES; i++) {
        written.push(leader.propose(put(`k${i}`, String(i))));
        await cluster.clock.advance(1);
      }
      let fallen: Promise<void> | undefined;
      const name = cluster.nameOf(leader);
      const acknowledged = Promise.all(written).then(() => {
        fallen = cluster.kill(name);
      });
      await cluster.within(acknowledged);
      await fallen;
      cluster.network.heal();
      const next = await cluster.elected();
      for (let i = 0; i < WRITES; i++) {
        demandEqual(await cluster.within(read(next, `k${i}`)), String(i), `write ${i} of ${WRITES} acknowledged ones`);
      }
    } finally {
      await cluster.close();
    }
  },
};

const DELAY_MS = 20;
/** Between the arrival of the last append and that of the first commit index. */
const COPY_MS = DELAY_MS + 10;
const WRITES = 8;
