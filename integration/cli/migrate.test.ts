/**
 * `kvorumctl migrate` between real servers in both directions: with writes going on, with runs that are killed, with connections that
 * are lost, with history that is compacted away.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bytes, type Client, createClient, prefix } from "@kvorum/client";
import { startNode } from "@kvorum/server";
import { afterEach, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { temporaryDirectory } from "../support/process.js";
import { startProxy } from "../support/proxy.js";
import { kvorumctl } from "./in-process.js";

const PROGRAM = new URL("../../packages/cli/dist/main.js", import.meta.url).pathname;
const MARKER = "_kvorum/migration";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Cluster {
  readonly endpoint: string;
  readonly client: Client;
}

type Kind = "etcd" | "kvorum";

async function cluster(kind: Kind): Promise<Cluster> {
  const server = kind === "etcd" ? await startEtcd() : await startNode();
  closers.push(() => ("stop" in server ? server.stop() : server.close()));
  const endpoint = "endpoint" in server ? server.endpoint : (server.endpoints[0] as string);
  const client = createClient({ endpoints: endpoint, syncMembers: false, leasesOnClose: "release" });
  closers.push(() => client.close());
  return { endpoint, client };
}

async function both(from: Kind, to: Kind): Promise<{ readonly source: Cluster; readonly target: Cluster }> {
  return { source: await cluster(from), target: await cluster(to) };
}

/** Keys, values as numbers of bytes or text, and leases: what is carried over. */
async function content({ client }: Cluster): Promise<Map<string, string>> {
  const { kvs } = await client.withCodec(bytes).list(prefix(""));
  return new Map(
    kvs.map(({ keyBytes, value, lease }) => [
      Buffer.from(keyBytes).toString("hex"),
      `${Buffer.from(value).toString("hex")} ${lease}`,
    ]),
  );
}

/** Differences in a form that can be read. */
async function expectEqual(source: Cluster, target: Cluster): Promise<void> {
  const [wanted, found] = [await content(source), await content(target)];
  const differing = [...new Set([...wanted.keys(), ...found.keys()])].filter(
    (key) => wanted.get(key) !== found.get(key),
  );
  expect(differing.map((key) => [Buffer.from(key, "hex").toString(), wanted.get(key), found.get(key)])).toEqual([]);
}

async function fill({ client }: Cluster, keys: number, text = "value"): Promise<void> {
  for (let i = 0; i < keys; i += 50) {
    await Promise.all(
      Array.from({ length: Math.min(50, keys - i) }, (_, j) =>
        client.put(`k${String(i + j).padStart(5, "0")}`, `${text}-${i + j}`),
      ),
    );
  }
}

