/**
 * bcrypt for the main thread: hashes and checks passwords in one worker thread, in order, with a bounded queue. The thread
 * is started by the first task and ended by `close`; while it has nothing to do, it does not keep the process alive.
 *
 * A password of more than 72 bytes is refused when it is set, because bcrypt would not look at the rest (etcd since 3.5.9,
 * with Go's bcrypt). When it is checked, only its first 72 bytes count, as in etcd: older versions have stored such ones.
 */
import { Worker } from "node:worker_threads";
import { RpcError, StatusCode } from "@kvorum/transport";
import { ServerError } from "../core/errors.js";
import type { PasswordOutcome, PasswordTask } from "./password-protocol.js";
import { tooManyLogins } from "./too-many-logins.js";

/** Tasks that wait or run. 64 of them take about four seconds at the default cost. */
export const PASSWORD_TASKS_MAX = 64;
const PASSWORD_BYTES_MAX = 72;
/** What etcd takes for a cost outside of bcrypt's range. */
const COST_DEFAULT = 10;
const COST_MIN = 4;
const COST_MAX = 31;
const SALT_AND_HASH_CHARACTERS = 53;

interface Pending {
  readonly task: PasswordTask;
  readonly resolve: (value: string | boolean) => void;
  readonly reject: (error: Error) => void;
}

export class Passwords {
  readonly #cost: number;
  readonly #queue: Pending[] = [];
  /** The worker is busy with the head of the queue. */
  #busy = false;
  #worker: Worker | undefined;
  #closed = false;

  /** `cost` from 4 to 31; anything else counts as 10. */
  constructor(cost: number = COST_DEFAULT) {
    this.#cost = Number.isInteger(cost) && cost >= COST_MIN && cost <= COST_MAX ? cost : COST_DEFAULT;
  }

  /**
   * The bcrypt hash of a password, in text form.
   *
   * Errors: UNKNOWN for more than 72 bytes, `tooManyLogins` when too many tasks wait, `stopped`.
   */
  async hash(password: string): Promise<string> {
    if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) {
      throw new RpcError(StatusCode.UNKNOWN, "bcrypt: password length exceeds 72 bytes");
    }
    return (await this.#run({ kind: "hash", password, cost: this.#cost })) as string;
  }

  /** Whether the password fits the hash; false for text that is no hash. Errors: as `hash`, but for the length. */
  async verify(hash: string, password: string): Promise<boolean> {
    return (await this.#run({ kind: "verify", password, hash })) as boolean;
  }

  /** Takes as long as `verify` and is always false: for a user that does not exist. */
  async verifyNothing(password: string): Promise<false> {
    await this.verify(dummyHash(this.#cost), password);
    return false;
  }

  /** Ends the thread; what waits is rejected with `stopped`. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new ServerError("stopped"));
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #run(task: PasswordTask): Promise<string | boolean> {
    if (this.#closed) return Promise.reject(new ServerError("stopped"));
    if (this.#queue.length >= PASSWORD_TASKS_MAX) return Promise.reject(tooManyLogins());
    return new Promise((resolve, reject) => {
      this.#queue.push({ task, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    const [head] = this.#queue;
    if (this.#busy) return;
    if (head === undefined) {
      this.#worker?.unref();
      return;
    }
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#busy = true;
    this.#worker.postMessage(head.task);
  }

  #start(): Worker {
    const worker = new Worker(workerUrl(), { name: "kvorum-passwords", execArgv: [] });
    worker.on("message", (outcome: PasswordOutcome) => this.#finish(outcome));
    const failed = (cause: Error): void => this.#fail(worker, cause);
    worker.on("error", failed);
    worker.on("exit", (code) => failed(new Error(`exit code ${code}`)));
    return worker;
  }

  #finish(outcome: PasswordOutcome): void {
    this.#busy = false;
    const done = this.#queue.shift();
    if (outcome.ok) done?.resolve(outcome.value);
    else done?.reject(new Error(`bcrypt failed: ${outcome.message}`));
    this.#next();
  }

  /** What waited is rejected; the next task starts another thread. */
  #fail(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#busy = false;
    for (const { reject } of this.#queue.splice(0)) reject(new Error("the password worker has ended", { cause }));
  }
}

/** Well formed, so that checking it takes its time; which password fits it, nobody knows. */
function dummyHash(cost: number): string {
  return `$2a$${String(cost).padStart(2, "0")}$${".".repeat(SALT_AND_HASH_CHARACTERS)}`;
}

/** Under a test runner this module is TypeScript, which a worker of Node 20 can not load: the built worker serves. */
function workerUrl(): URL {
  if (!import.meta.url.endsWith(".ts")) return new URL("./password-worker.js", import.meta.url);
  return new URL("../../dist/auth/password-worker.js", import.meta.url);
}
