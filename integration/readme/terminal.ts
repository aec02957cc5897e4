/** A reader's terminal: runs the commands of a document as they stand there, with `kvorum` and `etcdctl` on its path. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KVORUM } from "../support/kvorum.js";

/** The `sh` blocks under a heading, down to the next one. */
export function shellBlocks(document: string, heading: string): readonly string[] {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  const blocks = [...(section ?? "").matchAll(/^```sh\n(.*?)^```/gms)].map(([, code]) => code ?? "");
  if (blocks.length === 0) throw new Error(`${document} has no commands under "${heading}"`);
  return blocks;
}

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Something that was started in the terminal, with everything that it started itself. */
export class Job {
  readonly #child: ChildProcess;
  readonly #closed: Promise<Ended>;
  #output = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    // Not `close`, for a job may leave processes behind that hold its streams.
    this.#closed = once(child, "exit").then(([code]) => ({ code: code as number | null, output: this.#output }));
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when the shell has ended; what it put into the background goes on. */
  get ended(): Promise<Ended> {
    return this.#closed;
  }

  /** Kills the shell and its children: all that carry its process group. */
  async kill(): Promise<void> {
    try {
      process.kill(-(this.#child.pid as number), "SIGKILL");
    } catch {
      // All of them have ended.
    }
    await this.#closed;
  }
}

export class Terminal implements AsyncDisposable {
  readonly directory: string;
  readonly #jobs: Job[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async open(): Promise<Terminal> {
    const directory = await mkdtemp(join(tmpdir(), "kvorum-terminal-"));
    const command = join(directory, "kvorum");
    await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${KVORUM}" "$@"\n`);
    await chmod(command, 0o755);
    return new Terminal(directory);
  }

  /** Starts the commands; `prefix` is where, such as another machine. */
  async start(commands: string, prefix: readonly string[] = []): Promise<Job> {
    const [program = "", ...args] = [...prefix, "bash", "-ec", commands];
    const child = spawn(program, args, {
      cwd: this.directory,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, ETCDCTL_API: "3", PATH: `${this.directory}:${process.env["PATH"]}` },
    });
    const job = new Job(child);
    this.#jobs.push(job);
    await once(child, "spawn");
    return job;
  }

  /** Resolves with what the commands printed. Errors: when one of them failed. */
  async run(commands: string): Promise<string> {
    const { code, output } = await (await this.start(commands)).ended;
    if (code !== 0) throw new Error(`${commands}\nended with ${code}:\n${output}`);
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#jobs.map((job) => job.kill()));
    await rm(this.directory, { recursive: true, force: true });
  }
}
