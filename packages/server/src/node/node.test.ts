/** A whole member on a memory disk, a memory backend and a clock that the test moves. */
import { describe, expect, it } from "vitest";
import { get, put } from "../../testing/node-cluster.js";
import { type TestEnv, testEnv } from "../../testing/test-env.js";
import { MemoryBackend, MemoryStore } from "../io/backend/memory-backend.js";
import { MemoryDisk } from "../io/disk/memory-disk.js";
import { NO_PEERS } from "../io/peers/no-peers.js";
import type { PeerHandlers, PeerNetwork } from "../peer-network.js";
import { EtcdNode } from "./node.js";
import type { NodeOptions } from "./options.js";

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
/** What a member leaves behind on its machine. */
class Machine {
  disk = new MemoryDisk();
  readonly store = new MemoryStore();
  env: TestEnv = testEnv({ disk: this.disk });

  async start(options: Partial<NodeOptions> = {}): Promise<EtcdNode> {
    this.env = testEnv({ disk: this.disk });
    const node = await EtcdNode.start({
      env: this.env,
      backend: new MemoryBackend(this.store),
      walDirectory: "/wal",
      snapshotDirectory: "/snapshots",
      name: "n1",
      clientUrls: ["http://127.0.0.1:2379"],
      peerUrls: ["http://127.0.0.1:2380"],
      ...options,
    });
    await this.env.clock.settle();
    return node;
  }

  /** The power goes: neither the log nor the backend keeps what was not flushed. */
  crash(): void {
    this.disk.crash();
    this.store.crash();
  }
}

/** Runs the clock until the promise settles. */
async function within<T>(env: TestEnv, promise: Promise<T>, ms = 30_000): Promise<T> {
  let settled = false;
  const done = promise.finally(() => {
    settled = true;
  });
  done.catch(() => {});
  for (let passed = 0; !settled && passed < ms; passed += 10) await env.clock.advance(10);
  return done;
}

async function value(node: EtcdNode, env: TestEnv, key: string): Promise<string | undefined> {
  const { kvs } = await within(env, node.range(get(key)));
  return kvs[0] === undefined ? undefined : new TextDecoder().decode(kvs[0].value);
}

describe("a member of which another says that it has lost its log", () => {
  /** Starts one alone; `connected` is given what that other member calls. */
  async function start(connected: (handlers: PeerHandlers) => void): Promise<EtcdNode> {
    const env = testEnv({ disk: new MemoryDisk() });
    const peers: PeerNetwork = { ...NO_PEERS, start: (_identity, handlers) => connected(handlers) };
    return new Machine().start({ env: { ...env, peers } });
  }

  it("ends, for it may have voted", async () => {
    const node = await start((handlers) => handlers.forgotten());
    expect(await node.failed).toMatchObject({ message: expect.stringContaining("its log is not here") });
  });

  it("goes on where it has become known meanwhile: a handshake that was sent before came late", async () => {
    let others: PeerHandlers | undefined;
    const node = await start((handlers) => {
      others = handlers;
    });
    await node.ready;
    others?.forgotten();
    expect(await Promise.race([node.failed, Promise.resolve("goes on")])).toBe("goes on");
    expect(await node.propose(put("k", "v"))).toMatchObject({ revision: 2n });
    await node.stop();
  });
});

