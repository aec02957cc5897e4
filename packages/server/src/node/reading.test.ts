/** A member whose store cannot be read any more stops, its callers hear so, and nothing of the disk's own words leaves it. */
import { describe, expect, it } from "vitest";
import { get, put } from "../../testing/node-cluster.js";
import { testEnv } from "../../testing/test-env.js";
import { type BackendSnapshot, UnreadableError } from "../core/mvcc/backend.js";
import type { TxnOperation } from "../core/mvcc/operations.js";
import { MemoryBackend } from "../io/backend/memory-backend.js";
import { EtcdNode } from "./node.js";

const WORDS = "/var/lib/kvorum/000001-00000001.seg: EIO: i/o error, read";

/** Reads until it is told to refuse. */
class RefusingBackend extends MemoryBackend {
  refuses = false;

  override get(...wanted: Parameters<MemoryBackend["get"]>): Uint8Array | undefined {
    this.#check();
    return super.get(...wanted);
  }

  override range(...wanted: Parameters<MemoryBackend["range"]>): ReturnType<MemoryBackend["range"]> {
    this.#check();
    return super.range(...wanted);
  }

  override snapshot(): BackendSnapshot {
    const snapshot = super.snapshot();
    return {
      ...{ at: snapshot.at, close: () => snapshot.close() },
      entries: (table) => {
        this.#check();
        return snapshot.entries(table);
      },
    };
  }

  #check(): void {
    if (this.refuses) throw new UnreadableError(WORDS);
  }
}

const range = get("k");
const txn = (...more: TxnOperation["success"]): TxnOperation => ({
  kind: "txn",
  compare: [],
  success: [range, ...more],
  failure: [],
});

/** Everything that reads for a client. */
const READS: Readonly<Record<string, (node: EtcdNode) => unknown>> = {
  "a linearizable range": (node) => node.range(range),
  "a serializable range": (node) => node.range(get("k", { serializable: true })),
  "a transaction of ranges": (node) => node.readOnlyTxn(txn()),
  "a transaction that reads and writes": (node) => node.propose(txn(put("other", "2"))),
  "a hash of the keys": (node) => node.hashKv(0n),
  "a hash of everything": (node) => node.hash(),
  "a snapshot": async (node) => {
    for (const _ of node.snapshot().entries("key")) expect.unreachable();
  },
  "a watch that wants previous values": async (node) => {
    const stream = node.watch.openStream(() => {});
    const flags = { prevKv: true, progressNotify: false, noPut: false, noDelete: false, fragment: false };
    stream.create({ watchId: 0, key: range.key, rangeEnd: new Uint8Array(0), startRevision: 0n, ...flags });
    expect(stream.next()).toMatchObject({ created: true });
    await node.propose(put("k", "2"));
    stream.next();
  },
};

describe("a disk that refuses a read stops the member, whose callers hear `stopped`:", () => {
  it.each(Object.keys(READS))("%s", async (name) => {
    const env = testEnv();
    const backend = new RefusingBackend();
    const where = { walDirectory: "/wal", snapshotDirectory: "/snapshots", name: "n1", clientUrls: ["http://c:1"] };
    const node = await EtcdNode.start({ env, backend, ...where, peerUrls: ["http://p:1"] });
    await env.clock.settle();
    await node.propose(put("k", "1"));
    // From here on the key is in the backend and no longer in what waits for it.
    node.snapshot().close();
    backend.refuses = true;

    const refused = (async () => READS[name]?.(node))().catch((error: unknown) => error);
    for (let i = 0; i < 20; i++) await env.clock.advance(10);
    const error = await refused;
    expect(error).toMatchObject({ name: "ServerError", reason: "stopped", message: "etcdserver: server stopped" });
    expect(String(await node.failed)).toContain(WORDS);
    const past = { ...get("k", { serializable: true }), revision: 2n };
    await expect(node.range(past)).rejects.toMatchObject({ reason: "stopped" });
    await node.stop();
  });
});
