/** What a process of the node leaves on the disk, shows on its ports and says in its log, however it is asked. */
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Auth, KV } from "@kvorum/proto";
import { niceChannel } from "@kvorum/transport";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeProbe, ProbedNode, type ProbeFile } from "../fuzz/probed-node.js";
import { KVORUM } from "../support/kvorum.js";
import { startProcess } from "../support/process.js";

let probe: ProbeFile;
let folder: string;
beforeAll(async () => {
  probe = await makeProbe();
});
afterAll(() => probe?.remove());

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function newFolder(): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), "kvorum-attack-"));
  cleanup.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function start(dataDir: string, flags: readonly string[] = []): Promise<ProbedNode> {
  const node = await ProbedNode.start(probe, { dataDir, flags });
  cleanup.push(() => node[Symbol.asyncDispose]());
  return node;
}

/** How it ends, and what it says. */
async function refusal(args: readonly string[]): Promise<string> {
  const ports = ["--listen-client-urls", "http://127.0.0.1:0", "--advertise-client-urls", "http://127.0.0.1:1"];
  const all = [KVORUM, ...ports, "--listen-peer-urls", "http://127.0.0.1:0", ...args];
  const running = await startProcess(process.execPath, all);
  const code = await new Promise((resolve) => running.child.once("close", resolve));
  return `${code} ${running.output()}`;
}

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe("CVE-2020-15113: the data directory", () => {
  it("is its owner's alone with everything in it, whatever the umask says", async () => {
    const before = process.umask(0);
    const dataDir = join(await newFolder(), "data");
    try {
      await start(dataDir);
    } finally {
      process.umask(before);
    }
    expect(await modeOf(dataDir)).toBe("700");
    const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
    expect(entries.length).toBeGreaterThan(3);
    for (const entry of entries) {
      if (entry.isDirectory()) expect(await modeOf(join(entry.parentPath, entry.name)), entry.name).toBe("700");
      if (entry.isFile()) expect(await modeOf(join(entry.parentPath, entry.name)), entry.name).toBe("600");
    }
  });

  it("that others may write to is refused, and one that they may read is warned of", async () => {
    for (const mode of [0o770, 0o707, 0o777]) {
      const dataDir = join(await newFolder(), "data");
      await mkdir(dataDir);
      await chmod(dataDir, mode);
      expect(await refusal(["--data-dir", dataDir]), mode.toString(8)).toMatch(
        /^1 kvorum: .*can be written by others .*\n$/,
      );
    }
    const readable = join(await newFolder(), "data");
    await mkdir(readable);
    await chmod(readable, 0o755);
    const node = await start(readable);
    expect(node.output).toMatch(/"level":"warn"[^\n]*755/);
  });

  it("may be a symbolic link, and the rules hold for where it leads", async () => {
    const [real, link] = [join(await newFolder(), "real"), join(folder, "link")];
    await mkdir(real);
    await chmod(real, 0o777);
    await symlink(real, link);
    expect(await refusal(["--data-dir", link])).toMatch(/^1 kvorum: .*can be written by others .*\n$/);
  });

  it("is no place for a second process", async () => {
    const dataDir = join(await newFolder(), "data");
    await start(dataDir);
    expect(await refusal(["--data-dir", dataDir])).toMatch(/^1 kvorum: .*in use/);
  });

  it("is not left by a name with a path in it", async () => {
    const dataDir = join(await newFolder(), "data");
    const name = "../../outside/../x";
    const peers = "http://127.0.0.1:0";
    await start(dataDir, [
      "--name",
      name,
      "--initial-advertise-peer-urls",
      peers,
      "--initial-cluster",
      `${name}=${peers}`,
    ]);
    expect(await readdir(folder)).toEqual(["data"]);
  });
});

describe("a default node", () => {
  it("shows nothing for debugging that tells of the process, and listens for no debugger", async () => {
    const node = await start(join(await newFolder(), "data"));
    for (const path of ["/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile", "/json/list", "/../etc/passwd"]) {
      expect((await fetch(`${node.endpoint}${path}`)).status, path).toBe(404);
    }
    expect(node.output).not.toContain("Debugger listening");
  });

  it("counts ten thousand versions of clients under one name", async () => {
    const node = await start(join(await newFolder(), "data"));
    const channel = niceChannel(node.endpoint);
    cleanup.push(() => channel.close());
    const key = Buffer.from("a");
    for (let i = 0; i < 10_000; i += 100) {
      const calls = Array.from({ length: 100 }, (_, j) =>
        channel.unary(KV.method.range, { key }, { metadata: { "client-api-version": `x${i + j}` } }),
      );
      await Promise.all(calls);
    }
    const metrics = await (await fetch(`${node.endpoint}/metrics`)).text();
    const counted = metrics.split("\n").filter((line) => line.startsWith("etcd_server_client_requests_total"));
    expect(counted.length).toBeGreaterThan(0);
    expect(counted.length).toBeLessThan(10);
    expect(counted.join()).toContain('client_api_version="other"');
  });

  it("CVE-2021-28235: writes no password, token, key or value into its log at debug level", async () => {
    const node = await start(join(await newFolder(), "data"), [
      ...["--log-level", "debug", "--bcrypt-cost", "4"],
      ...["--warning-unary-request-duration", "1ns", "--warning-apply-duration", "1ns"],
    ]);
    const channel = niceChannel(node.endpoint);
    cleanup.push(() => channel.close());
    const { method } = Auth;
    const root = { name: "root", password: "planted-password" };
    await channel.unary(method.userAdd, root);
    await channel.unary(method.roleAdd, { name: "root" });
    await channel.unary(method.userGrantRole, { user: "root", role: "root" });
    await channel.unary(method.authEnable, {});
    await channel.unary(method.authenticate, { ...root, password: "planted-wrong" }).catch(() => {});
    const { token } = await channel.unary(method.authenticate, root);
    const pair = { key: Buffer.from("planted-key"), value: Buffer.from("planted-value") };
    await channel.unary(KV.method.put, pair, { metadata: { token } });
    await channel.unary(KV.method.range, pair, { metadata: { token: "planted-token.1" } }).catch(() => {});
    const body = { name: "root", password: "planted-password" };
    const login = await fetch(`${node.endpoint}/v3/auth/authenticate`, { method: "POST", body: JSON.stringify(body) });
    expect(login.ok).toBe(true);
    await node.stop();
    // Every request was slow enough to be told of.
    expect(node.output.match(/"level":"(?:warn|debug)"/g)?.length).toBeGreaterThan(5);
    for (const secret of ["planted", token, token.split(".")[0] ?? token]) expect(node.output).not.toContain(secret);
  });
});
