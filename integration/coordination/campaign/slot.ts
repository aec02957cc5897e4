/**
 * A place for a worker process: ways to the members that can be disturbed, and one life after the other. It ends only what it has
 * started, by its pid, also when this process itself goes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FaultProxy, startProxy } from "../../support/proxy.js";
import { sharedNowMs } from "../model.js";
import type { Job, Order, Report } from "./orders.js";
import type { Death } from "./owners-verdict.js";

export interface SlotOptions {
  /** File of the bundled worker program. */
  readonly program: string;
  /** Where the events of every life go. */
  readonly folder: string;
  readonly number: number;
  readonly endpoints: readonly string[];
  readonly job: Omit<Job, "worker" | "log" | "endpoints" | "seed">;
  readonly seed: number;
  /** Told of a worker that ended although nobody wanted it to. */
  readonly onDeath: (problem: string) => void;
}

/** How long a worker may take to end well, in milliseconds. */
const STOP_MS = 15_000;

export class Slot {
  /** Event files of all lives. */
  readonly logs: string[] = [];
  /** Of the lives that were killed. */
  readonly deaths: Death[] = [];
  readonly #options: SlotOptions;
  readonly #proxies: readonly FaultProxy[];
  readonly #listeners = new Set<(report: Report) => void>();
  readonly #killNow = (): void => void this.#child?.kill("SIGKILL");
  #child: ChildProcess | undefined;
  #worker = "";
  #wanted = false;
  #frozen = false;

  static async open(options: SlotOptions): Promise<Slot> {
    const slot = new Slot(options, await Promise.all(options.endpoints.map(startProxy)));
    slot.start();
    return slot;
  }

  private constructor(options: SlotOptions, proxies: readonly FaultProxy[]) {
    this.#options = options;
    this.#proxies = proxies;
    process.on("exit", this.#killNow);
  }

  /** The name of the present life. */
  get worker(): string {
    return this.#worker;
  }

  /** Connections that were ended at a message, so that an answer or an event of a watch was lost. */
  get cuts(): number {
    return this.#proxies.reduce((sum, { cuts }) => sum + cuts, 0);
  }

  /** Begins the next life. */
  start(): void {
    const { folder, number, program, job, seed } = this.#options;
    const life = this.logs.length;
    this.#worker = `w${number}.${life}`;
    const log = join(folder, `${this.#worker}.jsonl`);
    // A process that is killed before it begins has told nothing.
    writeFileSync(log, "");
    this.logs.push(log);
    const endpoints = this.#proxies.map(({ endpoint }) => endpoint);
    const whole: Job = { ...job, worker: this.#worker, log, endpoints, seed: seed + number * 1_000 + life };
    const child = spawn(process.execPath, [program, JSON.stringify(whole)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let words = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4_000);
    });
    child.on("message", (report: Report) => {
      for (const listener of this.#listeners) listener(report);
    });
    this.#wanted = true;
    child.on("exit", (code, signal) => {
      if (child !== this.#child) return;
      this.#child = undefined;
      if (this.#wanted) this.#options.onDeath(`${whole.worker} ended by itself with ${code ?? signal}: ${words}`);
    });
    this.#child = child;
  }

  order(order: Order): void {
    // To one that has just ended nothing can be said, and nothing needs to be.
    this.#child?.send(order, () => undefined);
  }

  /** Resolves with the report that the filter accepts, or undefined after `timeoutMs`. */
  report(accepts: (report: Report) => boolean, timeoutMs: number): Promise<Report | undefined> {
    return new Promise((resolve) => {
      const finish = (report: Report | undefined): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(report);
      };
      const listener = (report: Report): void => {
        if (accepts(report)) finish(report);
      };
      const timer = setTimeout(() => finish(undefined), timeoutMs);
      this.#listeners.add(listener);
    });
  }

  /** Its connections outlive it: what a process that stood still does next is to be seen, and not cut off by what came meanwhile. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
    this.#frozen = true;
    for (const proxy of this.#proxies) proxy.cutAtFrame(() => undefined);
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
    this.#frozen = false;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#wanted = false;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const worker = this.#worker;
    child.kill("SIGKILL");
    await ended;
    this.deaths.push({ worker, atMs: sharedNowMs() });
  }

  /** The connections to one of the members end at the message of its own that comes as the `frame`-th from now. */
  loseAnswer(member: number, frame: number): void {
    if (this.#frozen) return;
    void this.#proxies[member % this.#proxies.length]?.loseAnswer(frame);
  }

  cutConnections(): void {
    for (const proxy of this.#proxies) proxy.cut();
  }

  silence(): void {
    for (const proxy of this.#proxies) proxy.blackHole();
  }

  heal(): void {
    for (const proxy of this.#proxies) {
      proxy.forward();
      // What was sent into the silence never arrives, so a connection cannot go on where it was.
      proxy.cut();
    }
  }

  /** Lets the worker end well. The answer is what was wrong with that. */
  async close(): Promise<string | undefined> {
    const child = this.#child;
    this.#wanted = false;
    let problem: string | undefined;
    if (child !== undefined) {
      const ended = new Promise<boolean>((resolve) => child.once("exit", () => resolve(true)));
      this.order({ do: "stop" });
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), STOP_MS);
      });
      if (!(await Promise.race([ended, late]))) problem = `${this.#worker} did not end within ${STOP_MS} ms`;
      clearTimeout(timer);
      await this.kill();
    }
    process.off("exit", this.#killNow);
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    return problem;
  }
}
