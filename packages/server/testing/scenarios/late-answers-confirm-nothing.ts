/** A linearizable read is never older than what was acknowledged before it: etcd's issues 20418 and 21399, raft's 397. */
import type { Message } from "../../src/core/raft/types.js";
import type { Fate } from "../../src/simulation/memory-network.js";
import { NodeCluster, put, read } from "../node-cluster.js";
import { demand, type Scenario } from "./scenario.js";

export const lateAnswersConfirmNothing: Scenario = {
  name: "late-answers-confirm-nothing",
  about: "a leader that was replaced answers no read, though late answers to its old heartbeats still come in",
  run: async () => {
    let lateSinceMs: number | undefined;
    let cutOff = 0n;
    const fate = ({ type, from, to }: Message): Fate | undefined => {
      if (cutOff !== 0n && (from === cutOff || to === cutOff)) return "lost";
      // Answers become late little by little: a gap between two of them would cost the leader its office.
      if (type !== "heartbeat-response" || lateSinceMs === undefined) return undefined;
      return { delayMs: Math.min((cluster.clock.nowMs() - lateSinceMs) / 2, LATE_MS) };
    };
    const cluster: NodeCluster = await NodeCluster.start({ network: { fate } });
    try {
      const old = await cluster.elected();
      await cluster.within(old.propose(put("k", "old")));
      lateSinceMs = cluster.clock.nowMs();
      await cluster.clock.advance(3 * LATE_MS);
      cutOff = old.header.memberId;
      const others = cluster.nodes.filter((node) => node !== old);
      const successor = (): (typeof others)[number] | undefined =>
        others.find(({ raftStatus }) => raftStatus.role === "leader");
      await cluster.until(() => successor() !== undefined);
      await cluster.within(successor()?.propose(put("k", "new")) ?? Promise.reject(new Error("nobody leads")));
      demand(old.raftStatus.role === "leader", "the old leader does not know yet that it was replaced");
      const answer = read(old, "k").catch(() => "no answer");
      const value = await cluster.within(answer);
      demand(value !== "old", "a read that began after a write was acknowledged does not see what was before it");
    } finally {
      await cluster.close();
    }
  },
};

/** Longer than it takes the others to elect somebody and to write. */
const LATE_MS = 4000;
