/** One member of the soaked cluster: the built `kvorum` command in a process of its own, with the probe inside. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { KVORUM } from "../support/kvorum.js";
import { type RunningProcess, startProcess, untilReady } from "../support/process.js";
import { openFiles } from "./open-files.js";
import type { Look } from "./probe-main.js";
import { MemberAway } from "./tally.js";

export interface MemberOptions {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly dataDir: string;
  /** The flags that only the soak gives, the same for all members. */
  readonly flags: readonly string[];
  /** URL of the bundled probe. */
  readonly probeUrl: string;
}

const START_MS_MAX = 60_000;
const LOOK_MS_MAX = 30_000;
const ANSWER_MS_MAX = 20_000;

export class SoakMember {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly #options: MemberOptions;
  #process: RunningProcess | undefined;
  #startedMs = 0;
  #printedBytes = 0;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.name = options.name;
    this.clientUrl = options.clientUrl;
    this.peerUrl = options.peerUrl;
  }

  /** Seconds since the process was started last. */
  get lifeSeconds(): number {
    return (performance.now() - this.#startedMs) / 1_000;
  }

  /** Bytes that its lives have printed together. */
  get printedBytes(): number {
    return this.#printedBytes;
  }

  get output(): string {
    return this.#process?.output() ?? "(not running)";
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** Resolves when it serves. Errors: an `Error` with the output of a process that does not come to serve. */
  async start(initialCluster: string): Promise<void> {
    if (!existsSync(KVORUM)) throw new Error(`${KVORUM} is missing: build first`);
    const { name, clientUrl, peerUrl, dataDir, flags, probeUrl } = this.#options;
    const args = [
      ...["--expose-gc", "--import", probeUrl, KVORUM, "--name", name, "--data-dir", dataDir],
      ...["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl],
      ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
      ...["--initial-cluster", initialCluster, ...flags],
    ];
    const running = await startProcess(process.execPath, args, {}, { messages: true });
    const count = (chunk: Buffer): void => {
      this.#printedBytes += chunk.length;
    };
    running.child.stdout?.on("data", count);
    running.child.stderr?.on("data", count);
    this.#process = running;
    this.#startedMs = performance.now();
    await untilReady(running, START_MS_MAX, async () => (await fetch(`${clientUrl}/health`)).ok);
  }

  /** By SIGTERM, as a person stops it. Errors: when it does not end with 0. */
  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    const code = await running?.stop();
    if (code !== 0)
      throw new Error(`${this.name} was stopped and ended with ${code}:\n${running?.output().slice(-2_000)}`);
  }

  /** Kills without waiting, when this process itself must go. */
  killNow(): void {
    this.#process?.child.kill("SIGKILL");
  }

  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    await running?.stop("SIGKILL");
  }

  /** Throws with its last words when the process has ended by itself. */
  throwIfDead(): void {
    const { exitCode = null, signalCode = null } = this.#process?.child ?? {};
    if (exitCode === null && signalCode === null) return;
    throw new Error(`${this.name} has ended with ${exitCode ?? signalCode}:\n${this.output.slice(-4_000)}`);
  }

  /** Asks the probe. Errors: when the process has ended or does not answer within half a minute. */
  async look(): Promise<Look> {
    const child = this.#process?.child;
    if (!child?.connected) throw new MemberAway(`${this.name} does not run`);
    const answer = once(child, "message", { signal: AbortSignal.timeout(LOOK_MS_MAX) });
    child.send("look");
    const [look] = (await answer) as [Look];
    return look;
  }

  /** What `/metrics` shows, by whole name with labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const text = await (await fetch(`${this.clientUrl}/metrics`, { signal })).text();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => {
        const space = line.lastIndexOf(" ");
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
    );
  }

  /** Open files of the process by kind, as the system tells them; undefined where it does not. */
  async files(): Promise<Readonly<Record<string, number>> | undefined> {
    const pid = this.#process?.pid;
    const ports = [this.clientUrl, this.peerUrl].map((url) => Number(new URL(url).port));
    return pid === undefined ? undefined : openFiles(pid, new Set(ports));
  }

  /** Bytes of the files of Raft's log. */
  async walBytes(): Promise<number> {
    const directory = join(this.#options.dataDir, "member", "wal");
    const names = await readdir(directory);
    // A segment may go between the listing and the look.
    const sizes = await Promise.all(
      names.map((name) =>
        stat(join(directory, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}
