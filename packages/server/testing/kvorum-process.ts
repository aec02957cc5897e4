/**
 * The `kvorum` command as a process of its own, for tests. It is the built program that runs, as its users run it, so the
 * build must be fresh: `npm test` builds first.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const MAIN: string = fileURLToPath(new URL("../dist/main.js", import.meta.url));

const directories: string[] = [];
const children: ChildProcessWithoutNullStreams[] = [];

/** For `afterEach` of every test file: one that is registered here would hold for the first file of a worker alone. */
export async function endProcesses(): Promise<void> {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** Standard output and standard error so far. */
  output(): string;
  readonly exited: Promise<number | string>;
}

/** Starts the program with the arguments; `endProcesses` kills it. */
export function run(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  return { child, output: () => output, exited };
}

/** Free ports for clients, and for members. */
export const LISTEN: readonly string[] = [
  ...["--listen-client-urls", "http://127.0.0.1:0", "--advertise-client-urls", "http://127.0.0.1:1"],
  ...["--listen-peer-urls", "http://127.0.0.1:0"],
];

/** Starts a node and resolves with its address when it says that it serves. */
export function serve(
  dataDir: string,
  flags: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Running & { endpoint: string }> {
  return untilServing(run([MAIN, "--data-dir", dataDir, ...LISTEN, ...flags], env));
}

/** Waits for the line of the log, in standard error, that says so. */
export async function untilServing(running: Running): Promise<Running & { endpoint: string }> {
  for (;;) {
    const ready = /^.*"msg":"ready to serve client requests".*$/m.exec(running.output())?.[0];
    if (ready !== undefined) {
      const { endpoints } = JSON.parse(ready) as { endpoints: [string] };
      return { ...running, endpoint: endpoints[0] };
    }
    const ended = await Promise.race([running.exited, once(running.child.stderr, "data").then(() => undefined)]);
    if (ended !== undefined) throw new Error(`the process ended with ${ended}: ${running.output()}`);
  }
}

/** A path inside a new directory, which goes with `endProcesses`. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "kvorum-test-"));
  directories.push(directory);
  return join(directory, "data");
}