describe("a member on its own", () => {
  it("elects itself without waiting for an election timeout and publishes its name", async () => {
    const machine = new Machine();
    const node = await machine.start();
    await node.ready;
    expect(machine.env.clock.nowMs()).toBe(0);
    expect(node.raftStatus).toMatchObject({ role: "leader", lead: node.header.memberId });
    expect(node.members).toMatchObject([
      { id: node.header.memberId, name: "n1", clientUrls: ["http://127.0.0.1:2379"], isLearner: false },
    ]);
    await node.stop();
  });

  it("serves a put to a linearizable and to a serializable read", async () => {
    const machine = new Machine();
    const node = await machine.start();
    const result = await node.propose(put("k", "v"));
    expect(result).toMatchObject({ kind: "put", revision: 2n });
    expect(await value(node, machine.env, "k")).toBe("v");
    expect((await node.range(get("k", { serializable: true }))).count).toBe(1);
    expect(node.header.revision).toBe(2n);
    await node.stop();
  });

  it("has every answered write after a power loss at any moment", async () => {
    const machine = new Machine();
    let node = await machine.start();
    const identity = node.header;
    for (let life = 0; life < 5; life++) {
      const writes: Promise<unknown>[] = [];
      for (let n = 0; n < 40; n++) writes.push(node.propose(put(`k${life}-${n}`, String(n))));
      await Promise.all(writes);
      // Some lives have had a commit of the backend, some have not.
      if (life % 2 === 1) await machine.env.clock.advance(150);
      machine.crash();
      node = await machine.start();
      await node.ready;
      for (let n = 0; n < 40; n++) expect(await value(node, machine.env, `k${life}-${n}`)).toBe(String(n));
    }
    expect(node.header).toMatchObject({ clusterId: identity.clusterId, memberId: identity.memberId, revision: 201n });
    await node.stop();
  });

  it("starts again from a clean stop with nothing to replay", async () => {
    const machine = new Machine();
    const first = await machine.start();
    await first.propose(put("k", "v"));
    const { appliedIndex } = first.raftStatus;
    await first.stop();
    expect(machine.env.clock.pendingTimers).toBe(0);
    const second = await machine.start();
    expect(machine.store.durable.at.index).toBe(appliedIndex);
    expect(await value(second, machine.env, "k")).toBe("v");
    await second.stop();
  });

  it("does not start on the backend of another cluster, were it at the very same entry", async () => {
    const own = new Machine();
    await (await own.start()).stop();
    const other = new Machine();
    await (await other.start({ name: "m1", peerUrls: ["http://127.0.0.1:3380"] })).stop();
    const applied = new MemoryBackend(own.store).appliedAt();
    const foreign = new MemoryBackend(other.store);
    expect(foreign.appliedAt()).toMatchObject({ index: applied.index, term: applied.term });
    await expect(own.start({ backend: foreign })).rejects.toThrow(/the backend does not know member/);
  });

  it("keeps its ids when its peer URLs change", async () => {
    const machine = new Machine();
    const first = await machine.start();
    const { memberId, clusterId } = first.header;
    await first.stop();
    const second = await machine.start({ peerUrls: ["http://127.0.0.1:9999"] });
    expect(second.header).toMatchObject({ memberId, clusterId });
    await second.stop();
  });

  it("publishes a changed name after a restart", async () => {
    const machine = new Machine();
    const first = await machine.start();
    await first.ready;
    await first.stop();
    const second = await machine.start({ name: "renamed" });
    await second.ready;
    expect(second.members).toMatchObject([{ name: "renamed" }]);
    await second.stop();
  });
});

