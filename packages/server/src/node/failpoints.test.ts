/** A member that dies at a named place, whichever it is, comes back with everything it has acknowledged. */
import { describe, expect, it } from "vitest";
import { get, put } from "../../testing/node-cluster.js";
import { testEnv } from "../../testing/test-env.js";
import type { WatchCreate } from "../core/watch/types.js";
import type { Failpoints } from "../env.js";
import { FAILPOINT_SITES, type FailpointSite } from "../failpoint-sites.js";
import { MemoryBackend, MemoryStore } from "../io/backend/memory-backend.js";
import { MemoryDisk } from "../io/disk/memory-disk.js";
import { EtcdNode } from "./node.js";

/** Sites that a member on its own with its backend in memory does not pass. */
const NOT_ALONE = new Set<FailpointSite>([
  ...FAILPOINT_SITES.filter((site) => site.startsWith("snapshot-")),
  ...(["raft-before-receive", "raft-before-send", "leadership-before-hand-over", "backend-before-swap"] as const),
]);

const PADDING = "x".repeat(1500);
const WATCH: WatchCreate = {
  ...{ watchId: 0, key: put("a", "").key, rangeEnd: Uint8Array.of(0), startRevision: 1n },
  ...{ prevKv: false, progressNotify: true, noPut: false, noDelete: false, fragment: false },
};

interface Machine {
  readonly disk: MemoryDisk;
  readonly store: MemoryStore;
}

function start(
  { disk, store }: Machine,
  failpoints: Failpoints,
): { env: ReturnType<typeof testEnv>; node: Promise<EtcdNode> } {
  const env = testEnv({ disk, failpoints });
  const node = EtcdNode.start({
    ...{ env, backend: new MemoryBackend(store), walDirectory: "/wal", snapshotDirectory: "/snapshots", name: "n1" },
    ...{ clientUrls: ["http://127.0.0.1:2379"], peerUrls: ["http://127.0.0.1:2380"] },
    ...{ snapshotCount: 8, catchUpEntries: 2, walSegmentBytes: 16 * 1024, progressNotifyMs: 1000 },
    tuning: {
      compactionBatch: 3,
      watchResponsesMax: 2,
      watchCatchUpRevisionsMax: 2,
      leaseCheckpointIntervalSeconds: 1,
    },
  });
  node.catch(() => {});
  return { env, node };
}

/** Everything that passes a site. What was acknowledged is in `acknowledged`, also when it rejects half-way. */
async function live(machine: Machine, failpoints: Failpoints, acknowledged: Set<string>): Promise<void> {
  const { env, node: starting } = start(machine, failpoints);
  const soon = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    promise.then(
      () => (settled = true),
      () => (settled = true),
    );
    for (let passed = 0; !settled && passed < 30_000; passed += 10) await env.clock.advance(10);
    if (!settled) throw new Error("no answer");
    return promise;
  };
  const node = await soon(starting);
  await soon(node.ready);
  const write = async (key: string): Promise<void> => {
    await soon(node.propose(put(key, PADDING)));
    acknowledged.add(key);
  };
  const stream = node.watch.openStream(() => {});
  stream.create({ ...WATCH, startRevision: 1n });
  for (let i = 0; i < 20; i++) await write(`k${i}`);
  await env.clock.advance(200);
  while (stream.next() !== undefined);
  await soon(node.propose({ kind: "lease-grant", id: 7n, ttlSeconds: 5 }));
  await soon(node.renewLease(7n));
  await soon(node.leaseTimeToLive(7n, false));
  for (let i = 0; i < 10; i++) await soon(node.propose(put("overwritten", PADDING)));
  await soon(node.propose({ kind: "compaction", revision: node.header.revision, physical: true }));
  await soon(node.waitCompacted(node.header.revision));
  await soon(node.defragment());
  await env.clock.advance(12_000);
  for (let i = 20; i < 40; i++) await write(`k${i}`);
  await soon(node.stop());
}

/** One life that ends at the n-th hit of the site, and the next. False when the site was not reached so often. */
async function dieAt(site: FailpointSite, hit: number): Promise<boolean> {
  const machine = { disk: new MemoryDisk(), store: new MemoryStore() };
  let hits = 0;
  let isDead = false;
  const acknowledged = new Set<string>();
  const failpoints: Failpoints = {
    hit: (passed) => {
      if (!isDead && passed === site && ++hits === hit) {
        isDead = true;
        machine.disk.crash();
        machine.store.crash();
      }
      // The dead do nothing more.
      if (isDead) throw new Error(`dead since ${site}`);
    },
  };
  let isComplete = false;
  await live(machine, failpoints, acknowledged).then(
    () => {
      isComplete = true;
    },
    () => {},
  );
  if (!isDead) expect(isComplete).toBe(true);
  const kept = [...acknowledged];
  const { env, node: starting } = start(machine, { hit() {} });
  await env.clock.settle();
  const node = await starting;
  await env.clock.settle();
  await node.ready;
  for (const key of kept) {
    const range = node.range(get(key));
    await env.clock.settle();
    expect((await range).kvs, `${key} after a death at ${site}`).toHaveLength(1);
  }
  return isDead;
}

describe("a member that dies at a failpoint", () => {
  it.each(FAILPOINT_SITES.filter((site) => !NOT_ALONE.has(site)))("has at %s lost nothing", async (site) => {
    expect(await dieAt(site, 1)).toBe(true);
    for (const hit of [2, 5, 12]) await dieAt(site, hit);
  });

  it("does not pass on its own what takes others", async () => {
    for (const site of NOT_ALONE) expect([site, await dieAt(site, 1)]).toEqual([site, false]);
  });
});
