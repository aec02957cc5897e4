/** A fleet of worker processes of which one leads, seen by the process that started them. */
import { Worker } from "../shared/worker.js";
import type { FleetMessage } from "./messages.js";
import { Timeline } from "./timeline.js";

const WORKER = new URL("./worker-main.js", import.meta.url);

export interface Leading {
  readonly worker: string;
  readonly pid: number;
  readonly token: bigint;
}

export class Fleet implements AsyncDisposable {
  readonly timeline: Timeline = new Timeline();
  readonly #workers = new Map<string, Worker<FleetMessage>>();
  readonly #waiting = new Set<() => void>();
  #leader: Leading | undefined;
  #runs = 0;

  private constructor() {}

  /** Resolves when every worker campaigns. */
  static async start(endpoints: readonly string[], name: string, size: number): Promise<Fleet> {
    const fleet = new Fleet();
    try {
      await Promise.all(Array.from({ length: size }, (_, i) => fleet.#add(`worker ${i + 1}`, endpoints, name)));
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The leader, once it has also run the job `runs` times. Rejects after `timeoutMs`. */
  async leader(timeoutMs: number, runs = 8): Promise<Leading> {
    const timeout = AbortSignal.timeout(timeoutMs);
    while (this.#leader === undefined || this.#runs < runs) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.add(resolve);
        timeout.addEventListener("abort", () => reject(new Error(`no leader within ${timeoutMs} ms`)), { once: true });
      });
    }
    return this.#leader;
  }

  /** SIGKILL: the worker cannot give anything back, its lease has to run out. */
  async kill({ worker }: Leading): Promise<void> {
    await this.#take(worker, "SIGKILL", "killed");
  }

  /** SIGTERM: it resigns, and the next one leads at once. */
  async dismiss({ worker }: Leading): Promise<void> {
    await this.#take(worker, "SIGTERM", "resigned");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.end("SIGKILL")));
  }

  async #add(name: string, endpoints: readonly string[], election: string): Promise<void> {
    const worker = new Worker<FleetMessage>(WORKER, [endpoints.join(","), election, name]);
    this.#workers.set(name, worker);
    worker.onMessage((message) => this.#hear(name, worker, message));
    await worker.next((message): message is FleetMessage & { kind: "ready" } => message.kind === "ready", 20_000);
  }

  #hear(name: string, worker: Worker<FleetMessage>, message: FleetMessage): void {
    if (message.kind === "leading") {
      this.timeline.begin(name, BigInt(message.token), message.atMs);
      this.#leader = { worker: name, pid: worker.pid, token: BigInt(message.token) };
      this.#runs = 0;
    }
    if (message.kind === "ran") {
      this.timeline.ran(BigInt(message.token), BigInt(message.revision));
      this.#runs += 1;
    }
    if (message.kind === "stopped") this.#over(name, "resigned", message.atMs);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  async #take(name: string, signal: NodeJS.Signals, how: "killed" | "resigned"): Promise<void> {
    const worker = this.#workers.get(name);
    this.#workers.delete(name);
    await worker?.end(signal);
    this.#over(name, how, Date.now());
  }

  #over(name: string, how: "killed" | "resigned", atMs: number): void {
    this.timeline.end(name, how, atMs);
    if (this.#leader?.worker === name) this.#leader = undefined;
  }
}
