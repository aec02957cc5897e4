/**
 * etcdctl and kvorumctl given the same command lines of administration: the same is printed, up to ids, sizes and durations, and the
 * exit code is the same. Then what only kvorumctl does.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Client, createClient } from "@kvorum/client";
import { type KvorumNode, startCluster, startNode } from "@kvorum/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { type CommandResult, etcdctl, etcdctlMissing } from "../support/etcdctl.js";
import { startKvorum } from "../support/kvorum.js";
import { freePort, temporaryDirectory } from "../support/process.js";
import { ACCESS_CASES, ADMINISTRATION_CASES } from "./administration-cases.js";
import type { Case } from "./cases.js";
import { kvorumctl } from "./in-process.js";

const SERVERS = {
  etcd: { start: () => startEtcd(), missing: etcdMissing() ?? etcdctlMissing() },
  Kvorum: { start: () => startKvorum(), missing: etcdctlMissing() },
} as const;

/** Command lines where the two are meant to differ, and why; on one of the servers or on both. */
const DIFFERENCES: readonly {
  readonly why: string;
  readonly line: RegExp;
  readonly common: keyof CommandResult;
  readonly server?: keyof typeof SERVERS;
}[] = [
  { why: "the reason why nobody answers is told, not that time ran out", line: /\$DEAD/, common: "code" },
  { why: "etcdctl is given the endpoint of its server as well", line: /snapshot save x$/, common: "code" },
  { why: "etcdctl prints the whole help with the error", line: /--rev x/, common: "code" },
  {
    why: "a Kvorum node has fields that etcd 3.4 does not",
    line: /endpoint (status|hashkv).* -w json/,
    common: "code",
  },
  {
    why: "what a Kvorum node says of itself beyond etcd 3.4 has columns and fields, as in etcdctl 3.6",
    line: /endpoint status.* -w (table|fields)/,
    common: "code",
    server: "Kvorum",
  },
];

for (const [server, { start, missing }] of Object.entries(SERVERS)) {
  if (missing !== undefined) console.log(`skipped: administration beside etcdctl on ${server}: ${missing}`);
  for (const [subject, cases] of Object.entries({ clusters: ADMINISTRATION_CASES, access: ACCESS_CASES })) {
    describe.skipIf(missing !== undefined)(`administration of ${subject} on ${server}`, () => {
      let theirs: Seat;
      let ours: Seat;

      beforeAll(async () => {
        [theirs, ours] = await Promise.all([seat(start), seat(start)]);
      });
      afterAll(async () => {
        await Promise.all([theirs?.server.stop(), ours?.server.stop()]);
      });

      for (const [index, one] of cases.entries()) {
        it(`${index + 1}: ${one.line.map((word) => word || "''").join(" ")}`, async () => {
          const [expected, actual] = await Promise.all([
            etcdctl(theirs.server.endpoint, linesFor(one, theirs), one.input ?? ""),
            kvorumctl([...linesFor(one, ours, true)], { input: one.input ?? "" }),
          ]);
          const text = one.line.join(" ");
          const difference = DIFFERENCES.find((one) => one.line.test(text) && (one.server ?? server) === server);
          if (difference !== undefined) expect(actual[difference.common]).toBe(expected[difference.common]);
          else expect(comparable(actual, ours)).toEqual(comparable(expected, theirs));
        });
      }
    });
  }
}

interface Seat {
  readonly server: TestServer;
  readonly memberId: string;
  readonly peerUrl: string;
}

async function seat(start: () => Promise<TestServer>): Promise<Seat> {
  const server = await start();
  await using client = createClient({ endpoints: server.endpoint, syncMembers: false });
  const [member] = (await client.cluster.memberList()).members;
  if (member === undefined) throw new Error("no member");
  return { server, memberId: member.id.toString(16), peerUrl: member.peerUrls[0] ?? "" };
}

function linesFor({ line }: Case, { server, memberId, peerUrl }: Seat, withEndpoint = false): string[] {
  const words = line.map((word) =>
    word.replace("$MEMBER", memberId).replace("$PEER", peerUrl).replace("$DEAD", "http://127.0.0.1:1"),
  );
  const named = words.some((word) => word.startsWith("--endpoints"));
  return withEndpoint && !named ? [`--endpoints=${server.endpoint}`, ...words] : words;
}

