/**
 * Worker processes of an example: forked from a built file, spoken to by messages, and never left behind. They are killed
 * by their own pid when the program ends, whichever way.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

export class Worker<Message> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #listeners = new Set<(message: Message) => void>();
  #over = false;
  readonly #onExit = (): void => void this.#child.kill("SIGKILL");

  /** `file` is a built module; `args` become its command line. */
  constructor(file: URL, args: readonly string[]) {
    this.#child = fork(file, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#exited = once(this.#child, "exit").catch(() => undefined);
    void this.#exited.then(() => {
      this.#over = true;
      process.off("exit", this.#onExit);
    });
    this.#child.on("message", (message: Message) => {
      for (const listener of this.#listeners) listener(message);
    });
    process.on("exit", this.#onExit);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whether the process still runs. */
  get running(): boolean {
    return !this.#over;
  }

  /** Resolves when the process has ended, by itself or not. */
  get ended(): Promise<unknown> {
    return this.#exited;
  }

  onMessage(listener: (message: Message) => void): void {
    this.#listeners.add(listener);
  }

  /** The next message that the filter accepts. Rejects when the process ends first, or after `timeoutMs`. */
  next<M extends Message>(accepts: (message: Message) => message is M, timeoutMs: number): Promise<M> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        settle();
      };
      const listener = (message: Message): void => {
        if (accepts(message)) finish(() => resolve(message));
      };
      const timer = setTimeout(() => {
        finish(() => reject(new Error(`worker ${this.pid} said nothing for ${timeoutMs} ms`)));
      }, timeoutMs);
      this.#listeners.add(listener);
      void this.#exited.then(() => finish(() => reject(new Error(`worker ${this.pid} has ended`))));
    });
  }

  /** Sends a signal to the process. `SIGSTOP` freezes it where it stands, `SIGCONT` lets it go on. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it, at once with `SIGKILL`. Resolves when it is gone. */
  async end(name: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.#over) this.#child.kill(name);
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end("SIGKILL");
  }
}

/** In a worker: tells the parent. */
export function tell<Message extends object>(message: Message): void {
  process.send?.(message);
}
