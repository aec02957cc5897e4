/**
 * A real `kvorum` process with a data directory of its own, to be killed and started again. Neither outlives the tour: both
 * go when this process exits, whichever way.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const READY = "ready to serve client requests";
const READY_MS = 15_000;
const STOP_MS = 5_000;

export class NodeProcess implements AsyncDisposable {
  readonly endpoint: string;
  readonly dataDir: string = mkdtempSync(join(tmpdir(), "kvorum-tour-"));
  #child: ChildProcess | undefined;
  readonly #onExit = (): void => {
    this.#child?.kill("SIGKILL");
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  };

  private constructor(port: number) {
    this.endpoint = `http://127.0.0.1:${port}`;
    process.on("exit", this.#onExit);
  }

  static async start(): Promise<NodeProcess> {
    const node = new NodeProcess(await freePort());
    await node.start();
    return node;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts the process, on the same port and data as before; resolves with the milliseconds until it serves. */
  async start(): Promise<number> {
    const startMs = performance.now();
    const main = fileURLToPath(new URL("./main.js", import.meta.resolve("@kvorum/server")));
    const urls = ["--listen-client-urls", this.endpoint, "--advertise-client-urls", this.endpoint];
    const args = [main, "--name", "tour", "--data-dir", join(this.dataDir, "data"), ...urls];
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
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
