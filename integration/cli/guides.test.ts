/** The shell blocks of the guides to disaster recovery and to moving, run from top to bottom by a shell as they stand there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createClient, prefix } from "@kvorum/client";
import { startNode } from "@kvorum/server";
import { afterEach, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { KVORUM } from "../support/kvorum.js";
import { freePort, temporaryDirectory } from "../support/process.js";

const KVORUMCTL = new URL("../../packages/cli/dist/main.js", import.meta.url).pathname;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function blocksOf(guide: string): Promise<string[]> {
  const text = await readFile(new URL(`../../docs/guides/${guide}.md`, import.meta.url), "utf8");
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
}

interface ShellResult {
  readonly code: number | null;
  readonly output: string;
}

/** The lines in a shell where the two commands are those that were built. */
async function shell(
  lines: string,
  directory: string,
  variables: Readonly<Record<string, string>>,
): Promise<ShellResult> {
  const commands =
    `kvorumctl() { exec_or_run '${process.execPath}' '${KVORUMCTL}' "$@"; }\n` +
    `kvorum() { '${process.execPath}' '${KVORUM}' "$@"; }\n` +
    'exec_or_run() { if [ "$BASH_SUBSHELL" -gt 0 ]; then exec "$@"; else "$@"; fi; }\n';
  const child = spawn("bash", ["-e", "-c", commands + lines], {
    cwd: directory,
    env: { ...process.env, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

describe("the guide to disaster recovery", () => {
  it("saves, restores and starts a cluster as it says", async () => {
    const [save, restore, start, defragment, ...more] = await blocksOf("disaster-recovery");
    expect(more).toEqual([]);
    const directory = await temporaryDirectory("recovery");
    closers.push(() => directory.remove());
    const old = await startNode();
    const client = createClient({ endpoints: old.endpoints });
    for (let i = 0; i < 50; i++) await client.put(`k${i}`, `v${i}`);
    const peers = await Promise.all([1, 2, 3].map(async () => `http://127.0.0.1:${await freePort()}`));
    const variables = {
      MEMBER: old.endpoints[0] as string,
      ...Object.fromEntries(peers.map((peer, i) => [`PEER${i + 1}`, peer])),
      CLIENT1: `http://127.0.0.1:${await freePort()}`,
    };
    const saved = await shell(`${save}${restore}`, directory.path, variables);
    expect(saved).toMatchObject({ code: 0 });
    expect(saved.output).toContain("Snapshot saved at saved.db");
    expect(saved.output.match(/at revision 1000000051/g)).toHaveLength(3);
    await client.close();
    await old.close();
    expect(await shell(`${defragment}`, directory.path, variables)).toMatchObject({ code: 0 });
    // The guide starts one member; the others are started here alike.
    const cluster = peers.map((url, i) => ({ name: `n${i + 1}`, peerUrls: [url] }));
    const initial = cluster.map(({ name, peerUrls }) => `${name}=${peerUrls}`).join(",");
    const common = { initialCluster: cluster, clusterToken: "second-life" };
    const stop = new AbortController();
    const first = spawn(process.execPath, startArguments(`${start}`, { ...variables, CLUSTER: initial }), {
      cwd: directory.path,
      signal: stop.signal,
      stdio: "ignore",
    });
    first.on("error", () => undefined);
    const others = await Promise.all(
      [2, 3].map((n) =>
        startNode({
          ...{ ...common, name: `n${n}`, dataDir: `${directory.path}/n${n}.kvorum` },
          ...{ peerUrls: [peers[n - 1] as string], listenPeerUrls: [peers[n - 1] as string] },
        }),
      ),
    );
    closers.push(async () => {
      stop.abort();
      await Promise.all(others.map((node) => node.close()));
    });
    await using restored = createClient({ endpoints: variables.CLIENT1, syncMembers: false });
    await restored.ready({ timeout: 20_000 });
    expect((await restored.get("k7"))?.value).toBe("v7");
    expect((await restored.list(prefix("k"))).kvs).toHaveLength(50);
    expect((await restored.cluster.memberList()).members.map(({ name }) => name).sort()).toEqual(["n1", "n2", "n3"]);
  });
});

/** The words of the guide's command behind `kvorum`, with the variables put in. */
function startArguments(block: string, variables: Readonly<Record<string, string>>): string[] {
  const words = block.replaceAll("\\\n", " ").trim().split(/\s+/).slice(1);
  return [KVORUM, ...words.map((word) => word.replace(/^\$(\w+)$/, (_, name: string) => variables[name] ?? ""))];
}

const missing = etcdMissing();
if (missing !== undefined) console.log(`skipped: the guide to moving: ${missing}`);

describe.skipIf(missing !== undefined)("the guide to moving", () => {
  it("moves an etcd's keys to Kvorum and cuts over as it says", async () => {
    const [copy, cutOver, ...more] = await blocksOf("migrate");
    expect(more).toEqual([]);
    const directory = await temporaryDirectory("moving");
    const source = await startEtcd();
    const target = await startNode();
    closers.push(
      () => directory.remove(),
      () => source.stop(),
      () => target.close(),
    );
    await using from = createClient({ endpoints: source.endpoint, syncMembers: false });
    await using to = createClient({ endpoints: target.endpoints, syncMembers: false });
    for (let i = 0; i < 50; i++) await from.put(`k${i}`, `v${i}`);
    const variables = { SOURCE: source.endpoint, TARGET: target.endpoints[0] as string };
    const copied = await shell(`${copy}`, directory.path, variables);
    expect(copied).toMatchObject({ code: 0 });
    expect(copied.output).toContain("Both hold the same 50 keys");
    await from.put("k7", "changed");
    await from.delete("k8");
    const moved = await shell(`${cutOver}`, directory.path, variables);
    expect(moved).toMatchObject({ code: 0 });
    expect(moved.output).toContain("Both hold the same 49 keys");
    expect((await to.get("k7"))?.value).toBe("changed");
    expect(await to.get("k8")).toBeUndefined();
  });
});
