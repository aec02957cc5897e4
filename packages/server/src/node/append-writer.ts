/**
 * Takes Raft's append tasks to the log: one write at a time, and everything that arrives meanwhile is the next one. At low
 * load a task waits for one flush of the disk, at high load many share one; no timer, nothing to tune. A task with a
 * snapshot goes alone: it replaces more than the log.
 */
import type { AppendTask, Entry, SnapshotMark } from "../core/raft/types.js";
import type { Failpoints } from "../env.js";
import type { Wal } from "../io/wal/wal.js";

export interface AppendWriterOptions {
  readonly wal: Pick<Wal, "append">;
  readonly failpoints: Failpoints;
  /** Brings the task's snapshot into backend and log; resolves when both are durable. */
  readonly install: (task: AppendTask, snapshot: SnapshotMark) => Promise<void>;
  /** The tasks are durable; called once a write, in order. */
  readonly onDurable: (tasks: readonly AppendTask[]) => void;
  /** A write failed: what the disk holds is unknown, and no task will ever be durable again. */
  readonly onError: (error: unknown) => void;
}

export class AppendWriter {
  readonly #options: AppendWriterOptions;
  #queue: AppendTask[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: AppendWriterOptions) {
    this.#options = options;
  }

  write(task: AppendTask): void {
    this.#queue.push(task);
    this.#writing ??= this.#pump();
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  /** Everything up to the next snapshot, or the snapshot alone. */
  #take(): AppendTask[] {
    const next = this.#queue.findIndex(({ snapshot }) => snapshot !== undefined);
    return this.#queue.splice(0, next === -1 ? this.#queue.length : Math.max(1, next));
  }

  async #pump(): Promise<void> {
    const { wal, failpoints, install, onDurable, onError } = this.#options;
    try {
      while (this.#queue.length > 0) {
        const tasks = this.#take();
        const [{ snapshot } = { snapshot: undefined }] = tasks;
        failpoints.hit("raft-before-save");
        if (snapshot === undefined) await wal.append(mergedRecord(tasks));
        else await install(tasks[0] as AppendTask, snapshot);
        failpoints.hit("raft-after-save");
        onDurable(tasks);
      }
    } catch (error) {
      // What waits can no longer be written behind the failed write.
      this.#queue = [];
      onError(error);
    } finally {
      this.#writing = undefined;
    }
  }
}

type MergedRecord = Pick<AppendTask, "entries" | "hardState" | "mustSync">;

/** The tasks as one: a later entry of an index takes the place of an earlier one and of what followed it. */
export function mergedRecord(tasks: readonly AppendTask[]): MergedRecord {
  const [only] = tasks;
  if (only !== undefined && tasks.length === 1) return only;
  let entries: Entry[] = [];
  for (const task of tasks) {
    const first = task.entries[0];
    if (first === undefined) continue;
    if ((entries.at(-1)?.index ?? 0) >= first.index) entries = entries.filter(({ index }) => index < first.index);
    entries.push(...task.entries);
  }
  return {
    entries,
    hardState: tasks.findLast(({ hardState }) => hardState !== undefined)?.hardState,
    mustSync: tasks.some(({ mustSync }) => mustSync),
  };
}