/** Writes, deletes, transactions and leases without end, until stopped. */
function writer({ client }: Cluster): { stop(): Promise<number> } {
  let stopped = false;
  let writes = 0;
  const loop = (async () => {
    for (let i = 0; !stopped; i++) {
      const { op } = client;
      if (i % 10 === 3) await client.delete(`k${String(i % 97).padStart(5, "0")}`);
      else if (i % 10 === 5) {
        await client.txn({
          then: [op.put(`t${i % 20}`, `a${i}`), op.put(`u${i % 20}`, `b${i}`), op.delete(`t${(i + 7) % 20}`)],
        });
      } else if (i % 50 === 9) {
        const lease = await client.lease.grant({ ttl: 60 });
        await client.put(`l${i % 7}`, `${i}`, { lease });
        if (i % 100 === 9) await client.lease.revoke(lease.id);
      } else await client.put(`k${String(i % 211).padStart(5, "0")}`, `w${i}`);
      writes++;
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await loop;
      return writes;
    },
  };
}

function migrateArgs(source: string, target: string, ...flags: readonly string[]): string[] {
  return ["migrate", "--from", source, "--to", target, ...flags];
}

const missing = etcdMissing();
if (missing !== undefined) console.log(`skipped: migrations from and to etcd: ${missing}`);

describe.skipIf(missing !== undefined)("a migration", () => {
  for (const [from, to] of [
    ["etcd", "kvorum"],
    ["kvorum", "etcd"],
  ] as const) {
    it(`carries keys, values and leases from ${from} to ${to}, and verifies them`, async () => {
      const { source, target } = await both(from, to);
      await fill(source, 700);
      const raw = source.client.withCodec(bytes);
      await raw.put(Uint8Array.of(0, 255, 1), new Uint8Array(0));
      await raw.put("large", new Uint8Array(1_200_000).fill(7));
      const lease = await source.client.lease.grant({ ttl: 300 });
      const empty = await source.client.lease.grant({ ttl: 400 });
      await source.client.put("leased", "1", { lease });
      const result = await kvorumctl(migrateArgs(source.endpoint, target.endpoint));
      expect(result).toMatchObject({ code: 0, stderr: "" });
      expect(result.stdout).toContain("Copied: 703 written, 0 deleted, 0 were there; 2 leases");
      expect(result.stdout).toContain("Both hold the same 703 keys");
      await expectEqual(source, target);
      expect(await target.client.get(MARKER)).toBeUndefined();
      expect(await target.client.lease.timeToLive(lease.id)).toMatchObject({ grantedTtl: 300 });
      expect(await target.client.lease.timeToLive(empty.id)).toMatchObject({ grantedTtl: 400 });
      await target.client.lease.revoke(lease.id);
      expect(await target.client.get("leased")).toBeUndefined();
    });

    it(`follows what is written meanwhile until it is told to cut over, from ${from} to ${to}`, async () => {
      const { source, target } = await both(from, to);
      await fill(source, 500);
      const writing = writer(source);
      const cutOver = new AbortController();
      let onFollowing = (): void => undefined;
      const following = new Promise<void>((resolve) => {
        onFollowing = resolve;
      });
      const migrating = kvorumctl(migrateArgs(source.endpoint, target.endpoint, "--follow"), {
        signal: cutOver.signal,
        onOutput: (text) => text.includes("Following") && onFollowing(),
      });
      await following;
      await sleep(1_500);
      expect(await writing.stop()).toBeGreaterThan(100);
      cutOver.abort();
      const result = await migrating;
      expect(result).toMatchObject({ code: 0, stderr: "" });
      await expectEqual(source, target);
      expect(await target.client.get(MARKER)).toBeUndefined();
    });
  }

  it("is equal to the source as of a revision when writes never cease", async () => {
    const { source, target } = await both("etcd", "kvorum");
    await fill(source, 500);
    const writing = writer(source);
    const result = await kvorumctl(migrateArgs(source.endpoint, target.endpoint, "-w", "json"));
    await writing.stop();
    expect(result).toMatchObject({ code: 0, stderr: "" });
    const { revision, keys, sha256 } = JSON.parse(result.stdout) as Record<string, unknown>;
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await source.client.count(prefix(""), { revision: BigInt(revision as number) })).toBe(
      BigInt(keys as number),
    );
    expect(await target.client.count(prefix(""))).toBe(BigInt(keys as number));
  });

  it("goes on where a killed run was", async () => {
    const { source, target } = await both("etcd", "kvorum");
    await fill(source, 3_000, "v".repeat(500));
    const args = migrateArgs(source.endpoint, target.endpoint);
    const child = spawn(process.execPath, [PROGRAM, ...args, "--follow"], { stdio: ["ignore", "pipe", "inherit"] });
    while ((await target.client.count(prefix("k"))) < 300n) await sleep(5);
    child.kill("SIGKILL");
    await once(child, "exit");
    const there = Number(await target.client.count(prefix("k")));
    expect(there).toBeLessThan(3_000);
    expect(await target.client.get(MARKER)).toBeDefined();
    await source.client.delete("k00001");
    await source.client.put("k00002", "changed");
    const again = await kvorumctl(args);
    expect(again).toMatchObject({ code: 0, stderr: "" });
    const [, written, deleted, alike] =
      /Copied: (\d+) written, (\d+) deleted, (\d+) were there/.exec(again.stdout) ?? [];
    expect(Number(deleted)).toBe(1);
    expect(Number(alike)).toBeGreaterThanOrEqual(there - 2);
    expect(Number(written) + Number(alike)).toBe(2_999);
    await expectEqual(source, target);
  });

  it("goes on from the revision up to which it had followed, or copies anew when that is compacted", async () => {
    for (const compacts of [false, true]) {
      const { source, target } = await both("etcd", "kvorum");
      await fill(source, 300);
      const args = migrateArgs(source.endpoint, target.endpoint);
      const child = spawn(process.execPath, [PROGRAM, ...args, "--follow"], { stdio: ["ignore", "pipe", "inherit"] });
      for await (const text of child.stdout.setEncoding("utf8")) if (`${text}`.includes("Following")) break;
      await source.client.put("after", "1");
      while ((await target.client.get("after")) === undefined) await sleep(20);
      child.kill("SIGKILL");
      await once(child, "exit");
      await source.client.put("after", "2");
      await source.client.delete("k00007");
      const { header } = await source.client.put("last", "1");
      if (compacts) await source.client.compact(header.revision);
      const again = await kvorumctl(args);
      expect(again).toMatchObject({ code: 0, stderr: "" });
      expect(again.stdout).toContain("which has it up to revision");
      expect(again.stdout.includes("Copying")).toBe(compacts);
      await expectEqual(source, target);
    }
  });

  it("outlives lost connections on both sides, and gives up when its patience ends", async () => {
    const { source, target } = await both("etcd", "kvorum");
    await fill(source, 2_000);
    const from = await startProxy(source.endpoint);
    const to = await startProxy(target.endpoint);
    closers.push(
      () => from.close(),
      () => to.close(),
    );
    const writing = writer(source);
    const cutOver = new AbortController();
    const migrating = kvorumctl(migrateArgs(from.endpoint, to.endpoint, "--follow"), { signal: cutOver.signal });
    for (let round = 0; round < 4; round++) {
      await sleep(400);
      from.cut();
      await to.refuse();
      await sleep(300);
      await to.listen();
    }
    await writing.stop();
    while ((await target.client.count(prefix(""))) < (await source.client.count(prefix("")))) await sleep(100);
    cutOver.abort();
    expect(await migrating).toMatchObject({ code: 0 });
    await expectEqual(source, target);

    await to.refuse();
    const given = await kvorumctl(
      migrateArgs(from.endpoint, to.endpoint, "--overwrite", "--patience", "1s", "--command-timeout", "500ms"),
    );
    expect(given.code).toBe(1);
    expect(given.stderr).toContain("The target does not answer, trying again");
  });

  it("refuses a target that holds something unless it may be overwritten, and one of another migration", async () => {
    const { source, target } = await both("etcd", "kvorum");
    await fill(source, 20);
    await target.client.put("mine", "1");
    await target.client.put("k00003", "other");
    const args = migrateArgs(source.endpoint, target.endpoint);
    const refused = await kvorumctl(args);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("the target holds 2 keys");
    expect(await target.client.get("mine")).toMatchObject({ value: "1" });
    const forced = await kvorumctl([...args, "--overwrite"]);
    expect(forced).toMatchObject({ code: 0 });
    expect(forced.stdout).toContain("Copied: 20 written, 1 deleted, 0 were there");
    await expectEqual(source, target);
    await target.client.put(MARKER, JSON.stringify({ source: "abc", prefix: "" }));
    expect((await kvorumctl(args)).stderr).toContain("in the middle of a migration from cluster abc");
    const same = await kvorumctl(migrateArgs(source.endpoint, source.endpoint));
    expect(same.stderr).toContain("source and target are the same cluster");
  });

  it("carries over what has a prefix and leaves the rest of both sides alone", async () => {
    const { source, target } = await both("etcd", "kvorum");
    await source.client.put("app/a", "1");
    await source.client.put("other", "1");
    await target.client.put("mine", "1");
    const result = await kvorumctl(migrateArgs(source.endpoint, target.endpoint, "--prefix", "app/"));
    expect(result).toMatchObject({ code: 0 });
    expect((await target.client.list(prefix(""))).kvs.map(({ key }) => key)).toEqual(["app/a", "mine"]);
  });

  it("gives a copy that is not followed what is left of its leases", async () => {
    const { source, target } = await both("etcd", "kvorum");
    const lease = await source.client.lease.grant({ ttl: 100 });
    await source.client.put("leased", "1", { lease });
    await sleep(2_100);
    expect(await kvorumctl(migrateArgs(source.endpoint, target.endpoint, "--once"))).toMatchObject({ code: 0 });
    const info = await target.client.lease.timeToLive(lease.id);
    expect(info?.grantedTtl).toBeLessThanOrEqual(98);
    expect(info?.grantedTtl).toBeGreaterThan(80);
  });

  it("carries users and roles over, with passwords from a file where there are some", async () => {
    const { source } = await both("etcd", "kvorum");
    const target = await cluster("etcd");
    const { auth } = source.client;
    await auth.roleAdd("reader");
    await auth.roleGrantPermission("reader", { access: "read", on: prefix("app/") });
    await auth.userAdd("alice", { password: "from the source" });
    await auth.userAdd("bob", { password: "not known" });
    await auth.userGrantRole("alice", "reader");
    const directory = await temporaryDirectory("passwords");
    closers.push(() => directory.remove());
    const file = join(directory.path, "passwords");
    await writeFile(file, "alice:a:secret\n");
    const args = migrateArgs(source.endpoint, target.endpoint, "--password-file", file);
    const result = await kvorumctl(args);
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toContain("Copied: 2 users, 1 roles");
    expect(result.stderr).toContain("cannot log in before user passwd: bob");
    expect(await target.client.auth.userGet("alice")).toEqual({ roles: ["reader"] });
    expect(await target.client.auth.roleGet("reader")).toEqual(await auth.roleGet("reader"));
    // The password works: with auth on, alice may read what her role allows.
    await target.client.auth.userAdd("root", { password: "r" });
    await target.client.auth.roleAdd("root");
    await target.client.auth.userGrantRole("root", "root");
    await target.client.auth.enable();
    const login = {
      endpoints: target.endpoint,
      auth: { username: "alice", password: "a:secret" },
      syncMembers: false,
    } as const;
    await using alice = createClient(login);
    expect(await alice.count(prefix("app/"))).toBe(0n);
  });
});
