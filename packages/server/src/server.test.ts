/** Starting and closing an embedded node. */
import { once } from "node:events";
import { link, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster, Health, KV, Lease } from "@kvorum/proto";
import { type Channel, niceChannel, StatusCode } from "@kvorum/transport";
import { afterEach, describe, expect, it } from "vitest";
import { bytes, failure, text, WatchClient } from "../testing/rpc-harness.js";
import type { NodeOptions } from "./options.js";
import { type KvorumNode, startNode } from "./server.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(options: NodeOptions = {}): Promise<{ node: KvorumNode; channel: Channel }> {
  const node = await startNode(options);
  const channel = niceChannel(node.endpoints[0] as string);
  closers.push(
    () => node.close(),
    () => channel.close(),
  );
  return { node, channel };
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "kvorum-test-"));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function get(channel: Channel, key: string): Promise<string | undefined> {
  const { kvs } = await channel.unary(KV.method.range, { key: bytes(key) });
  return kvs[0] && text(kvs[0].value);
}

/** What a killed process leaves behind: closing a listener removes its file, so a second name for it is kept. */
async function leaveDeadSocket(path: string): Promise<void> {
  const listener = createServer().listen(path);
  await once(listener, "listening");
  await link(path, `${path}.kept`);
  listener.close();
  await once(listener, "close");
  await rename(`${path}.kept`, path);
}

describe("startNode", () => {
  it("serves at once, in memory, on a port that the member list shows", async () => {
    const before = performance.now();
    const { node, channel } = await start({ name: "n1" });
    console.log(`started in ${Math.round(performance.now() - before)} ms`);
    await channel.unary(KV.method.put, { key: bytes("k"), value: bytes("v") });
    expect(await get(channel, "k")).toBe("v");
    const { members } = await channel.unary(Cluster.method.memberList, { linearizable: true });
    expect(members).toMatchObject([{ ID: node.memberId, name: "n1", clientURLs: node.endpoints }]);
    expect(node.endpoints[0]).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
  });

  it("gives a member the ids that etcd gives it", async () => {
    // What etcd 3.4.23 says of a member with these settings.
    const { node } = await start({ peerUrls: ["http://localhost:2380"], clusterToken: "etcd-cluster" });
    expect([node.memberId, node.clusterId]).toEqual([0x8e9e05c52164694dn, 0xcdf818194e3a8c32n]);
  });

  it("finds everything again in its data directory, under the same ids", async () => {
    const dataDir = await temporaryDirectory();
    const first = await startNode({ dataDir });
    const channel = niceChannel(first.endpoints[0] as string);
    const { ID } = await channel.unary(Lease.method.leaseGrant, { TTL: 600n });
    const { header } = await channel.unary(KV.method.put, { key: bytes("k"), value: bytes("v"), lease: ID });
    await channel.close();
    await first.close();
    const { node, channel: again } = await start({ dataDir });
    expect([node.memberId, node.clusterId]).toEqual([first.memberId, first.clusterId]);
    const { kvs } = await again.unary(KV.method.range, { key: bytes("k") });
    expect(kvs[0]).toMatchObject({ modRevision: header?.revision, lease: ID });
    expect((await again.unary(Lease.method.leaseTimeToLive, { ID, keys: true })).keys).toHaveLength(1);
  });

  it("listens on several addresses, a unix socket among them, and replaces a socket that nobody serves", async () => {
    const path = join(await temporaryDirectory(), "kvorum.sock");
    const urls = ["http://127.0.0.1:0", "http://[::1]:0", `unix://${path}`];
    await leaveDeadSocket(path);
    const { node } = await start({ listenClientUrls: urls });
    expect(node.endpoints.map((url) => url.replace(/:\d+$/, ""))).toEqual([
      "http://127.0.0.1",
      "http://[::1]",
      `unix://${path}`,
    ]);
    for (const endpoint of node.endpoints) {
      const channel = niceChannel(endpoint);
      closers.push(() => channel.close());
      await channel.unary(KV.method.put, { key: bytes("via"), value: bytes(endpoint) });
      expect(await get(channel, "via")).toBe(endpoint);
    }
  });

  it("names the address that is in use, and leaves the data directory free", async () => {
    const { node } = await start();
    const dataDir = await temporaryDirectory();
    const taken = startNode({ dataDir, listenClientUrls: [node.endpoints[0] as string] });
    await expect(taken).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+: the address is in use/);
    await start({ dataDir });
  });

  it("refuses a data directory that another node has open, and one that is a file", async () => {
    const dataDir = await temporaryDirectory();
    await start({ dataDir });
    await expect(startNode({ dataDir })).rejects.toThrow(dataDir);
    const file = join(await temporaryDirectory(), "file");
    await writeFile(file, "x");
    await expect(startNode({ dataDir: file })).rejects.toThrow(/ENOTDIR|EEXIST|directory/);
  });

  it("refuses options that make no sense, by name", async () => {
    await expect(startNode({ listenClientUrls: ["ftp://x"] })).rejects.toThrow(TypeError);
    await expect(startNode({ listenClientUrls: [] })).rejects.toThrow("listenClientUrls is empty");
    await expect(startNode({ name: "" })).rejects.toThrow("name is empty");
    await expect(startNode({ dataDir: "" })).rejects.toThrow("dataDir is empty");
    await expect(startNode({ electionMs: 100 })).rejects.toThrow("electionMs is 100: give at least 5 heartbeats (500)");
    await expect(startNode({ maxTxnOps: 0 })).rejects.toThrow("maxTxnOps is 0: give a whole number from 1 on");
    await expect(startNode({ watchProgressNotifyMs: 1 })).rejects.toThrow(RangeError);
    await expect(startNode({ watchProgressNotifyMs: 2 ** 31 })).rejects.toThrow("from 0 to 2147483647");
  });

  it("sends progress notifications as often as it was told", async () => {
    const { channel } = await start({ watchProgressNotifyMs: 100 });
    const watch = new WatchClient(channel);
    watch.send({ case: "createRequest", value: { key: bytes("p"), progressNotify: true } });
    expect((await watch.next()).created).toBe(true);
    expect(await watch.next()).toMatchObject({ watchId: 0n, events: [], created: false, canceled: false });
    await watch.close();
  });

  it("holds clients to the limits it was given", async () => {
    const { channel } = await start({ maxTxnOps: 1, maxRequestBytes: 1000 });
    const put = (value: Uint8Array) => channel.unary(KV.method.put, { key: bytes("k"), value });
    expect(await failure(put(new Uint8Array(1000)))).toMatchObject({ details: "etcdserver: request is too large" });
    const op = { request: { case: "requestRange" as const, value: { key: bytes("k") } } };
    expect(await failure(channel.unary(KV.method.txn, { success: [op, op] }))).toMatchObject({
      details: "etcdserver: too many operations in txn request",
    });
  });

  it("raises the alarm when the quota is reached", async () => {
    const { channel, node } = await start({ quotaBackendBytes: 100_000 });
    const put = () => channel.unary(KV.method.put, { key: bytes("k"), value: new Uint8Array(40_000) });
    await put();
    await put();
    let refused: { code: number } | undefined;
    for (let i = 0; i < 20 && refused === undefined; i++)
      refused = await put().then(
        () => undefined,
        (error) => error,
      );
    expect(refused).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED });
    const health = await fetch(`${node.endpoints[0]}/health`);
    expect(await health.json()).toEqual({ health: "false", reason: "ALARM NOSPACE" });
  });
});

