/** What a run depends on beside the code: machine, versions, commit. */
import { execFileSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { h2loadVersion } from "./load/h2load.js";
import type { Machine } from "./results.js";
import { etcdVersion } from "./servers.js";

/** Numbers of `statfs(2)` on Linux. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: "ext4",
  1481003842: "xfs",
  2435016766: "btrfs",
  16914836: "tmpfs",
  2035054128: "overlayfs",
};

export function describeMachine(): Machine {
  const processors = cpus();
  const { type } = statfsSync(tmpdir());
  return {
    processors: processors.length,
    processor: processors[0]?.model ?? "?",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    fileSystem: FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`,
  };
}

export function versions(): Record<string, string> {
  const etcd = etcdVersion();
  return {
    node: process.versions.node,
    kvorum: versionIn(new URL("../package.json", import.meta.resolve("@kvorum/server"))),
    ...(etcd === undefined ? {} : { etcd }),
    "npm etcd3": versionIn(new URL("../package.json", import.meta.resolve("etcd3"))),
    h2load: h2loadVersion()?.replace(/^h2load /, "") ?? "not installed: all load is of our own generator",
  };
}

function versionIn(url: URL): string {
  return (JSON.parse(readFileSync(fileURLToPath(url), "utf8")) as { version: string }).version;
}

/** Short hash of what is checked out, with `-dirty` where files were changed. */
export function commit(root: string): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "-uno") === "" ? "" : "-dirty");
  } catch {
    return "unknown";
  }
}
