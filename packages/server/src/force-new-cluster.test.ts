/** `--force-new-cluster` on the real directory of a member whose cluster is lost. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster, KV } from "@kvorum/proto";
import { type Channel, niceChannel } from "@kvorum/transport";
import { afterEach, describe, expect, it } from "vitest";
import { startCluster } from "./cluster.js";
import type { Logger } from "./env.js";
import type { FailpointSite } from "./failpoint-sites.js";
import type { NodeOptions } from "./options.js";
import { type KvorumNode, startNode, startNodeWith } from "./server.js";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The directory of one member of three, with a hundred keys; the others are gone. */
async function lostCluster(): Promise<{ readonly dataDir: string; readonly clusterId: bigint }> {
  const folder = await mkdtemp(join(tmpdir(), "kvorum-force-"));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  await using cluster = await startCluster({ dataDir: folder });
  const channel = niceChannel(cluster.endpoints[0] as string);
  for (let i = 0; i < 100; i++) await channel.unary(KV.method.put, { key: bytes(`k${i}`), value: bytes(`v${i}`) });
  await channel.close();
  const { clusterId } = cluster.nodes.get("n2") as KvorumNode;
  return { dataDir: join(folder, "n2"), clusterId };
}

async function start(options: NodeOptions): Promise<KvorumNode & { readonly channel: Channel }> {
  const node = await startNode(options);
  closing.push(() => node.close());
  const channel = niceChannel(node.endpoints[0] as string);
  closing.push(() => channel.close());
  return Object.assign(node, { channel });
}

async function keys(channel: Channel): Promise<number> {
  const { count } = await channel.unary(KV.method.range, { key: bytes("k"), rangeEnd: bytes("l"), countOnly: true });
  return Number(count);
}

async function names(channel: Channel): Promise<readonly string[]> {
  const { members } = await channel.unary(Cluster.method.memberList, { linearizable: true });
  return members.map(({ name }) => name);
}

function listening(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const note = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, debug: note, info: note, warn: note, error: note };
}

describe("a member whose cluster is lost", () => {
  it("keeps its data, its ids and its revision", async () => {
    const { dataDir, clusterId } = await lostCluster();
    const logger = listening();
    const node = await start({ dataDir, name: "n2", forceNewCluster: true, logger });
    expect(await names(node.channel)).toEqual(["n2"]);
    expect(await keys(node.channel)).toBe(100);
    expect(node.clusterId).toBe(clusterId);
    expect(node.isLeader).toBe(true);
    const { header } = await node.channel.unary(KV.method.put, { key: bytes("k-new"), value: bytes("v") });
    expect(header?.revision).toBe(102n);
    expect(logger.lines.find((line) => line.includes("the others are removed for good"))).toMatch(
      /"removed":\["\w+","\w+"\]/,
    );
  });

  it("stays one without being told again, and can be added to", async () => {
    const { dataDir } = await lostCluster();
    const first = await startNode({ dataDir, name: "n2", forceNewCluster: true });
    await first.close();
    const second = await start({ dataDir, name: "n2", listenPeerUrls: ["http://127.0.0.1:0"] });
    expect(await names(second.channel)).toEqual(["n2"]);
    const added = await second.channel.unary(Cluster.method.memberAdd, {
      peerURLs: ["http://127.0.0.1:9"],
      isLearner: true,
    });
    expect(added.members).toHaveLength(2);
  });

  it("may get another name, and starts from a directory that was moved", async () => {
    const { dataDir } = await lostCluster();
    const peerUrls = ["http://elsewhere.test:2380"];
    const node = await start({ dataDir, name: "rescued", peerUrls, forceNewCluster: true });
    expect(await names(node.channel)).toEqual(["rescued"]);
    expect(await keys(node.channel)).toBe(100);
  });

  it("goes on where it was cut off, with or without being told again", async () => {
    for (const forceNewCluster of [true, false]) {
      const { dataDir } = await lostCluster();
      const failpoints = {
        hit: (site: FailpointSite) => {
          if (site === "recovery-after") throw new Error("cut off");
        },
      };
      const cutOff = startNodeWith({ dataDir, name: "n2", forceNewCluster: true }, { failpoints });
      await expect(cutOff).rejects.toThrow("cut off");
      const node = await start({ dataDir, name: "n2", forceNewCluster });
      expect(await names(node.channel)).toEqual(["n2"]);
      expect(await keys(node.channel)).toBe(100);
    }
  });

  it("does nothing of the kind where there are no data, and says so", async () => {
    const logger = listening();
    const node = await start({ name: "n1", forceNewCluster: true, logger });
    expect(await names(node.channel)).toEqual(["n1"]);
    expect(logger.lines.join("\n")).toContain("--force-new-cluster has no effect: no member's data are here");
  });
});