describe("close", () => {
  it("ends streams with the reason, lets nothing in afterwards, and may be called again", async () => {
    const node = await startNode();
    const channel = niceChannel(node.endpoints[0] as string);
    closers.push(() => channel.close());
    const watch = new WatchClient(channel);
    watch.send({ case: "createRequest", value: { key: bytes("w") } });
    await watch.next();
    const stopped = { code: StatusCode.UNAVAILABLE, details: "etcdserver: server stopped" };
    const [ended] = await Promise.all([failure(watch.next()), node.close()]);
    expect(ended).toEqual(stopped);
    await node.close();
    expect(await failure(channel.unary(KV.method.range, { key: bytes("w") }))).toMatchObject({
      code: StatusCode.UNAVAILABLE,
    });
  });

  it("tells who watches the health before it goes", async () => {
    const { node, channel } = await start();
    const states = channel.stream(Health.method.watch, request())[Symbol.asyncIterator]();
    expect((await states.next()).value).toMatchObject({ status: 1 });
    const [last] = await Promise.all([states.next(), node.close()]);
    expect(last.value).toMatchObject({ status: 2 });
  });

  it("does not wait for clients that only sit there", async () => {
    const { node, channel } = await start();
    await channel.unary(KV.method.range, { key: bytes("x") });
    await (await fetch(`${node.endpoints[0]}/health`)).text();
    const before = performance.now();
    await node.close();
    expect(performance.now() - before).toBeLessThan(900);
  });

  it("leaves no socket, listener or timer open", async () => {
    const open = (): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
      return counts;
    };
    const dataDir = await temporaryDirectory();
    const before = open();
    for (const options of [{}, { dataDir }]) {
      const node = await startNode(options);
      const channel = niceChannel(node.endpoints[0] as string);
      const watch = new WatchClient(channel);
      watch.send({ case: "createRequest", value: { key: bytes("w") } });
      await watch.next();
      await watch.close();
      await channel.close();
      await node.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    const left = Object.entries(open()).filter(([kind, count]) => count > (before[kind] ?? 0));
    // The wait above has just ended, but still counts.
    expect(left.filter(([kind]) => kind !== "Timeout")).toEqual([]);
  });
});

async function* request(): AsyncGenerator<object, void, undefined> {
  yield {};
}
