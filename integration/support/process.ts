/** Real processes for integration tests: free ports, directories that are removed, and a kill that only hits our own child. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export async function temporaryDirectory(label: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `kvorum-${label}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface RunningProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Everything written to stdout and stderr so far, the last 64 KiB. */
  output(): string;
  /** Sends the signal and resolves with the exit code (or the signal's name) once the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface ProcessOptions {
  /** A channel for messages of Node (`child.send`). Default false. */
  readonly messages?: boolean;
}

/** Starts a program; rejects when it cannot be started. */
export async function startProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { messages = false }: ProcessOptions = {},
): Promise<RunningProcess> {
  const stdio = ["ignore", "pipe", "pipe", ...(messages ? (["ipc"] as const) : [])] as ["ignore", "pipe", "pipe"];
  const child = spawn(command, args, { stdio, env: { ...process.env, ...env } });
  let text = "";
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-65_536);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exited = new Promise<number | string>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  await once(child, "spawn");
  return {
    pid: child.pid as number,
    child,
    output: () => text,
    stop: async (signal = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return exited;
    },
  };
}

/** Polls until the check holds; rejects with the process's output when it dies or the time is over. */
export async function untilReady(
  running: RunningProcess,
  timeoutMs: number,
  check: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    if (running.child.exitCode !== null) break;
    if (await check().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`the process is not ready after ${timeoutMs} ms:\n${running.output()}`);
}
