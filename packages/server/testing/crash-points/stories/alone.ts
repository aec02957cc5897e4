/** Stories of a member that is its whole cluster. */
import type { Story } from "../story.js";

const SMALL_SEGMENTS = { walSegmentBytes: 4 * 1024, snapshotCount: 12, catchUpEntries: 3 };
const COMMITS_OFTEN = { backendCommitIntervalMs: 15, compactionBatch: 2, compactionPauseMs: 3 };

export const firstWrites: Story = {
  name: "first writes",
  about: "a member is founded and takes small and large values, alone and many at once",
  members: 1,
  settings: { walSegmentBytes: 64 * 1024, tuning: COMMITS_OFTEN },
  async play(work) {
    await work.found();
    for (let i = 0; i < 6; i++) await work.put(`small ${i % 4}`, `value ${i}`);
    await work.put("large", "x".repeat(9000));
    await work.putAll(["a", "b", "c", "d"], "together");
    await work.put("large", "y".repeat(3000));
    await work.putAll(["a", "large", "e"], "z".repeat(1200));
    for (let round = 0; round < 6; round++) {
      await work.putAll([`m${round}`, "n", "o"], `${round}`.repeat(200 + 350 * round));
      if (round % 2 === 0) await work.pass(20);
    }
    await work.pass(60);
    for (let i = 0; i < 4; i++) await work.put(`small ${i}`, `last ${i}`);
  },
};

export const rollingLog: Story = {
  name: "rolling log",
  about: "segments of the log fill, roll and are released behind marks",
  members: 1,
  settings: { ...SMALL_SEGMENTS, tuning: COMMITS_OFTEN },
  async play(work) {
    await work.found();
    for (let round = 0; round < 14; round++) {
      await work.putAll([`k${round % 5}`, `l${round % 3}`], `${round} `.repeat(150));
      await work.put("counter", String(round));
      if (round % 4 === 3) await work.pass(30);
    }
  },
};

export const largeValues: Story = {
  name: "values larger than a segment",
  about: "a flush that needs a segment of its own, between small ones",
  members: 1,
  settings: { ...SMALL_SEGMENTS, tuning: COMMITS_OFTEN },
  async play(work) {
    await work.found();
    for (let round = 0; round < 5; round++) {
      await work.put("small", `round ${round}`);
      await work.put(`large ${round % 2}`, `${round}`.repeat(9000 + 3000 * round));
      await work.putAll([`a${round}`, `b${round}`, "large 2"], "together ".repeat(300));
      await work.remove(`a${round}`);
    }
    await work.pass(80);
    await work.put("last", "one");
  },
};

export const everyCommand: Story = {
  name: "every command",
  about: "leases, deletes, transactions, alarms and compactions, with physical removal in small batches",
  members: 1,
  settings: { ...SMALL_SEGMENTS, tuning: COMMITS_OFTEN },
  async play(work) {
    await work.found();
    await work.ask({ kind: "lease-grant", id: 7n, ttlSeconds: 5000 });
    await work.ask({ kind: "lease-grant", id: 8n, ttlSeconds: 6000 });
    for (let i = 0; i < 6; i++) await work.put(`leased ${i % 3}`, `v${i}`, i % 2 === 0 ? 7n : 8n);
    await work.remove("leased 1");
    await work.remove("never there");
    await transfer(work, "leased 0", "moved 0");
    await work.ask({ kind: "compaction", revision: work.leader.header.revision - 2n, physical: true });
    await work.pass(12);
    await work.ask({ kind: "lease-revoke", id: 8n, leaderTerm: 0 });
    for (let i = 0; i < 5; i++) await work.put("often", `v${i}`);
    await work.remove("often");
    await work.ask({ kind: "compaction", revision: work.leader.header.revision, physical: true });
    const { memberId } = work.leader.header;
    await work.ask({ kind: "alarm", action: "activate", memberId, alarm: "no-space" });
    await work.ask({ kind: "alarm", action: "deactivate", memberId, alarm: "no-space" });
    await transfer(work, "moved 0", "moved 1");
    await work.pass(60);
    await work.put("often", "again");
  },
};

export const lifeUponLife: Story = {
  name: "life upon life",
  about: "clean stops, power cuts and starts, one after the other",
  members: 1,
  settings: { ...SMALL_SEGMENTS, tuning: COMMITS_OFTEN },
  async play(work) {
    await work.found();
    for (let life = 0; life < 6; life++) {
      await work.putAll([`a${life}`, "shared"], `life ${life}`);
      await work.put(`b${life}`, "b".repeat(700));
      if (life % 2 === 0) await work.stage.stop("n1");
      else await work.stage.losePower("n1");
      await work.stage.within(work.stage.boot("n1"));
      await work.served();
    }
  },
};

export const defragmented: Story = {
  name: "defragmentation",
  about: "the backend is written anew between writes and while some wait",
  members: 1,
  settings: { ...SMALL_SEGMENTS, tuning: COMMITS_OFTEN },
  async play(work) {
    await work.found();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) await work.put(`k${i}`, `${round}-${i} `.repeat(40));
      const defragmenting = work.leader.defragment();
      await work.putAll([`k${round}`, "meanwhile"], `round ${round}`);
      await work.stage.within(defragmenting);
      await work.remove(`k${round}`);
    }
    await work.ask({ kind: "compaction", revision: work.leader.header.revision, physical: true });
    await work.stage.within(work.leader.defragment());
    await work.put("last", "one");
    await work.stage.stop("n1");
  },
};

/** Moves a value in one revision, if it is where it is thought to be. */
async function transfer(work: Parameters<Story["play"]>[0], from: string, to: string): Promise<void> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const none = new Uint8Array(0);
  const flags = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
  await work.transaction(from, to, {
    kind: "txn",
    compare: [{ target: "version", result: "greater", key: bytes(from), rangeEnd: none, operand: 0n }],
    success: [
      { kind: "delete-range", key: bytes(from), rangeEnd: none, prevKv: false },
      { kind: "put", key: bytes(to), value: bytes("moved"), ...flags },
    ],
    failure: [{ kind: "put", key: bytes(to), value: bytes("not moved"), ...flags }],
  });
}