describe("proposals", () => {
  it("are refused when they are too large", async () => {
    const machine = new Machine();
    const node = await machine.start({ maxRequestBytes: 1000 });
    await expect(node.propose(put("k", "v".repeat(1001)))).rejects.toMatchObject({ reason: "requestTooLarge" });
    await expect(node.propose(put("k", "v".repeat(800)))).resolves.toMatchObject({ kind: "put" });
    expect(node.stats).toMatchObject({ proposalsFailed: 1, proposalsPending: 0 });
    await node.stop();
  });

  it("reject with the command's own error", async () => {
    const machine = new Machine();
    const node = await machine.start();
    await expect(node.propose(put("k", "v", 99n))).rejects.toMatchObject({ reason: "leaseNotFound" });
    await node.stop();
  });

  it("that wait are rejected when the node stops, as are all later calls", async () => {
    const machine = new Machine();
    const node = await machine.start();
    const waiting = [node.propose(put("k", "v")), node.range(get("k")), node.linearizableBarrier()];
    const outcomes = Promise.allSettled(waiting);
    await node.stop();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { reason: "stopped" } });
    await expect(node.propose(put("k", "v"))).rejects.toMatchObject({ reason: "stopped" });
    await expect(node.range(get("k"))).rejects.toMatchObject({ reason: "stopped" });
    await node.stop();
  });

  it("beyond the quota are refused, raise the alarm and leave reads and deletes alone", async () => {
    const machine = new Machine();
    const node = await machine.start({ quotaBytes: 20_000 });
    const full = async (): Promise<void> => {
      for (let n = 0; n < 100; n++) {
        await node.propose(put(`k${n}`, "v".repeat(1000)));
        await machine.env.clock.advance(100);
      }
    };
    await expect(full()).rejects.toMatchObject({ reason: "noSpace" });
    expect(node.alarms).toEqual([{ memberId: node.header.memberId, alarm: "no-space" }]);
    expect(await value(node, machine.env, "k0")).toHaveLength(1000);
    const remove = { kind: "delete-range", key: bytes("k0"), rangeEnd: bytes(""), prevKv: false } as const;
    expect(await node.propose(remove)).toMatchObject({ deleted: 1 });
    await node.stop();
  });

  it("see a failed log as the end of the member", async () => {
    const machine = new Machine();
    let broken = false;
    machine.disk = new MemoryDisk({
      before: ({ type }) => {
        if (broken && type !== "remove") throw new Error("EIO");
      },
    });
    const node = await machine.start();
    await node.ready;
    broken = true;
    const outcome = node.propose(put("k", "v"));
    await expect(outcome).rejects.toMatchObject({ reason: "stopped" });
    expect((await node.failed).message).toContain("write-ahead log");
    broken = false;
    await node.stop();
  });
});

describe("the log", () => {
  it("is compacted every so many entries, and a restart goes on from the mark", async () => {
    const machine = new Machine();
    const limits = { snapshotCount: 20, catchUpEntries: 5 };
    const first = await machine.start(limits);
    for (let n = 0; n < 50; n++) {
      await first.propose(put(`k${n}`, "v"));
      await machine.env.clock.settle();
    }
    const { firstIndex, appliedIndex } = first.raftStatus;
    expect(firstIndex).toBeGreaterThan(appliedIndex - 20 - 5 - 5);
    machine.crash();
    const second = await machine.start(limits);
    await second.ready;
    expect(second.raftStatus.firstIndex).toBeGreaterThan(1);
    for (let n = 0; n < 50; n++) expect(await value(second, machine.env, `k${n}`)).toBe("v");
    expect(second.header.revision).toBe(51n);
    await second.stop();
  });
});

describe("leases", () => {
  it("raise a short TTL before the log and expire with their keys", async () => {
    const machine = new Machine();
    const node = await machine.start();
    expect(await node.propose({ kind: "lease-grant", id: 5n, ttlSeconds: 1 })).toMatchObject({ ttlSeconds: 2 });
    await node.propose(put("k", "v", 5n));
    await machine.env.clock.advance(1500);
    expect(await value(node, machine.env, "k")).toBe("v");
    expect(await within(machine.env, node.leaseTimeToLive(5n, true))).toMatchObject({ keys: [bytes("k")] });
    await machine.env.clock.advance(1200);
    expect(await value(node, machine.env, "k")).toBeUndefined();
    expect(await node.leases()).toEqual([]);
    await node.stop();
  });

  it("live on when they are renewed, and a renewal that comes too late answers 0 when the keys are gone", async () => {
    const machine = new Machine();
    const node = await machine.start();
    await node.propose({ kind: "lease-grant", id: 5n, ttlSeconds: 3 });
    await node.propose(put("k", "v", 5n));
    for (let n = 0; n < 5; n++) {
      await machine.env.clock.advance(2000);
      expect(await within(machine.env, node.renewLease(5n))).toBe(3);
    }
    machine.env.clock.stall(3100);
    expect(await within(machine.env, node.renewLease(5n))).toBe(0);
    expect((await node.range(get("k", { serializable: true }))).count).toBe(0);
    await node.stop();
  });

  it("get their full time again after a restart", async () => {
    const machine = new Machine();
    const first = await machine.start();
    await first.propose({ kind: "lease-grant", id: 5n, ttlSeconds: 10 });
    await machine.env.clock.advance(8000);
    machine.crash();
    const second = await machine.start();
    await second.ready;
    await machine.env.clock.advance(8000);
    expect(await second.leases()).toEqual([5n]);
    await machine.env.clock.advance(4000);
    expect(await second.leases()).toEqual([]);
    await second.stop();
  });
});

