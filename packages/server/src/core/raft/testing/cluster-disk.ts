/**
 * One member's disk in the simulated cluster. Writes are queued and completed late and in order. A crash loses what was not
 * completed, except that some of the oldest writes may have reached the disk without its having said so; of completed
 * writes it may lose those that were not synced, which carry nothing but a commit index.
 */
import type { AppendTask, HardState } from "../types.js";
import type { HashedLog, LogBase } from "./cluster-log.js";

export class SimulatedDisk {
  readonly log: HashedLog;
  /** What a restart would find if no crash lost it. */
  hardState: HardState | undefined;
  #syncedHardState: HardState | undefined;
  #pending: AppendTask[] = [];

  constructor(log: HashedLog, hardState: HardState | undefined) {
    this.log = log;
    this.hardState = hardState;
    this.#syncedHardState = hardState;
  }

  get pending(): readonly AppendTask[] {
    return this.#pending;
  }

  /** What no crash can take away. */
  get ballot(): { readonly term: number; readonly vote: bigint } {
    return { term: this.#syncedHardState?.term ?? 0, vote: this.#syncedHardState?.vote ?? 0n };
  }

  /** Whether a crash could take something back that was completed. */
  get hasUnsynced(): boolean {
    return this.hardState !== this.#syncedHardState;
  }

  write(task: AppendTask): void {
    this.#pending.push(task);
  }

  /** The oldest write is on disk. `contentOf` tells the rolling hash of a snapshot's content. */
  complete(contentOf: (index: number) => number): AppendTask {
    const task = this.#pending.shift();
    if (task === undefined) throw new Error("no write is pending");
    const { snapshot, entries, hardState, mustSync } = task;
    if (snapshot !== undefined) {
      this.log.restart({ index: snapshot.index, term: snapshot.term, hash: contentOf(snapshot.index) });
    }
    for (const entry of entries) this.log.put(entry);
    this.hardState = hardState ?? this.hardState;
    if (mustSync) this.#syncedHardState = this.hardState;
    return task;
  }

  /** `survivors` of the pending writes reach the disk unsaid; the rest is gone. */
  crash(survivors: number, loseUnsynced: boolean, contentOf: (index: number) => number): readonly AppendTask[] {
    const reached: AppendTask[] = [];
    while (reached.length < survivors && this.#pending.length > 0) reached.push(this.complete(contentOf));
    this.#pending = [];
    if (loseUnsynced) this.hardState = this.#syncedHardState;
    else this.#syncedHardState = this.hardState;
    return reached;
  }
}

export function emptyLogBase(): LogBase {
  return { index: 0, term: 0, hash: 0 };
}
