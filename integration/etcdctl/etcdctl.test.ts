/** etcdctl 3.4.23 against Kvorum: what its user sees is what etcd shows. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { etcdctl, etcdctlMissing, startEtcdctl } from "../support/etcdctl.js";
import { startKvorum } from "../support/kvorum.js";
import { type RunningProcess, temporaryDirectory } from "../support/process.js";
import { type Story, stories } from "./commands.js";

const missing = etcdctlMissing();
if (missing !== undefined) console.warn(`the etcdctl suite is skipped: ${missing}`);
const missingPeer = etcdMissing();
if (missingPeer !== undefined) console.warn(`comparison with etcd is skipped: ${missingPeer}`);

let kvorum: TestServer;
let etcd: TestServer | undefined;

beforeAll(async () => {
  if (missing !== undefined) return;
  kvorum = await startKvorum();
  if (missingPeer === undefined) etcd = await startEtcd();
});

afterAll(async () => {
  await kvorum?.stop();
  await etcd?.stop();
});

/** Takes out what differs between any two servers: ids, terms, revisions beyond the story's, times and addresses. */
function plain(text: string, base: bigint, prefix: string): string {
  return text
    .replaceAll(prefix, "{p}")
    .replaceAll(Buffer.from(prefix).toString("base64").replace(/=+$/, "").slice(0, -1), "{p64}")
    .replace(/127\.0\.0\.1:\d+/g, "{endpoint}")
    .replace(/took = [\d.]+\S*s/g, "took {time}")
    .replace(/("?(?:cluster_id|member_id|raft_term|ClusterID|MemberID|RaftTerm)"?\s*:\s*)\d+/g, "$1{id}")
    .replace(
      /("?(?:\w*[rR]evision)"?\s*:\s*|compacted revision )(\d+)/g,
      (_, label: string, n: string) => `${label}base+${BigInt(n) - base}`,
    )
    .replace(/"logger":"[^"]*"|"ts":"[^"]*"|"caller":"[^"]*"|"target":"[^"]*"/g, "");
}

async function currentRevision(endpoint: string): Promise<bigint> {
  const { stdout } = await etcdctl(endpoint, ["get", "no such key", "-w", "json"]);
  return BigInt((JSON.parse(stdout) as { header: { revision: number } }).header.revision);
}

async function play(endpoint: string, story: Story, prefix: string): Promise<string[]> {
  const base = await currentRevision(endpoint);
  const fill = (text: string): string =>
    text.replaceAll("{p}", prefix).replace(/\{rev\+(\d+)\}/g, (_, n: string) => String(base + BigInt(n)));
  const seen: string[] = [];
  for (const [i, command] of story.commands.entries()) {
    const result = await etcdctl(endpoint, command.map(fill), fill(story.inputs?.[i] ?? ""));
    seen.push(`$ ${command.join(" ")}\n${plain(result.stdout + result.stderr, base, prefix)}exit ${result.code}`);
  }
  return seen;
}