describe("watches, compaction and maintenance", () => {
  it("tell a watcher of a write", async () => {
    const machine = new Machine();
    const node = await machine.start();
    let outputs = 0;
    const stream = node.watch.openStream(() => outputs++);
    stream.create({
      watchId: 0,
      key: bytes("k"),
      rangeEnd: bytes(""),
      startRevision: 0n,
      prevKv: false,
      progressNotify: false,
      noPut: false,
      noDelete: false,
      fragment: false,
    });
    expect(stream.next()).toMatchObject({ created: true });
    await node.propose(put("k", "v"));
    expect(outputs).toBeGreaterThan(0);
    expect(stream.next()).toMatchObject({ events: [{ type: "put", kv: { modRevision: 2n } }] });
    stream.close();
    await node.stop();
  });

  it("finish a compaction in the background and say when it is done", async () => {
    const machine = new Machine();
    const node = await machine.start();
    for (let n = 0; n < 20; n++) await node.propose(put("k", String(n)));
    await node.propose({ kind: "compaction", revision: 15n, physical: true });
    await within(machine.env, node.waitCompacted(15n));
    await expect(within(machine.env, node.range({ ...get("k"), revision: 14n }))).rejects.toMatchObject({
      reason: "compacted",
    });
    const { hash, compactRevision, hashRevision } = await within(machine.env, node.hashKv(0n));
    expect({ compactRevision, hashRevision }).toEqual({ compactRevision: 15n, hashRevision: 21n });
    expect(hash).toBe((await within(machine.env, node.hashKv(0n))).hash);
    await node.stop();
  });

  it("defragment without losing what comes in meanwhile", async () => {
    const machine = new Machine();
    const node = await machine.start();
    await node.propose(put("a", "1"));
    const done = node.defragment();
    const write = node.propose(put("b", "2"));
    await within(machine.env, Promise.all([done, write]));
    await machine.env.clock.advance(200);
    expect(await value(node, machine.env, "a")).toBe("1");
    expect(await value(node, machine.env, "b")).toBe("2");
    expect(machine.store.durable.at.index).toBe(node.raftStatus.appliedIndex);
    await node.stop();
  });

  it("serve reads and writes, and commit them, while a defragmentation takes its time", async () => {
    const machine = new Machine();
    let finish = (): void => {};
    class SlowBackend extends MemoryBackend {
      override async defragment(): Promise<void> {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        await super.defragment();
      }
    }
    const node = await machine.start({ backend: new SlowBackend(machine.store) });
    let isOver = false;
    const done = node.defragment().then(() => {
      isOver = true;
    });
    await within(machine.env, node.propose(put("a", "1")));
    expect(await value(node, machine.env, "a")).toBe("1");
    await machine.env.clock.advance(200);
    expect(machine.store.current.at.index).toBe(node.raftStatus.appliedIndex);
    expect(isOver).toBe(false);
    finish();
    await within(machine.env, done);
    expect(await value(node, machine.env, "a")).toBe("1");
    await node.stop();
  });

  it("take a snapshot of everything applied", async () => {
    const machine = new Machine();
    const node = await machine.start();
    await node.propose(put("a", "1"));
    const snapshot = node.snapshot();
    expect(snapshot.at.index).toBe(node.raftStatus.appliedIndex);
    expect([...snapshot.entries("key")]).toHaveLength(1);
    snapshot.close();
    await node.stop();
  });
});
