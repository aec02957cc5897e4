/**
 * The container engine of the tests: the one that is there, or Debian's `dockerd` started for the run in a folder of its own and
 * ended with it. Images are built from files at hand, so no registry is asked for anything.
 */
import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { getContainerRuntimeClient } from "testcontainers";
import { type RunningProcess, startProcess, temporaryDirectory, untilReady } from "../support/process.js";

/** An engine that answers; ending it ends only what was started here. */
export interface Engine extends AsyncDisposable {
  /** Who is told to build, run and cut: Docker's own version text. */
  readonly version: string;
}

const START_MS = 30_000;

/** Resolves with a sentence where there is no engine and none can be started. */
export async function openEngine(): Promise<Engine | string> {
  // Its image would have to come from a registry. What the tests start they remove themselves.
  process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  if (process.env["DOCKER_HOST"] !== undefined || answers([])) {
    return { version: await versionOf(), [Symbol.asyncDispose]: async () => {} };
  }
  if (process.platform !== "linux") return "no container engine answers (set DOCKER_HOST)";
  if (process.getuid?.() !== 0) return "no container engine answers, and only root may start one";
  if (!hasProgram("dockerd"))
    return "no container engine answers, and there is no dockerd (install Debian's docker.io)";
  return startEngine();
}

async function startEngine(): Promise<Engine | string> {
  const folder = await temporaryDirectory("engine");
  const socket = `unix://${join(folder.path, "docker.sock")}`;
  const daemon = await startProcess("dockerd", [
    ...["--data-root", join(folder.path, "data"), "--exec-root", join(folder.path, "exec")],
    ...["--pidfile", join(folder.path, "pid"), "--host", socket],
  ]);
  const stop = async (): Promise<void> => {
    await daemon.stop();
    await rm(folder.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    await untilReady(daemon, START_MS, async () => answers(["--host", socket]));
  } catch {
    const why = lastWords(daemon);
    await stop();
    return `dockerd does not start here: ${why}`;
  }
  process.env["DOCKER_HOST"] = socket;
  return { version: await versionOf(), [Symbol.asyncDispose]: stop };
}

async function versionOf(): Promise<string> {
  const { info } = await getContainerRuntimeClient();
  return String(info.containerRuntime.serverVersion ?? "unknown");
}

function answers(host: readonly string[]): boolean {
  return runs("docker", [...host, "version", "--format", "{{.Server.Version}}"]);
}

function hasProgram(name: string): boolean {
  return runs(name, ["--version"]);
}

function runs(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore", timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}

/** The line that says why, without its time and level. */
function lastWords(daemon: RunningProcess): string {
  const line = daemon.output().trim().split("\n").at(-1) ?? "";
  return /msg="(.*)"/.exec(line)?.[1] ?? line;
}
