/** Debian's `etcdctl` as its user runs it: one command, its exit code and what it printed. */
import { execFile, execFileSync } from "node:child_process";
import { type RunningProcess, startProcess } from "./process.js";

const BINARY = process.env["ETCDCTL_BIN"] ?? "etcdctl";
const ENV = { ETCDCTL_API: "3" };

/** Why tests with etcdctl are skipped, or undefined where they run. */
export function etcdctlMissing(): string | undefined {
  try {
    execFileSync(BINARY, ["version"], { env: { ...process.env, ...ENV } });
    return undefined;
  } catch {
    return "no etcdctl binary (set ETCDCTL_BIN or install Debian's etcd-client)";
  }
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs to the end; `input` goes to stdin, `environment` comes on top of ours. */
export function etcdctl(
  endpoint: string,
  args: readonly string[],
  input = "",
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      BINARY,
      [`--endpoints=${endpoint}`, ...args],
      { env: { ...process.env, ...ENV, ...environment }, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
    // A command that does not read its input may be gone before it is written.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** Starts a command that does not end by itself: a watch, a lock, an election. */
export function startEtcdctl(endpoint: string, args: readonly string[]): Promise<RunningProcess> {
  return startProcess(BINARY, [`--endpoints=${endpoint}`, ...args], ENV);
}
