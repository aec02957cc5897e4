/** The node's sizes: their defaults, what is refused, and that every one of them is somebody's. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { NodeCluster, put } from "../../testing/node-cluster.js";
import { DEFAULT_TUNING, resolveTuning, type Tuning } from "./tuning.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));

describe("tuning", () => {
  it("has a default for whatever is not given", () => {
    expect(resolveTuning()).toEqual(DEFAULT_TUNING);
    expect(resolveTuning({ leaseScanMax: 3 })).toEqual({ ...DEFAULT_TUNING, leaseScanMax: 3 });
  });

  it("refuses by name what the node could not get ahead with", () => {
    const refused: [Partial<Tuning>, RegExp][] = [
      [{ applySliceMs: 0 }, /^tuning.applySliceMs is 0: give a whole number from 1 on$/],
      [{ backendCommitIntervalMs: -1 }, /^tuning.backendCommitIntervalMs is -1: give a whole number from 0 on$/],
      [{ compactionBatch: 1.5 }, /compactionBatch is 1.5/],
      [{ snapshotPieceBytes: 2 ** 21 }, /snapshotPieceBytes is 2097152: give 1048576 at most/],
    ];
    for (const [tuning, message] of refused) expect(() => resolveTuning(tuning)).toThrow(message);
    expect(resolveTuning({ backendCommitIntervalMs: 0 }).backendCommitIntervalMs).toBe(0);
  });

  it("has no field that nothing of the node looks at", async () => {
    const names = (await readdir(HERE)).filter((name) => !name.includes(".test.") && name !== "tuning.ts");
    const texts = await Promise.all(names.map((name) => readFile(join(HERE, name), "utf8")));
    const unread = Object.keys(DEFAULT_TUNING).filter((key) => !texts.some((text) => text.includes(`tuning.${key}`)));
    expect(unread).toEqual([]);
  });

  it("reaches the store's compaction, the watches and the observer of a running member", async () => {
    const observed: number[] = [];
    const cluster = await NodeCluster.start({
      size: 1,
      options: {
        tuning: { compactionBatch: 1, compactionPauseMs: 1000, watchResponsesMax: 2 },
        onApplied: ({ index }) => observed.push(index),
      },
    });
    const [node] = cluster.nodes as [(typeof cluster.nodes)[number]];
    const stream = node.watch.openStream(() => {});
    const key = put("k", "").key;
    const filters = { prevKv: false, progressNotify: false, noPut: false, noDelete: false, fragment: false };
    stream.create({ watchId: 0, key, rangeEnd: new Uint8Array(0), startRevision: 0n, ...filters });
    expect(stream.full).toBe(false);
    for (let i = 0; i < 5; i++) await cluster.within(node.propose(put("k", String(i))));
    expect(stream.full).toBe(true);
    expect(observed).toEqual(Array.from({ length: node.raftStatus.appliedIndex }, (_, i) => i + 1));

    // Four revisions of the key go, one a second.
    await cluster.within(node.propose({ kind: "compaction", revision: node.header.revision, physical: false }));
    const startMs = cluster.clock.nowMs();
    await cluster.within(node.waitCompacted(node.header.revision));
    expect(cluster.clock.nowMs() - startMs).toBeGreaterThan(3000);
    await cluster.close();
  });
});
