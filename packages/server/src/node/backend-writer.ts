/**
 * When the applied state becomes a transaction of the backend, and when that becomes durable. Neither is urgent, for the
 * log holds everything: a commit every 100 ms or 10,000 changes (etcd's figures), a flush behind it in the background. A
 * crash costs the replay of what came after the last durable commit.
 */
import type { StateMachine } from "../core/apply/state-machine.js";
import type { AppliedAt, Backend, BackendSize } from "../core/mvcc/backend.js";
import type { Clock, Failpoints, Timer } from "../env.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import type { Tuning } from "./tuning.js";

export interface BackendWriterOptions {
  readonly machine: StateMachine;
  readonly backend: Backend;
  readonly clock: Clock;
  readonly failpoints: Failpoints;
  readonly tuning: Pick<Tuning, "backendCommitIntervalMs" | "backendCommitChangesMax" | "backendCommitBytesMax">;
  readonly measures?: Pick<NodeMeasures, "backendCommit"> | undefined;
  readonly onError: (error: unknown) => void;
}

export class BackendWriter {
  readonly #options: BackendWriterOptions;
  #timer: Timer | undefined;
  #flushing: Promise<AppliedAt> | undefined;
  /** As of the last commit: asking the backend for every proposal would be dear. */
  #size: BackendSize;
  /** Present while paused; resolves with the pause's end. */
  #pause: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  constructor(options: BackendWriterOptions) {
    this.#options = options;
    this.#size = options.backend.size();
  }

  /** What the backend holds and what waits to go there. */
  get size(): BackendSize {
    const waiting = this.#options.machine.uncommitted.bytes;
    return { bytes: this.#size.bytes + waiting, bytesInUse: this.#size.bytesInUse + waiting };
  }

  /** Something was applied or compacted: it is committed before long. */
  noteChange(): void {
    const { machine, clock, tuning } = this.#options;
    const { changes, bytes } = machine.uncommitted;
    if (changes >= tuning.backendCommitChangesMax || bytes >= tuning.backendCommitBytesMax) {
      this.commit();
      return;
    }
    this.#timer ??= clock.setTimer(tuning.backendCommitIntervalMs, () => {
      this.#timer = undefined;
      this.commit();
    });
  }

  /** One transaction for everything applied so far; what makes it durable goes on in the background. */
  commit(): void {
    if (this.#pause !== undefined) return;
    try {
      this.#commitNow();
    } catch (error) {
      this.#options.onError(error);
      return;
    }
    if (this.#flushing === undefined) this.#flushInBackground().catch(this.#options.onError);
  }

  /** Commits and resolves with a durable mark that covers the commit. */
  async flush(): Promise<AppliedAt> {
    while (this.#pause !== undefined) await this.#pause.over;
    this.#commitNow();
    // A flush that is under way may have begun before this commit.
    await this.#flushing;
    return this.#flush();
  }

  /** Waits for the backend to be quiet and keeps it so, until `resume()`. */
  async pause(): Promise<void> {
    await this.flush();
    let end = (): void => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#pause = { over, end };
    this.stop();
    await this.#flushing;
  }

  resume(): void {
    this.#pause?.end();
    this.#pause = undefined;
    this.measureSize();
    this.noteChange();
  }

  /** The backend has become smaller by itself. */
  measureSize(): void {
    this.#size = this.#options.backend.size();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #commitNow(): void {
    const { clock, measures } = this.#options;
    const startMs = clock.nowMs();
    this.#transact();
    measures?.backendCommit.observe((clock.nowMs() - startMs) / 1000);
  }

  #transact(): void {
    const { machine, failpoints } = this.#options;
    failpoints.hit("backend-before-commit");
    machine.commit();
    failpoints.hit("backend-after-commit");
    this.measureSize();
  }

  /** A commit made while a flush ran is not in it; the next flush begins when that one ends. */
  async #flushInBackground(): Promise<void> {
    const { backend } = this.#options;
    do await this.#flush();
    while (this.#pause === undefined && backend.durableAt().index < backend.appliedAt().index);
  }

  async #flush(): Promise<AppliedAt> {
    const { backend, failpoints } = this.#options;
    failpoints.hit("backend-before-flush");
    const flushing = backend.flush();
    this.#flushing = flushing;
    try {
      const durable = await flushing;
      failpoints.hit("backend-after-flush");
      return durable;
    } finally {
      if (this.#flushing === flushing) this.#flushing = undefined;
    }
  }
}