/** Without what differs between two servers that are alike, and without the log that etcdctl writes of its own. */
function comparable({ code, stdout, stderr }: CommandResult, { server, memberId, peerUrl }: Seat): CommandResult {
  const plain = (text: string): string =>
    text
      .replace(/^\{"level".*\n/gm, "")
      .replaceAll(server.endpoint, "<endpoint>")
      .replaceAll(peerUrl, "<peer>")
      .replace(new RegExp(`\\b0*${memberId}\\b`, "g"), "<member>")
      .replace(/\b[0-9a-f]{13,16}\b/g, "<id>")
      .replace(
        /("(?:cluster_id|member_id|ID|leader|raft_term|raftTerm|raftIndex|raftAppliedIndex|dbSize\w*)":)\d+/g,
        "$1N",
      )
      .replace(/("(?:ClusterID|MemberID|ID|Leader|RaftTerm|RaftIndex|RaftAppliedIndex|DBSize)" : )\d+/g, "$1N")
      .replace(/\d+(\.\d+)?(ms|µs|s)\b/g, "<time>")
      .replace(/\d+(\.\d+)? k?B, (true|false), (true|false), \d+, \d+, \d+/g, "<size>, $2, $3, <raft>")
      // Cells grow with what is in them.
      .replace(/^[+|].*$/gm, (row) =>
        row
          .replace(/-+/g, "-")
          .replace(/ +/g, " ")
          .replace(/\d+(\.\d+)? k?B \| (\w+) \| (\w+) \| \d+ \| \d+ \| \d+/, "<size>"),
      )
      .replace(/ +(<id>|<member>)/g, " $1");
  return { code, stdout: plain(stdout), stderr: plain(stderr) };
}

describe("kvorumctl alone", () => {
  it("adds a learner, says how to start it, promotes it when it has caught up, and moves the lead to it", async () => {
    const peerUrl = `http://127.0.0.1:${await freePort()}`;
    const listening = { peerUrls: [peerUrl], listenPeerUrls: [peerUrl], name: "n1" };
    const first = await startNode(listening);
    const newUrl = `http://127.0.0.1:${await freePort()}`;
    const flags = ["--endpoints", first.endpoints.join()];
    const added = await kvorumctl([...flags, "member", "add", "n2", "--peer-urls", newUrl, "--learner"]);
    expect(added).toMatchObject({ code: 0, stderr: "" });
    const [, id = ""] = /^Member +([0-9a-f]+) added as learner to cluster/.exec(added.stdout) ?? [];
    expect(added.stdout).toContain('ETCD_NAME="n2"');
    const initialCluster = /ETCD_INITIAL_CLUSTER="(.*)"/
      .exec(added.stdout)?.[1]
      ?.split(",")
      .map((pair) => {
        const [name = "", url = ""] = pair.split("=");
        return { name, peerUrls: [url] };
      });
    const second = await startNode({
      ...{ name: "n2", peerUrls: [newUrl], listenPeerUrls: [newUrl], initialClusterState: "existing" },
      ...(initialCluster !== undefined && { initialCluster }),
    });
    try {
      let promoted: CommandResult;
      do promoted = await kvorumctl([...flags, "member", "promote", id]);
      while (promoted.stderr.includes("in sync with leader"));
      expect(promoted).toMatchObject({ code: 0, stderr: "" });
      expect(promoted.stdout).toMatch(/^Member +[0-9a-f]+ promoted in cluster/);
      const all = ["--endpoints", [...first.endpoints, ...second.endpoints].join()];
      const status = await kvorumctl([...all, "endpoint", "status"]);
      expect(
        status.stdout
          .trim()
          .split("\n")
          .map((row) => row.split(", ").slice(4, 6)),
      ).toEqual([
        ["true", "false"],
        ["false", "false"],
      ]);
      const moved = await kvorumctl([...all, "move-leader", id]);
      expect(moved.stdout).toBe(`Leadership transferred from ${first.memberId.toString(16)} to ${id}\n`);
      const hashes = await kvorumctl([...flags, "endpoint", "hashkv", "--cluster"]);
      expect(
        new Set(
          hashes.stdout
            .trim()
            .split("\n")
            .map((row) => row.split(", ")[1]),
        ).size,
      ).toBe(1);
      expect(second.isLeader).toBe(true);
    } finally {
      await Promise.all([second.close(), first.close()]);
    }
  });

  it("tells of alarms and disarms them", async () => {
    await using node = await startNode({ quotaBackendBytes: 64 * 1024 });
    const flags = ["--endpoints", node.endpoints.join()];
    await using client = createClient({ endpoints: node.endpoints });
    await client.put("large", "v".repeat(200_000)).catch(() => undefined);
    await client.put("more", "v".repeat(200_000)).catch(() => undefined);
    const line = `memberID:${node.memberId} alarm:NOSPACE \n`;
    expect(await kvorumctl([...flags, "alarm", "list"])).toEqual({ code: 0, stdout: line, stderr: "" });
    const fields = await kvorumctl([...flags, "alarm", "list", "-w", "fields"]);
    expect(fields.stdout).toContain('"AlarmType" : NOSPACE\n');
    const health = await kvorumctl([...flags, "endpoint", "health"]);
    expect(health.code).toBe(1);
    expect(health.stderr).toContain("is unhealthy: failed to commit proposal: Active Alarm(s): NOSPACE ");
    expect(await kvorumctl([...flags, "alarm", "disarm"])).toEqual({ code: 0, stdout: line, stderr: "" });
  });

  it("asks twice for a new password on a terminal only, and takes none that is empty", async () => {
    const refused = await kvorumctl(["user", "add", "u", "--interactive=false"], { input: "\n" });
    expect(refused).toMatchObject({ code: 128, stderr: "Error: empty password\n" });
    const nothing = await kvorumctl(["user", "passwd", "u", "--interactive=false"]);
    expect(nothing).toMatchObject({ code: 128, stderr: "Error: empty password\n" });
  });

  it("saves a snapshot whole or not at all, looks at it, and restores it", async () => {
    const directory = await temporaryDirectory("snapshot");
    const file = join(directory.path, "saved.db");
    await using cluster = await startCluster({ size: 1 });
    const flags = ["--endpoints", cluster.endpoints.join()];
    await using client = createClient({ endpoints: cluster.endpoints });
    for (let i = 0; i < 20; i++) await client.put(`k${i}`, `v${i}`);
    const saved = await kvorumctl([...flags, "snapshot", "save", file]);
    expect(saved).toEqual({ code: 0, stdout: `Snapshot saved at ${file}\n`, stderr: "" });
    const status = await kvorumctl(["snapshot", "status", file, "-w", "json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({ revision: 21, version: "3.6.0" });
    const table = await kvorumctl(["snapshot", "status", file, "-w", "table"]);
    expect(table.stdout).toContain("| REVISION | TOTAL KEYS | TOTAL SIZE | STORAGE VERSION |");
    const dataDir = join(directory.path, "restored");
    const restore = ["snapshot", "restore", file, "--data-dir", dataDir, "--initial-cluster-token", "again"];
    const restored = await kvorumctl([...restore, "--bump-revision", "1000", "--mark-compacted"]);
    expect(restored).toMatchObject({ code: 0, stdout: "" });
    expect(restored.stderr).toContain("Restored revision 21 into");
    const refused = await kvorumctl(restore);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("is not empty (member)") });
    const node: KvorumNode = await startNode({ dataDir, clusterToken: "again" });
    const again: Client = createClient({ endpoints: node.endpoints });
    expect((await again.get("k7"))?.value).toBe("v7");
    expect((await again.put("k7", "new")).header.revision).toBe(1022n);
    await again.close();
    await node.close();
    const defragmented = await kvorumctl(["defrag", "--data-dir", dataDir]);
    expect(defragmented).toMatchObject({ code: 0, stderr: "" });
    const damaged = await readFile(file);
    damaged[600] = (damaged[600] as number) ^ 1;
    await writeFile(file, damaged);
    const complaint = await kvorumctl(["snapshot", "status", file]);
    expect(complaint.code).toBe(1);
    expect(complaint.stderr).toMatch(/at offset \d+ is damaged/);
    const wrong = await kvorumctl([
      "snapshot",
      "restore",
      file,
      "--data-dir",
      join(directory.path, "other"),
      "--bump-revision",
      "1",
    ]);
    expect(wrong.stderr).toBe("Error: bumpRevision needs markCompacted\n");
    await directory.remove();
  });
});
