/** The built `kvorum` command in a process of its own with the probe inside, so that a crash is a crash and a stall is seen. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { bundle } from "../../scripts/bundle.mjs";
import { KVORUM } from "../support/kvorum.js";
import { freePort, temporaryDirectory } from "../support/process.js";
import type { Look } from "./probe-main.js";

const START_MS_MAX = 60_000;
const LOOK_MS_MAX = 30_000;
const OUTPUT_CHARACTERS_MAX = 1_000_000;

/** The probe as a file that `--import` takes; made once for many nodes. */
export interface ProbeFile {
  readonly url: string;
  remove(): void;
}

export const makeProbe = (): Promise<ProbeFile> => bundle("integration/fuzz/probe-main.ts");

export interface ProbedNodeOptions {
  /** More flags; a later one wins. */
  readonly flags?: readonly string[];
  /** Both ports speak TLS with certificates that the node makes. Default false. */
  readonly tls?: boolean;
  /** Reuse this directory, which then is not removed. Default: a temporary one. */
  readonly dataDir?: string;
}

export class ProbedNode implements AsyncDisposable {
  readonly port: number;
  readonly peerPort: number;
  readonly endpoint: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #remove: () => Promise<void>;
  #output = "";
  readonly #uncaught: string[] = [];

  private constructor(
    child: ChildProcess,
    ports: readonly [number, number],
    endpoint: string,
    remove: () => Promise<void>,
  ) {
    [this.port, this.peerPort] = ports;
    this.endpoint = endpoint;
    this.#child = child;
    this.#remove = remove;
    this.#exited = once(child, "exit");
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("message", (look) => this.#uncaught.push(...(look as Look).uncaught));
  }

  /** Errors: an `Error` with the output of a process that does not come to serve. */
  static async start(
    probe: ProbeFile,
    { flags = [], tls = false, dataDir }: ProbedNodeOptions = {},
  ): Promise<ProbedNode> {
    if (!existsSync(KVORUM)) throw new Error(`${KVORUM} is missing: build first`);
    const directory = dataDir === undefined ? await temporaryDirectory("probed") : undefined;
    const ports = [await freePort(), await freePort()] as const;
    const [endpoint, peers] = ports.map((port) => `http${tls ? "s" : ""}://127.0.0.1:${port}`) as [string, string];
    const args = [
      ...["--expose-gc", "--import", probe.url, KVORUM, "--name", "n1", "--data-dir", dataDir ?? directory?.path ?? ""],
      ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint],
      ...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", `n1=${peers}`],
      ...(tls ? ["--auto-tls", "--peer-auto-tls"] : []),
      ...flags,
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const node = new ProbedNode(child, ports, endpoint, async () => directory?.remove());
    try {
      await node.#untilServing();
    } catch (error) {
      await node[Symbol.asyncDispose]();
      throw error;
    }
    return node;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has written, the last million characters. */
  get output(): string {
    return this.#output;
  }

  /** Undefined while it lives; else how it ended, with the error that nobody caught. */
  get death(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return undefined;
    const last = this.#output.trimEnd().split("\n").slice(-8).join("\n");
    return `the process ended with ${exitCode ?? signalCode}: ${this.#uncaught.join("\n")}\n${last}`;
  }

  /** Asks the probe. Errors: when the process has ended or does not answer within half a minute. */
  async look(): Promise<Look> {
    if (this.death !== undefined || !this.#child.connected) throw new Error(this.death ?? "the process is ending");
    const answer = once(this.#child, "message", { signal: AbortSignal.timeout(LOOK_MS_MAX) });
    this.#child.send("look");
    const [look] = (await Promise.race([answer, this.#exited])) as [Look | number | null];
    if (look === null || typeof look !== "object") throw new Error(this.death ?? "the process has ended");
    return look;
  }

  /** By SIGTERM, as a person stops it; its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    await this.#exited;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await this.#exited;
    }
    await this.#remove();
  }

  async #untilServing(): Promise<void> {
    const endMs = performance.now() + START_MS_MAX;
    while (!this.#output.includes("ready to serve client requests")) {
      if (this.death !== undefined || performance.now() > endMs) {
        throw new Error(this.death ?? `the node does not serve after ${START_MS_MAX} ms:\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
