/** A real etcd beside us: the binary from `ETCD_BIN` or the `PATH`, started in a directory of its own. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { freePort, type RunningProcess, startProcess, temporaryDirectory, untilReady } from "./process.js";

const BINARY = process.env["ETCD_BIN"] ?? "etcd";

/** etcd's version, or undefined where none is installed. */
export function etcdVersion(): string | undefined {
  try {
    return /etcd Version: (\S+)/.exec(execFileSync(BINARY, ["--version"], { encoding: "utf8" }))?.[1];
  } catch {
    return undefined;
  }
}

/** Why tests against etcd are skipped, or undefined where they run. */
export function etcdMissing(): string | undefined {
  return etcdVersion() === undefined ? "no etcd binary (set ETCD_BIN or install Debian's etcd-server)" : undefined;
}

export interface TestServer {
  /** `http://127.0.0.1:port`. */
  readonly endpoint: string;
  readonly process: RunningProcess;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

export async function startEtcd(flags: readonly string[] = []): Promise<TestServer> {
  const directory = await temporaryDirectory("etcd");
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const running = await startProcess(BINARY, [
    ...["--name", "n1", "--data-dir", directory.path],
    ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `n1=${peer}`],
    ...["--log-level", "error", "--logger", "zap"],
    ...flags,
  ]);
  await untilReady(running, 15_000, async () => (await fetch(`${endpoint}/health`)).ok);
  return {
    endpoint,
    process: running,
    stop: async () => {
      await running.stop("SIGKILL");
      await directory.remove();
    },
  };
}

/** Where its binary lies; undefined where none is installed. */
export function programPath(): string | undefined {
  if (etcdVersion() === undefined) return undefined;
  if (BINARY.includes("/")) return BINARY;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, BINARY)).find((path) => existsSync(path));
}