/** Waits until the process has printed the text. */
async function untilPrinted(running: RunningProcess, text: string, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!running.output().includes(text)) {
    if (performance.now() > end) throw new Error(`"${text}" was not printed:\n${running.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.skipIf(missing !== undefined || missingPeer !== undefined)(
  "etcdctl prints the same with Kvorum as with etcd",
  () => {
    for (const [i, story] of stories.entries()) {
      it(story.name, async () => {
        const prefix = `story${i}/`;
        const [theirs, ours] = [
          await play((etcd as TestServer).endpoint, story, prefix),
          await play(kvorum.endpoint, story, prefix),
        ];
        expect(ours).toEqual(theirs);
      });
    }
  },
);

describe.skipIf(missing !== undefined)("etcdctl against Kvorum", () => {
  const run = (...args: string[]) => etcdctl(kvorum.endpoint, args);

  it("grants, shows, keeps alive, lists and revokes a lease", async () => {
    const granted = await run("lease", "grant", "30");
    const id = /lease (\w+) granted with TTL\(30s\)/.exec(granted.stdout)?.[1] as string;
    expect(id).toBeDefined();
    expect((await run("put", "leased", "x", `--lease=${id}`)).stdout).toBe("OK\n");
    expect((await run("lease", "timetolive", id, "--keys")).stdout).toMatch(
      new RegExp(`lease ${id} granted with TTL\\(30s\\), remaining\\((29|30)s\\), attached keys\\(\\[leased\\]\\)`),
    );
    expect((await run("lease", "list")).stdout).toContain(id);
    expect((await run("lease", "keep-alive", "--once", id)).stdout).toContain(`lease ${id} keepalived with TTL(30)`);
    expect((await run("lease", "revoke", id)).stdout).toContain(`lease ${id} revoked`);
    expect((await run("get", "leased")).stdout).toBe("");
    expect((await run("lease", "timetolive", id)).stdout).toContain(`lease ${id} already expired`);
    expect((await run("lease", "revoke", id)).code).not.toBe(0);
  });

  it("watches a prefix live, with previous values", async () => {
    const watch = await startEtcdctl(kvorum.endpoint, ["watch", "live/", "--prefix", "--prev-kv"]);
    try {
      await expect
        .poll(
          async () => {
            await run("put", "live/warm", "up");
            return watch.output();
          },
          { timeout: 10_000 },
        )
        .toContain("live/warm");
      await run("put", "live/a", "1");
      await run("put", "live/a", "2");
      await run("del", "live/a");
      await untilPrinted(watch, "DELETE\nlive/a\n2\nlive/a");
      expect(watch.output()).toContain("PUT\nlive/a\n1\nlive/a\n2");
    } finally {
      await watch.stop();
    }
  });

  it("watches from a revision", async () => {
    const base = await currentRevision(kvorum.endpoint);
    for (const value of ["1", "2", "3"]) await run("put", "history", value);
    const watch = await startEtcdctl(kvorum.endpoint, ["watch", "history", `--rev=${base + 2n}`]);
    try {
      await untilPrinted(watch, "PUT\nhistory\n2\nPUT\nhistory\n3\n");
      expect(watch.output()).not.toContain("history\n1\n");
    } finally {
      await watch.stop();
    }
  });

  it("shows status, health and the hash of the endpoint", async () => {
    const status = JSON.parse((await run("endpoint", "status", "-w", "json")).stdout) as {
      Status: { leader: number; version: string; dbSize: number };
    }[];
    expect(status).toHaveLength(1);
    expect(status[0]?.Status.leader).toBeGreaterThan(0);
    expect(status[0]?.Status.dbSize).toBeGreaterThan(0);
    expect((await run("endpoint", "status", "-w", "table")).stdout).toContain("IS LEADER");
    expect((await run("endpoint", "health")).stderr + (await run("endpoint", "health")).stdout).toContain("is healthy");
    expect((await run("endpoint", "hashkv")).stdout).toMatch(/127\.0\.0\.1:\d+, \d+/);
    expect((await run("member", "list")).stdout).toMatch(/^[0-9a-f]+, started, n1, /);
    expect((await run("alarm", "list")).stdout).toBe("");
  });

  it("saves a snapshot whose last 32 bytes are the digest of the rest", async () => {
    const directory = await temporaryDirectory("snapshot");
    try {
      const file = join(directory.path, "kvorum.snapshot");
      const saved = await run("snapshot", "save", file);
      expect(saved.stdout).toContain(`Snapshot saved at ${file}`);
      const content = await readFile(file);
      expect((await stat(file)).size % 512).toBe(32);
      expect(content.subarray(-32)).toEqual(createHash("sha256").update(content.subarray(0, -32)).digest());
    } finally {
      await directory.remove();
    }
  });

  it("locks: the second waits until the first lets go", async () => {
    const first = await startEtcdctl(kvorum.endpoint, ["lock", "the-lock"]);
    await untilPrinted(first, "the-lock/");
    const second = await startEtcdctl(kvorum.endpoint, ["lock", "the-lock"]);
    try {
      await expect
        .poll(async () => (await run("get", "the-lock/", "--prefix", "--keys-only")).stdout.trim().split(/\n+/).length)
        .toBe(2);
      expect(second.output()).toBe("");
      await first.stop("SIGINT");
      await untilPrinted(second, "the-lock/");
    } finally {
      await first.stop("SIGKILL");
      await second.stop("SIGINT");
    }
  });

  it("elects: the second leads after the first has gone, and a listener sees both", async () => {
    const listener = await startEtcdctl(kvorum.endpoint, ["elect", "--listen", "the-election"]);
    const first = await startEtcdctl(kvorum.endpoint, ["elect", "the-election", "alpha"]);
    await untilPrinted(first, "alpha");
    const second = await startEtcdctl(kvorum.endpoint, ["elect", "the-election", "beta"]);
    try {
      await untilPrinted(listener, "alpha");
      await first.stop("SIGINT");
      await untilPrinted(second, "beta");
      await untilPrinted(listener, "beta");
    } finally {
      for (const running of [first, second, listener]) await running.stop("SIGKILL");
    }
  });
});
