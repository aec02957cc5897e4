/** What the `kvorum` process can be told: by a file, by variables, and where its log goes. */
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { KV } from "@kvorum/proto";
import { niceChannel } from "@kvorum/transport";
import { afterEach, describe, expect, it } from "vitest";
import { endProcesses, MAIN, run, serve, temporaryDirectory, untilServing } from "../testing/kvorum-process.js";
import { bytes } from "../testing/rpc-harness.js";

afterEach(endProcesses);

/** A file beside the data directory. */
async function fileBeside(dataDir: string, name: string, content: string): Promise<string> {
  const path = join(dirname(dataDir), name);
  await writeFile(path, content);
  return path;
}

async function put(endpoint: string, key: string): Promise<void> {
  const channel = niceChannel(endpoint);
  await channel.unary(KV.method.put, { key: bytes(key), value: bytes("v") });
  await channel.close();
}

async function count(endpoint: string): Promise<bigint> {
  const channel = niceChannel(endpoint);
  const answer = await channel.unary(KV.method.range, { key: bytes("k"), rangeEnd: bytes("l"), countOnly: true });
  await channel.close();
  return answer.count;
}

async function logOf(path: string): Promise<readonly { readonly level: string; readonly msg: string }[]> {
  return (await readFile(path, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("a kvorum process with a configuration file", () => {
  it("serves as the file says, and names what beside it has no effect", async () => {
    const dataDir = await temporaryDirectory();
    const file = await fileBeside(
      dataDir,
      "kvorum.yml",
      `name: from-file\ndata-dir: ${dataDir}\nlisten-client-urls: http://127.0.0.1:0\nadvertise-client-urls: http://127.0.0.1:1\n` +
        "listen-peer-urls: http://127.0.0.1:0\nunknown-key: 1\nmax-wals: 7\n",
    );
    const node = await untilServing(run([MAIN, "--config-file", file, "--name", "flag"], { ETCD_SNAPSHOT_COUNT: "7" }));
    expect(node.output()).toContain('"name":"from-file"');
    for (const warning of [
      "the configuration file stands alone, so these have no effect: --name, ETCD_SNAPSHOT_COUNT",
      `unknown-key in ${file} is not a setting of this version`,
      `max-wals in ${file} is a setting of etcd that has no effect in Kvorum`,
    ]) {
      expect(node.output()).toContain(warning);
    }
    node.child.kill("SIGTERM");
    expect(await node.exited).toBe(0);
  }, 30_000);

  it("starts as the sample in the guide does", async () => {
    const dataDir = await temporaryDirectory();
    const guide = await readFile(new URL("../../../docs/guides/node-configuration.md", import.meta.url), "utf8");
    const sample = /```yaml\n(.*?)```/s.exec(guide)?.[1] ?? "";
    const log = join(dirname(dataDir), "kvorum.log");
    // The same file, on ports and paths of the test's own. What is advertised is listened on by nobody here.
    const text = sample
      .replaceAll(/^(listen-[a-z-]+: \S+:)\d+$/gm, "$10")
      .replace("/var/lib/kvorum", dataDir)
      .replace("/var/log/kvorum.log", log);
    expect(text.match(/:0$/gm)).toHaveLength(3);
    const node = await untilServing(run([MAIN, "--config-file", await fileBeside(dataDir, "kvorum.yml", text)]));
    expect(node.endpoint).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    // A line is written to one place after the other, and this process was woken by the first.
    await expect
      .poll(() => logOf(log))
      .toContainEqual(expect.objectContaining({ msg: "ready to serve client requests" }));
    expect(node.output()).not.toContain('"level":"warn"');
    node.child.kill("SIGTERM");
    expect(await node.exited).toBe(0);
  }, 30_000);

  it("leaves with 2 and one line for whatever is wrong with it", async () => {
    const dataDir = await temporaryDirectory();
    const [missing, broken, wrong] = [
      run([MAIN], { ETCD_CONFIG_FILE: join(dataDir, "no.yml") }),
      run([MAIN, "--config-file", await fileBeside(dataDir, "broken.yml", "name: [")]),
      run([MAIN, "--config-file", await fileBeside(dataDir, "wrong.json", '{"heartbeat-interval": "soon"}')]),
    ];
    expect([await missing.exited, missing.output()]).toEqual([
      2,
      `kvorum: --config-file: ${join(dataDir, "no.yml")} cannot be read (ENOENT)\n`,
    ]);
    expect([await broken.exited, broken.output()]).toEqual([
      2,
      expect.stringMatching(/^kvorum: .* is no YAML or JSON: .*\n$/),
    ]);
    expect([await wrong.exited, wrong.output()]).toEqual([
      2,
      expect.stringMatching(
        /^kvorum: heartbeat-interval in .*wrong\.json: "soon" is not allowed, give a whole number .*\n$/,
      ),
    ]);
  }, 30_000);
});

describe("a kvorum process with bad settings", () => {
  it("leaves with 2, naming the flag or variable, the value and what is allowed", async () => {
    const [tls, token, variable, refused] = [
      run([MAIN, "--listen-client-urls", "https://127.0.0.1:0", "--advertise-client-urls", "https://127.0.0.1:1"]),
      run([MAIN, "--auth-token", "jwt,pub-key=/x"]),
      run([MAIN], { ETCD_GRPC_KEEPALIVE_MIN_TIME: "5" }),
      run([MAIN, "--discovery-srv=example.test"]),
    ];
    expect([await tls.exited, tls.output()]).toEqual([
      2,
      "kvorum: --listen-client-urls: https://127.0.0.1:0 needs --cert-file and --key-file, or --auto-tls\n",
    ]);
    expect([await token.exited, token.output()]).toEqual([
      2,
      expect.stringContaining('kvorum: --auth-token: "jwt,pub-key=/x" is not allowed, give a sign-method of RS256'),
    ]);
    expect([await variable.exited, variable.output()]).toEqual([
      2,
      'kvorum: ETCD_GRPC_KEEPALIVE_MIN_TIME: "5" is not allowed, give a duration with units, such as 10m, 1h30m or 500ms\n',
    ]);
    expect([await refused.exited, refused.output()]).toEqual([
      2,
      "kvorum: --discovery-srv is a setting of etcd that Kvorum does not have: name the members with --initial-cluster\n",
    ]);
  }, 30_000);
});

describe("the log of a kvorum process", () => {
  it("goes to several places, and follows its file's name after SIGHUP", async () => {
    const dataDir = await temporaryDirectory();
    const log = join(dirname(dataDir), "k.log");
    const node = await serve(dataDir, ["--log-outputs", `stderr,${log}`]);
    expect(((await stat(log)).mode & 0o777).toString(8)).toBe("600");
    await rename(log, `${log}.1`);
    node.child.kill("SIGHUP");
    await expect
      .poll(() => logOf(log).catch(() => []))
      .toContainEqual(expect.objectContaining({ msg: "the files of the log were opened anew" }));
    node.child.kill("SIGTERM");
    expect(await node.exited).toBe(0);
    expect((await logOf(log)).at(-1)).toMatchObject({ msg: "stopped" });
    expect(await logOf(`${log}.1`)).toContainEqual(expect.objectContaining({ msg: "ready to serve client requests" }));
    expect(node.output()).toContain('"msg":"stopped"');
  }, 30_000);

  it("has why a start failed, also where nobody sees standard error", async () => {
    const dataDir = await temporaryDirectory();
    await mkdir(dataDir, { mode: 0o777 });
    await writeFile(join(dataDir, "member"), "no directory");
    const log = join(dirname(dataDir), "k.log");
    const failed = run([MAIN, "--data-dir", dataDir, "--listen-peer-urls", "http://127.0.0.1:0", "--log-outputs", log]);
    expect(await failed.exited).toBe(1);
    expect(failed.output()).toMatch(/^kvorum: .*\n$/);
    expect((await logOf(log)).at(-1)).toMatchObject({ level: "error" });
  }, 30_000);

  it("is for people where that is asked for, without colours in a pipe", async () => {
    const node = run(
      [MAIN, "--data-dir", await temporaryDirectory(), "--log-format", "console", "--log-outputs", "stdout"],
      {
        ETCD_LISTEN_CLIENT_URLS: "http://127.0.0.1:0",
        ETCD_ADVERTISE_CLIENT_URLS: "http://127.0.0.1:1",
        ETCD_LISTEN_PEER_URLS: "http://127.0.0.1:0",
      },
    );
    await expect
      .poll(() => node.output(), { timeout: 10_000 })
      .toMatch(/^\d{4}-\d\d-\d\dT\S+Z INFO {2}ready to serve client requests name=default endpoints=\["http/m);
    expect(node.output()).not.toContain("\u001b");
    node.child.kill("SIGTERM");
    expect(await node.exited).toBe(0);
  }, 30_000);

  it("is refused a place that cannot be written", async () => {
    const refused = run([MAIN, "--log-outputs", "/nowhere/k.log"]);
    expect([await refused.exited, refused.output()]).toEqual([
      2,
      "kvorum: --log-outputs: /nowhere/k.log cannot be written (ENOENT)\n",
    ]);
  }, 30_000);
});

describe("a kvorum process without syncs", () => {
  it("says so, survives its own end, and goes on with them", async () => {
    const dataDir = await temporaryDirectory();
    const first = await serve(dataDir, ["--unsafe-no-fsync"]);
    expect(first.output()).toContain("--unsafe-no-fsync: writes are acknowledged before the disk has them");
    for (let i = 0; i < 50; i++) await put(first.endpoint, `k${i}`);
    first.child.kill("SIGKILL");
    await first.exited;
    const second = await serve(dataDir);
    expect(await count(second.endpoint)).toBe(50n);
    expect(second.output()).not.toContain("unsafe");
  }, 30_000);
});
