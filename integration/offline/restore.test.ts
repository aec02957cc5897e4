/** The way back after a disaster, with real nodes: saved from a running cluster, restored into a new one of three. */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Client, createClient, isEtcdError, prefix } from "@kvorum/client";
import { type KvorumNode, startNode } from "@kvorum/server";
import { restoreSnapshot, snapshotStatus } from "@kvorum/server/offline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, temporaryDirectory } from "../support/process.js";

const closers: (() => Promise<unknown>)[] = [];
const later = <T extends { close(): Promise<void> }>(one: T): T => {
  closers.push(() => one.close());
  return one;
};

let directory: string;
let file: string;
let saved: { readonly revision: bigint; readonly lease: bigint };

beforeAll(async () => {
  const temporary = await temporaryDirectory("restore");
  directory = temporary.path;
  closers.push(() => temporary.remove());
  file = join(directory, "saved.db");
  const node = await startNode({ dataDir: join(directory, "old") });
  const client = createClient({ endpoints: node.endpoints, leasesOnClose: "release" });
  for (let i = 0; i < 300; i++) await client.put(`k${i % 100}`, `v${i}`);
  const lease = await client.lease.grant({ ttl: 600 });
  await client.put("leased", "1", { lease });
  await client.delete("k7");
  await client.compact(100n);
  await pipeline(Readable.fromWeb(client.maintenance.snapshot() as never), createWriteStream(file));
  saved = { revision: (await client.list(prefix("k"))).header.revision, lease: lease.id };
  await client.put("lost", "written after the snapshot");
  await client.close();
  await node.close();
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

interface Seat {
  readonly name: string;
  readonly dataDir: string;
  readonly peerUrls: readonly string[];
}

async function seats(folder: string): Promise<Seat[]> {
  const names = ["n1", "n2", "n3"];
  return Promise.all(
    names.map(async (name) => ({
      name,
      dataDir: join(directory, folder, name),
      peerUrls: [`http://127.0.0.1:${await freePort()}`],
    })),
  );
}

async function startAll(members: readonly Seat[], clusterToken: string): Promise<KvorumNode[]> {
  const initialCluster = members.map(({ name, peerUrls }) => ({ name, peerUrls }));
  const nodes = await Promise.all(
    members.map((seat) => startNode({ ...seat, listenPeerUrls: seat.peerUrls, initialCluster, clusterToken })),
  );
  return nodes.map(later);
}

function clientOf(nodes: readonly KvorumNode[]): Client {
  return later(createClient({ endpoints: nodes.flatMap(({ endpoints }) => endpoints), syncMembers: false }));
}

describe("a saved cluster", () => {
  it("comes back as three members with its keys, history and leases, and without what came after", async () => {
    const members = await seats("three");
    const initialCluster = members.map(({ name, peerUrls }) => ({ name, peerUrls }));
    expect(await snapshotStatus(file)).toMatchObject({ revision: saved.revision, compactRevision: 100n });
    for (const seat of members) await restoreSnapshot({ file, ...seat, initialCluster, clusterToken: "three" });
    const nodes = await startAll(members, "three");
    const client = clientOf(nodes);
    const { kvs, header } = await client.list(prefix(""));
    expect(header.revision).toBe(saved.revision);
    expect(kvs).toHaveLength(100);
    expect(await client.get("k42")).toMatchObject({ value: "v242", version: 3n });
    expect(await client.get("k42", { revision: 200n })).toMatchObject({ value: "v142" });
    expect(await client.get("k7")).toBeUndefined();
    expect(await client.get("lost")).toBeUndefined();
    const info = await client.lease.timeToLive(saved.lease, { keys: true });
    expect(info).toMatchObject({ grantedTtl: 600, keys: [new TextEncoder().encode("leased")] });
    const listed = await client.cluster.memberList();
    expect(listed.members.map(({ name }) => name).sort()).toEqual(["n1", "n2", "n3"]);
    const hashes = await Promise.all(
      nodes.map(({ endpoints: [endpoint] }) => client.maintenance.hashKv({ endpoint: endpoint as string })),
    );
    expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(1);
    // It is a living cluster: it writes, deletes with the lease, and survives a restart of a member.
    await client.put("new", "1");
    await client.lease.revoke(saved.lease);
    expect(await client.get("leased")).toBeUndefined();
    await nodes[0]?.close();
    await client.put("new", "2");
    const again = later(
      await startNode({
        ...(members[0] as Seat),
        listenPeerUrls: members[0]?.peerUrls,
        initialCluster,
        clusterToken: "three",
      }),
    );
    const own = clientOf([again]);
    expect(await own.get("new")).toMatchObject({ value: "2" });
  });

  it("takes up a further member, which gets the restored keys", async () => {
    const [seat, joining] = await seats("joined");
    if (seat === undefined || joining === undefined) throw new Error("no seats");
    const initialCluster = [{ name: seat.name, peerUrls: seat.peerUrls }];
    await restoreSnapshot({ file, ...seat, initialCluster, clusterToken: "joined" });
    const [first] = await startAll([seat], "joined");
    const client = clientOf([first as KvorumNode]);
    await client.cluster.memberAdd(joining.peerUrls);
    const second = later(
      await startNode({
        ...joining,
        listenPeerUrls: joining.peerUrls,
        initialCluster: [...initialCluster, { name: joining.name, peerUrls: joining.peerUrls }],
        initialClusterState: "existing",
      }),
    );
    const own = clientOf([second]);
    expect((await own.list(prefix("k"))).kvs).toHaveLength(99);
  });

  it("tells watchers from before that they missed something, after a bump that gives up history", async () => {
    const [seat] = await seats("bumped");
    if (seat === undefined) throw new Error("no seat");
    const initialCluster = [{ name: seat.name, peerUrls: seat.peerUrls }];
    const bump = { bumpRevision: 1_000_000_000n, markCompacted: true };
    await restoreSnapshot({ file, ...seat, initialCluster, clusterToken: "bumped", ...bump });
    const nodes = await startAll([seat], "bumped");
    const client = clientOf(nodes);
    const bumped = saved.revision + 1_000_000_000n;
    expect((await client.list(prefix("k"))).header.revision).toBe(bumped);
    const watch = client.watch(prefix("k"), { startRevision: saved.revision + 1n });
    const seen = await (async () => {
      for await (const event of watch) return event;
      return undefined;
    })().catch((error: unknown) => error);
    expect(isEtcdError(seen) && seen.reason).toBe("compacted");
    expect(seen).toMatchObject({ compactRevision: bumped });
    await expect(client.get("k1", { revision: saved.revision })).rejects.toMatchObject({ reason: "compacted" });
    expect(await client.get("k42")).toMatchObject({ value: "v242", version: 3n });
    const { header } = await client.put("next", "1");
    expect(header.revision).toBe(bumped + 1n);
  });

  it("does not let a member with no data pass for a restored one", async () => {
    const members = await seats("forgotten");
    const initialCluster = members.map(({ name, peerUrls }) => ({ name, peerUrls }));
    const [first, second, third] = members as [Seat, Seat, Seat];
    for (const seat of [first, second]) await restoreSnapshot({ file, ...seat, initialCluster, clusterToken: "f" });
    await Promise.all(
      [first, second].map(async (seat) =>
        later(await startNode({ ...seat, listenPeerUrls: seat.peerUrls, initialCluster, clusterToken: "f" })),
      ),
    );
    const forgotten = startNode({ ...third, listenPeerUrls: third.peerUrls, initialCluster, clusterToken: "f" });
    await expect(forgotten).rejects.toThrow("its log is not here");
  });
});
