/**
 * Removes what a compaction gave up, a batch at a time with pauses between, so that reads and writes hardly notice
 * (etcd: 1000 revisions, 10 ms). A compaction that a restart interrupted goes on.
 */
import type { StateMachine } from "../core/apply/state-machine.js";
import { ServerError } from "../core/errors.js";
import type { Clock, Failpoints, Timer } from "../env.js";
import type { NodeMeasures } from "../measures/node-measures.js";
import type { Tuning } from "./tuning.js";

export interface StoreCompactionOptions {
  readonly machine: StateMachine;
  readonly clock: Clock;
  readonly failpoints: Failpoints;
  readonly tuning: Pick<Tuning, "compactionPauseMs">;
  /** True while nothing may be written to the backend. */
  readonly paused: () => boolean;
  /** The machine's buffer has changed. */
  readonly onChange: () => void;
  /** Makes it a commit of the backend now. */
  readonly commit: () => void;
  readonly measures: NodeMeasures;
  readonly onError: (error: unknown) => void;
}

interface Waiter {
  readonly revision: bigint;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class StoreCompaction {
  readonly #options: StoreCompactionOptions;
  #timer: Timer | undefined;
  #waiters: Waiter[] = [];
  /** When the compaction that is under way began to remove. */
  #startedMs: number | undefined;
  #stopped = false;

  constructor(options: StoreCompactionOptions) {
    this.#options = options;
  }

  /** Goes to work if there is any. */
  wake(): void {
    const { machine, clock, tuning } = this.#options;
    if (this.#timer !== undefined || this.#stopped || !machine.store.compactionPending) return;
    this.#timer = clock.setTimer(tuning.compactionPauseMs, () => {
      this.#timer = undefined;
      this.#step();
    });
  }

  /** Resolves when everything below the revision is removed and committed. */
  finished(revision: bigint): Promise<void> {
    if (this.#stopped) return Promise.reject(new ServerError("stopped"));
    return new Promise((resolve, reject) => {
      this.#waiters.push({ revision, resolve, reject });
      this.#settle();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const { reject } of this.#waiters.splice(0)) reject(new ServerError("stopped"));
  }

  #step(): void {
    const { paused, onError } = this.#options;
    try {
      if (!paused()) this.#removeSome();
      this.wake();
    } catch (error) {
      onError(error);
    }
  }

  #removeSome(): void {
    const { machine, clock, measures, failpoints, onChange } = this.#options;
    failpoints.hit("compaction-before-batch");
    const startMs = clock.nowMs();
    this.#startedMs ??= startMs;
    const before = machine.store.compactedRevisions;
    const done = machine.compactStep();
    measures.compactionPause.observe(clock.nowMs() - startMs);
    measures.compactedRevisions.add(machine.store.compactedRevisions - before);
    failpoints.hit("compaction-after-batch");
    onChange();
    if (!done) return;
    measures.compactionTotal.observe(clock.nowMs() - this.#startedMs);
    measures.compactionLast.set(Math.floor(clock.wallMs() / 1000));
    this.#startedMs = undefined;
    failpoints.hit("compaction-before-finish");
    this.#settle();
    failpoints.hit("compaction-after-finish");
  }

  #settle(): void {
    const { machine, commit } = this.#options;
    const finishedRevision = machine.store.finishedCompactRevision;
    const finished = this.#waiters.filter(({ revision }) => revision <= finishedRevision);
    if (finished.length === 0) return;
    commit();
    this.#waiters = this.#waiters.filter(({ revision }) => revision > finishedRevision);
    for (const { resolve } of finished) resolve();
  }
}
