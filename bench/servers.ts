/**
 * The servers under test, with their data on the same disk: Kvorum and etcd, alone or three of them. Both get the flags of
 * `FLAGS`; with them, as without, every put is synced to the disk before its answer.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Maintenance } from "@kvorum/proto";
import { ENGINE_VARIABLE, niceChannel } from "@kvorum/transport";
import type { Engine } from "./engines.js";
import type { Subject } from "./plan.js";
import { freePort, ServerProcess } from "./processes.js";

/** The quota must outlast the puts of a whole run, and equal snapshot counts keep equal amounts of the log in memory. */
export const FLAGS = ["--quota-backend-bytes", "17179869184", "--snapshot-count", "10000"] as const;

/** Debian's package, where `PATH` lacks it. */
const DEBIAN_ETCD = "/usr/bin/etcd";
const KVORUM = fileURLToPath(new URL("main.js", import.meta.resolve("@kvorum/server")));
const PROBE = new URL("probe/probe-main.js", import.meta.url);

/** One server, or a cluster of which `endpoint` is the leader's. */
export interface Server extends Subject {
  readonly version: string;
  readonly endpoint: string;
  readonly members: readonly ServerProcess[];
  stop(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
}

export interface ServerOptions {
  /** Default 1. */
  readonly members?: number;
  /** Of Kvorum. Default `nice`. */
  readonly engine?: Engine;
  /** Of Kvorum: options for Node itself. */
  readonly nodeOptions?: readonly string[];
  /** Of Kvorum: with `probe/probe-main.ts` inside, which is asked by messages. */
  readonly probe?: boolean;
}

/** etcd's version, or undefined where there is no etcd (`ETCD_BIN`, `PATH`, Debian's package). */
export function etcdVersion(): string | undefined {
  return etcdBinary()?.version;
}

function etcdBinary(): { readonly path: string; readonly version: string } | undefined {
  const given = process.env["ETCD_BIN"];
  for (const path of given === undefined ? ["etcd", DEBIAN_ETCD] : [given]) {
    try {
      const version = /etcd Version: (\S+)/.exec(execFileSync(path, ["--version"], { encoding: "utf8" }))?.[1];
      if (version !== undefined) return { path, version };
    } catch {}
  }
  return undefined;
}

export function startEtcd(options: ServerOptions = {}): Promise<Server> {
  const etcd = etcdBinary();
  if (etcd === undefined) throw new Error("no etcd found (ETCD_BIN, PATH or /usr/bin/etcd)");
  return start("etcd", etcd.version, options, [etcd.path, "--logger", "zap"]);
}

export function startKvorum(options: ServerOptions = {}): Promise<Server> {
  if (!existsSync(KVORUM)) throw new Error("build first: npm run build");
  const version = execFileSync(process.execPath, [KVORUM, "--version"], { encoding: "utf8" });
  return start("kvorum", /(\d+\.\d+\.\d+\S*)/.exec(version)?.[1] ?? "?", options, [
    process.execPath,
    ...(options.nodeOptions ?? []),
    ...(options.probe === true ? ["--import", PROBE.href] : []),
    KVORUM,
  ]);
}

/** Both servers, Kvorum first; Kvorum alone where there is no etcd. */
export async function startBoth(options: ServerOptions): Promise<Server[]> {
  const kvorum = await startKvorum(options);
  return etcdVersion() === undefined ? [kvorum] : [kvorum, await startEtcd(options)];
}

async function start(
  name: string,
  version: string,
  { members: count = 1, engine = "nice", probe = false }: ServerOptions,
  command: readonly [string, ...string[]],
): Promise<Server> {
  const places = await Promise.all(
    Array.from({ length: count }, async (_, index) => ({
      name: `bench${index}`,
      client: `http://127.0.0.1:${await freePort()}`,
      peer: `http://127.0.0.1:${await freePort()}`,
      directory: await mkdtemp(join(tmpdir(), `kvorum-bench-${name}-`)),
    })),
  );
  const cluster = places.map((place) => `${place.name}=${place.peer}`).join(",");
  const members = places.map(
    ({ name, client, peer, directory }) =>
      new ServerProcess(
        client,
        directory,
        [
          ...command,
          ...["--name", name, "--data-dir", directory, "--log-level", "error", ...FLAGS],
          ...["--listen-client-urls", client, "--advertise-client-urls", client],
          ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", cluster],
        ],
        { env: { ...process.env, [ENGINE_VARIABLE]: engine }, messages: probe },
      ),
  );
  const stop = async (signal?: "SIGKILL" | "SIGTERM") => {
    await Promise.all(members.map((member) => member.stop(signal)));
  };
  try {
    await Promise.all(members.map((member) => member.healthy()));
    return { name, version, members, endpoint: await leaderOf(members), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function leaderOf(members: readonly ServerProcess[]): Promise<string> {
  for (const { endpoint } of members) {
    await using channel = niceChannel(endpoint);
    const { header, leader } = await channel.unary(Maintenance.method.status, {});
    if (header?.memberId === leader) return endpoint;
  }
  throw new Error("no member says that it leads");
}
