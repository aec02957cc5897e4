/**
 * A real `kvorum` process with a data directory of its own, to be killed and started again. Neither outlives the program:
 * both go when it exits, whichever way.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const READY = "ready to serve client requests";
const READY_MS = 15_000;
const STOP_MS = 5_000;

export interface NodeProcessOptions {
  readonly name: string;
  /** For clients. */
  readonly port: number;
  /** Beside name, data directory and client addresses. */
  readonly flags?: readonly string[];
}

export class NodeProcess implements AsyncDisposable {
  readonly name: string;
  readonly endpoint: string;
  readonly dataDir: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  readonly #onExit = (): void => {
    this.#child?.kill("SIGKILL");
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  };

  /** Not started yet. */
  constructor({ name, port, flags = [] }: NodeProcessOptions) {
    this.name = name;
    this.endpoint = `http://127.0.0.1:${port}`;
    this.dataDir = mkdtempSync(join(tmpdir(), `kvorum-${name}-`));
    this.#flags = flags;
    process.on("exit", this.#onExit);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get running(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Starts the process, on the same port and data as before; resolves with the milliseconds until it serves. */
  async start(): Promise<number> {
    const startMs = performance.now();
    const main = fileURLToPath(new URL("./main.js", import.meta.resolve("@kvorum/server")));
    const urls = ["--listen-client-urls", this.endpoint, "--advertise-client-urls", this.endpoint];
    const args = [main, "--name", this.name, "--data-dir", join(this.dataDir, "data"), ...urls, ...this.#flags];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    await untilLogged(child, READY);
    return performance.now() - startMs;
  }

  /** SIGKILL: nothing is flushed, nobody is told. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const tooLong = setTimeout(() => this.#child?.kill("SIGKILL"), STOP_MS);
    await this.#end("SIGTERM");
    clearTimeout(tooLong);
    this.#onExit();
    process.off("exit", this.#onExit);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}

/** A node of its own cluster, not started yet. It listens for other members on a free port, so that any number may run. */
export async function soleNode(name: string): Promise<NodeProcess> {
  const [port] = (await freePorts(1)) as [number];
  return new NodeProcess({ name, port, flags: ["--listen-peer-urls", "http://127.0.0.1:0"] });
}

/** Resolves when the process logs the message; rejects with what it said when it ends first or takes too long. */
function untilLogged(child: ChildProcess, message: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    const fail = (why: string): void => reject(new Error(`the node ${why}\n${log}`));
    const timer = setTimeout(() => fail(`was not ready within ${READY_MS / 1000} s`), READY_MS);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${code ?? signal}`);
    });
    // Read to the end of its life, so that the pipe never fills.
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-8_192);
      if (!log.includes(message)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Ports that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  for (let i = 0; i < count; i += 1) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  for (const server of servers) {
    server.close();
    await once(server, "close");
  }
  return ports;
}
