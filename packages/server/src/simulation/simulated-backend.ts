/**
 * The backend in memory with a flush that takes its time, as that of LMDB does in its own thread. A process that is dead
 * changes nothing any more: what is left of its code may still run to the next promise.
 */
import type { AppliedAt, WriteBatch } from "../core/mvcc/backend.js";
import { MemoryBackend, type MemoryStore } from "../io/backend/memory-backend.js";

export interface SimulatedBackendOptions {
  readonly store: MemoryStore;
  readonly isAlive: () => boolean;
  /** Resolves when a flush that is asked for now may have happened; never when the process dies before. */
  readonly passes: () => Promise<void>;
  /** Told what a commit changes, before it is visible; what it throws is the commit's failure. */
  readonly onCommit: (batch: WriteBatch, at: AppliedAt) => void;
}

export class SimulatedBackend extends MemoryBackend {
  readonly #options: SimulatedBackendOptions;

  constructor(options: SimulatedBackendOptions) {
    super(options.store);
    this.#options = options;
  }

  override commit(batch: WriteBatch, at: AppliedAt): void {
    if (!this.#options.isAlive()) throw new Error("the process is dead");
    this.#options.onCommit(batch, at);
    super.commit(batch, at);
  }

  override async flush(): Promise<AppliedAt> {
    await this.#options.passes();
    return super.flush();
  }
}
