/** The two servers under test, each a process of its own with its data on the same disk. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Server {
  readonly name: string;
  readonly version: string;
  readonly endpoint: string;
  /** User and system time of the process so far, in seconds; undefined where the system does not say. */
  cpuSeconds(): Promise<number | undefined>;
  /** Resident memory in MiB; undefined where the system does not say. */
  residentMiB(): Promise<number | undefined>;
  stop(): Promise<void>;
}

const ETCD = process.env["ETCD_BIN"] ?? "etcd";
const KVORUM = fileURLToPath(new URL("main.js", import.meta.resolve("@kvorum/server")));
const CLOCK_TICKS_PER_SECOND = 100;

/** etcd's version line, or undefined where there is no etcd. */
export function etcdVersion(): string | undefined {
  try {
    return /etcd Version: (\S+)/.exec(execFileSync(ETCD, ["--version"], { encoding: "utf8" }))?.[1];
  } catch {
    return undefined;
  }
}

export function startEtcd(version: string): Promise<Server> {
  return start("etcd", version, (client, peer, directory) => [
    ETCD,
    ...["--name", "bench", "--data-dir", directory, "--log-level", "error", "--logger", "zap"],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `bench=${peer}`],
  ]);
}

export function startKvorum(version: string): Promise<Server> {
  if (!existsSync(KVORUM)) throw new Error("build first: npm run build");
  return start("kvorum", version, (client, _peer, directory) => [
    process.execPath,
    ...[KVORUM, "--name", "bench", "--data-dir", directory, "--log-level", "error"],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
  ]);
}

type CommandLine = (clientUrl: string, peerUrl: string, directory: string) => readonly string[];

async function start(name: string, version: string, commandLine: CommandLine): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), `kvorum-bench-${name}-`));
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const [command, ...args] = commandLine(endpoint, `http://127.0.0.1:${await freePort()}`, directory) as [
    string,
    ...string[],
  ];
  // Both write a line for each call that the end of a round cuts off.
  const child = spawn(command, args, { stdio: "ignore" });
  await once(child, "spawn");
  await untilHealthy(endpoint, child);
  return {
    name,
    version,
    endpoint,
    cpuSeconds: () => cpuSeconds(child),
    residentMiB: () => residentMiB(child),
    stop: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function untilHealthy(endpoint: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600 && child.exitCode === null; attempt++) {
    const healthy = await fetch(`${endpoint}/health`)
      .then((response) => response.ok)
      .catch(() => false);
    if (healthy) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${endpoint} does not become healthy`);
}

/** Fields 14 and 15 of `/proc/PID/stat` (Linux): user and system time in clock ticks. */
async function cpuSeconds(child: ChildProcess): Promise<number | undefined> {
  const stat = await readFile(`/proc/${child.pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

async function residentMiB(child: ChildProcess): Promise<number | undefined> {
  const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => undefined);
  const kib = /VmRSS:\s+(\d+) kB/.exec(status ?? "")?.[1];
  return kib === undefined ? undefined : Number(kib) / 1024;
}
