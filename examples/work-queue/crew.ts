/** The worker processes, seen by the one that started them: who has which job in hand, and who did how many. */
import { Worker } from "../shared/worker.js";
import type { WorkMessage } from "./messages.js";

const WORKER = new URL("./worker-main.js", import.meta.url);
const READY_MS = 20_000;

export interface Busy {
  readonly worker: string;
  readonly pid: number;
  readonly job: string;
}

export class Crew implements AsyncDisposable {
  readonly done: Map<string, number> = new Map();
  readonly #workers = new Map<string, Worker<WorkMessage>>();
  readonly #inHand = new Map<string, { readonly job: string; readonly workMs: number }>();
  readonly #waiting = new Set<() => void>();

  private constructor() {}

  /** Resolves when every worker is ready for work. */
  static async start(endpoints: readonly string[], name: string, size: number): Promise<Crew> {
    const crew = new Crew();
    try {
      await Promise.all(Array.from({ length: size }, (_, i) => crew.#add(`worker ${i + 1}`, endpoints, name)));
      return crew;
    } catch (error) {
      await crew[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The first worker with a job in hand that takes `leastMs`. Rejects after `timeoutMs`. */
  async busy(leastMs: number, timeoutMs: number): Promise<Busy> {
    const timeout = AbortSignal.timeout(timeoutMs);
    for (;;) {
      for (const [worker, { job, workMs }] of this.#inHand) {
        const pid = this.#workers.get(worker)?.pid;
        if (pid !== undefined && workMs >= leastMs) return { worker, pid, job };
      }
      let onTimeout = (): void => undefined;
      await new Promise<void>((resolve, reject) => {
        this.#waiting.add(resolve);
        onTimeout = () => reject(new Error(`nobody was at work within ${timeoutMs} ms`));
        timeout.addEventListener("abort", onTimeout, { once: true });
      }).finally(() => timeout.removeEventListener("abort", onTimeout));
    }
  }

  /** SIGKILL: it can give nothing back. */
  async kill({ worker }: Busy): Promise<void> {
    await this.#workers.get(worker)?.end("SIGKILL");
    this.#workers.delete(worker);
    this.#inHand.delete(worker);
  }

  /** SIGTERM to all: each finishes what it has begun. */
  async dismiss(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.end("SIGTERM")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.end("SIGKILL")));
  }

  async #add(name: string, endpoints: readonly string[], queue: string): Promise<void> {
    const worker = new Worker<WorkMessage>(WORKER, [endpoints.join(","), queue, name]);
    this.#workers.set(name, worker);
    worker.onMessage((message) => this.#hear(name, message));
    await worker.next((message): message is WorkMessage & { kind: "ready" } => message.kind === "ready", READY_MS);
  }

  #hear(name: string, message: WorkMessage): void {
    if (message.kind === "began") this.#inHand.set(name, message);
    if (message.kind === "done") {
      this.#inHand.delete(name);
      this.done.set(name, (this.done.get(name) ?? 0) + 1);
    }
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
