/**
 * The main thread's side of the disk worker: starts it when the first file needs it, hands it one request at a time, and
 * ends it a moment after the last file was closed. When the worker dies, every request fails from then on.
 */
import { Worker } from "node:worker_threads";
import { diskError } from "./disk-error.js";
import {
  CONTROL_LENGTH,
  Control,
  DATA_BYTES,
  type DiskWorkerData,
  OFFSET_BASE,
  Operation,
} from "./disk-worker-protocol.js";
import { awaitResponse, CAN_WAIT_ASYNC, successor } from "./disk-worker-turns.js";

/** A worker without files is kept this long: opening a log closes and opens files in quick succession. */
const IDLE_MS = 500;

export interface DiskRequest {
  readonly operation: Operation;
  readonly fileDescriptor: number;
  /** Bytes from the start of the file; the new size for a truncation. */
  readonly offset?: number;
  /** At most `DATA_BYTES` altogether. */
  readonly chunks?: readonly Uint8Array[];
  readonly sync?: boolean;
}

export type Signalling = "shared memory" | "messages";

export class DiskWorkerClient {
  readonly #signalling: Signalling;
  #thread: DiskWorkerThread | undefined;
  #users = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(signalling: Signalling = CAN_WAIT_ASYNC ? "shared memory" : "messages") {
    this.#signalling = signalling;
  }

  /** The running thread, for one file; `release` gives it back. */
  acquire(): DiskWorkerThread {
    clearTimeout(this.#idleTimer);
    if (this.#thread === undefined || this.#thread.failed) this.#thread = new DiskWorkerThread(this.#signalling);
    if (this.#users++ === 0) this.#thread.keepAlive(true);
    return this.#thread;
  }

  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    const thread = this.#thread;
    thread?.keepAlive(false);
    this.#idleTimer = setTimeout(() => {
      this.#thread = undefined;
      thread?.quit();
    }, IDLE_MS);
    this.#idleTimer.unref();
  }
}

export class DiskWorkerThread {
  readonly #worker: Worker;
  readonly #control: Int32Array = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
  readonly #data: Uint8Array = new Uint8Array(new SharedArrayBuffer(DATA_BYTES));
  readonly #signalling: Signalling;
  /** Requests wait for each other here. */
  #last: Promise<void> = Promise.resolve();
  /** Rejects the request that the worker is busy with. */
  #abandon: ((error: Error) => void) | undefined;
  #answered: ((number: number) => void) | undefined;
  #failure: Error | undefined;

  constructor(signalling: Signalling) {
    this.#signalling = signalling;
    const workerData: DiskWorkerData = {
      control: this.#control.buffer as SharedArrayBuffer,
      data: this.#data.buffer as SharedArrayBuffer,
      postMessages: signalling === "messages",
    };
    // The program's own flags (`--input-type`, a loader) mean nothing to the worker, and some keep it from starting.
    this.#worker = new Worker(workerUrl(), { workerData, name: "kvorum-disk", execArgv: [] });
    this.#worker.on("message", (number: number) => this.#answered?.(number));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", (code) => this.#fail(new Error(`exit code ${code}`)));
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Rejects with the worker's error, which carries the operating system's code, or because the worker is gone. */
  run(request: DiskRequest): Promise<void> {
    const done = this.#last.then(() => this.#execute(request));
    this.#last = done.catch(() => {});
    return done;
  }

  /** Whether the thread keeps the process from ending; it does while files are open. */
  keepAlive(alive: boolean): void {
    if (alive) this.#worker.ref();
    else this.#worker.unref();
  }

  quit(): void {
    this.run({ operation: Operation.quit, fileDescriptor: -1 }).catch(() => {});
  }

  /** Ends the thread from outside, as a crash of it would; for tests. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  async #execute(request: DiskRequest): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const number = this.#fill(request);
    const answer = new Promise<void>((resolve, reject) => {
      this.#abandon = reject;
      this.#answered = (answered) => {
        if (answered === number) resolve();
      };
    });
    Atomics.store(this.#control, Control.request, number);
    Atomics.notify(this.#control, Control.request);
    if (this.#signalling === "shared memory") {
      awaitResponse(this.#control, number).then(() => this.#answered?.(number), this.#abandon);
    }
    await answer;
    this.#abandon = undefined;
    this.#answered = undefined;
    const errorLength = this.#control[Control.errorLength] as number;
    if (errorLength > 0) throw this.#readError(errorLength);
  }

  #fill({ operation, fileDescriptor, offset = 0, chunks = [], sync = false }: DiskRequest): number {
    const control = this.#control;
    let length = 0;
    for (const chunk of chunks) {
      this.#data.set(chunk, length);
      length += chunk.length;
    }
    control[Control.operation] = operation;
    control[Control.fileDescriptor] = fileDescriptor;
    control[Control.length] = length;
    control[Control.offsetLow] = offset % OFFSET_BASE;
    control[Control.offsetHigh] = Math.floor(offset / OFFSET_BASE);
    control[Control.sync] = sync ? 1 : 0;
    control[Control.errorLength] = 0;
    return successor(Atomics.load(control, Control.request));
  }

  #readError(length: number): Error {
    // A decoder does not read shared memory: copy first.
    const { code, message } = JSON.parse(new TextDecoder().decode(this.#data.slice(0, length))) as {
      code: string;
      message: string;
    };
    return diskError(code, message);
  }

  #fail(cause: Error): void {
    this.#failure ??= diskError("EIO", "the disk worker has ended", cause);
    this.#abandon?.(this.#failure);
  }
}

/** Under a test runner this module is TypeScript, which a worker of Node 20 can not load: the built worker serves. */
function workerUrl(): URL {
  if (!import.meta.url.endsWith(".ts")) return new URL("./disk-worker.js", import.meta.url);
  return new URL("../../../dist/io/disk/disk-worker.js", import.meta.url);
}
