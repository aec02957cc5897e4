/** Stories of several members. A power cut takes the whole site: every machine keeps what its own chance leaves it. */
import type { Story } from "../story.js";

const SMALL = { walSegmentBytes: 4 * 1024, snapshotCount: 15, catchUpEntries: 4 };
const TUNING = { backendCommitIntervalMs: 20, compactionBatch: 3, compactionPauseMs: 3, snapshotPieceBytes: 1024 };

export const replicated: Story = {
  name: "replicated",
  about: "three members found a cluster and write, and the lead is handed over",
  members: 3,
  settings: { walSegmentBytes: 8 * 1024, snapshotCount: 15, tuning: TUNING },
  async play(work) {
    await work.found();
    for (let i = 0; i < 8; i++) await work.put(`k${i % 3}`, `value ${i}`);
    await work.putAll(["a", "b", "c"], "x".repeat(900));
    await work.stage.within(work.leader.moveLeader(work.follower.header.memberId));
    await work.pass(50);
    await work.remove("a");
    await work.putAll(["b", "d"], "behind the new leader");
    await work.ask({ kind: "compaction", revision: work.leader.header.revision, physical: true });
    await work.put("last", "one");
  },
};

export const membership: Story = {
  name: "membership",
  about: "a learner joins and is promoted, a voter joins, members leave",
  members: 1,
  settings: { ...SMALL, tuning: TUNING },
  async play(work) {
    await work.found();
    for (let i = 0; i < 5; i++) await work.put(`k${i}`, `alone ${i}`);
    await work.join("n2", true);
    await work.put("k1", "with a learner");
    await work.change({ kind: "promote", id: work.follower.header.memberId });
    await work.put("k2", "with two voters");
    await work.join("n3", false);
    await work.putAll(["k3", "k4"], "with three voters");
    const { memberId } = work.follower.header;
    await work.change({ kind: "update", id: memberId, peerUrls: [`http://${work.nameOf(work.follower)}:2380`] });
    await work.leave(work.follower);
    await work.put("k5", "with two again");
  },
};

export const snapshotTaken: Story = {
  name: "snapshot from the leader",
  about:
    "a follower was away for longer than the log reaches back, and takes the leader's snapshot in the place of its data",
  members: 3,
  settings: { ...SMALL, tuning: TUNING },
  async play(work) {
    await work.found();
    for (let i = 0; i < 4; i++) await work.put(`k${i}`, `before ${i}`);
    const away = work.nameOf(work.follower);
    await work.stage.stop(away);
    for (let i = 0; i < 24; i++) await work.put(`k${i % 6}`, `${i} `.repeat(30));
    await work.remove("k2");
    await work.pass(100);
    await work.stage.within(work.stage.boot(away));
    await work.caughtUp(away);
    for (let i = 0; i < 4; i++) await work.put(`k${i}`, `after ${i}`);
    await work.pass(60);
  },
};
