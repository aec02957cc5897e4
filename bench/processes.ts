/** A server as a process of its own: started, asked whether it is well, read from outside, ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

const CLOCK_TICKS_PER_SECOND = 100;
const HEALTH_ATTEMPTS = 1200;
const HEALTH_PAUSE_MS = 25;
const STOP_MS_MAX = 20_000;
/** `stat.blocks` counts these, whatever the file system's own blocks are. */
const BLOCK_BYTES = 512;

export class ServerProcess {
  readonly endpoint: string;
  readonly directory: string;
  readonly child: ChildProcess;
  /** A run that fails or is interrupted leaves nothing behind. */
  readonly #endWithUs = (): void => {
    this.child.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  };

  constructor(
    endpoint: string,
    directory: string,
    [command, ...args]: readonly [string, ...string[]],
    options: { readonly env?: NodeJS.ProcessEnv; readonly messages?: boolean } = {},
  ) {
    this.endpoint = endpoint;
    this.directory = directory;
    // Both write a line for each call that the end of a round cuts off.
    const stdio = options.messages === true ? (["ignore", "ignore", "ignore", "ipc"] as const) : "ignore";
    this.child = spawn(command, args, { stdio: stdio as "ignore", env: options.env ?? process.env });
    this.child.once("error", () => {}); // `healthy` tells of it
    process.once("exit", this.#endWithUs);
  }

  async healthy(): Promise<void> {
    for (let attempt = 0; attempt < HEALTH_ATTEMPTS && this.#runs(); attempt++) {
      const healthy = await fetch(`${this.endpoint}/health`)
        .then((response) => response.ok)
        .catch(() => false);
      if (healthy) return;
      await new Promise((resolve) => setTimeout(resolve, HEALTH_PAUSE_MS));
    }
    throw new Error(`${this.child.spawnargs.join(" ")}: does not become healthy`);
  }

  /** User and system time so far; undefined where the system does not say. */
  async cpuSeconds(): Promise<number | undefined> {
    const fields = await statFields(this.child.pid ?? 0);
    return fields && (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  }

  async memory(): Promise<{ readonly residentMiB: number; readonly anonymousMiB: number } | undefined> {
    const text = await readFile(`/proc/${this.child.pid}/status`, "utf8").catch(() => "");
    const [resident, anonymous] = [/VmRSS:\s+(\d+) kB/, /RssAnon:\s+(\d+) kB/].map((field) => field.exec(text)?.[1]);
    if (resident === undefined || anonymous === undefined) return undefined;
    return { residentMiB: Number(resident) / 1024, anonymousMiB: Number(anonymous) / 1024 };
  }

  /** Bytes allocated for the data directory. */
  async storedBytes(): Promise<number> {
    const files = await readdir(this.directory, { recursive: true, withFileTypes: true });
    // A file of the log may be renamed or dropped while it is looked at.
    const sizes = await Promise.all(
      files
        .filter((file) => file.isFile())
        .map((file) =>
          stat(join(file.parentPath, file.name)).then(
            ({ blocks }) => blocks * BLOCK_BYTES,
            () => 0,
          ),
        ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** `SIGTERM` lets it write what it wants to write, such as a CPU profile. Its data directory goes with it. */
  async stop(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    if (this.#runs()) {
      this.child.kill(signal);
      const late = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS_MAX);
      await once(this.child, "exit");
      clearTimeout(late);
    }
    process.off("exit", this.#endWithUs);
    await rm(this.directory, { recursive: true, force: true });
  }

  #runs(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }
}

/** User and system time of this process and of all children that it has waited for: that is what the load costs. */
export async function generatorCpuSeconds(): Promise<number | undefined> {
  const fields = await statFields("self");
  return fields && [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / CLOCK_TICKS_PER_SECOND;
}

/** `/proc/PID/stat` (Linux) from its third field on: the second may hold spaces. */
async function statFields(pid: number | "self"): Promise<readonly string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
