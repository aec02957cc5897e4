/**
 * Keeps the log short: every so many applied entries the backend is made durable, the log is told so by a mark, and what
 * the mark covers is dropped from memory (but for some entries that members which lag may need) and from disk.
 *
 * The mark is the backend's own durable mark, never a number kept beside it: the log must not lose an entry whose effect
 * could still be lost.
 */
import type { Raft } from "../core/raft/raft.js";
import type { Failpoints, Logger } from "../env.js";
import type { Wal } from "../io/wal/wal.js";
import type { BackendWriter } from "./backend-writer.js";

/** How many intervals are kept for a member that takes a snapshot; a slower one needs another, and memory stays bounded. */
const HELD_INTERVALS_MAX = 8;

export interface LogCompactionOptions {
  readonly raft: Raft;
  readonly wal: Pick<Wal, "append" | "release">;
  readonly backendWriter: BackendWriter;
  readonly failpoints: Failpoints;
  readonly logger: Logger;
  readonly snapshotCount: number;
  readonly catchUpEntries: number;
  /** A snapshot is on its way to a member, which will need the entries behind it: they are kept for a while. */
  readonly held: () => boolean;
  /** Index of the newest mark in the log. */
  readonly markIndex: number;
  readonly onError: (error: unknown) => void;
}

export class LogCompaction {
  readonly #options: LogCompactionOptions;
  #markIndex: number;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: LogCompactionOptions) {
    this.#options = options;
    this.#markIndex = options.markIndex;
  }

  /** The log begins anew behind this mark: a snapshot was installed. */
  restarted(markIndex: number): void {
    this.#markIndex = markIndex;
  }

  noteApplied(appliedIndex: number): void {
    const { snapshotCount, onError, held } = this.#options;
    const entries = appliedIndex - this.#markIndex;
    if (this.#running !== undefined || this.#stopped || entries < snapshotCount) return;
    if (held() && entries < HELD_INTERVALS_MAX * snapshotCount) return;
    this.#running = this.#compact()
      .catch(onError)
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when nothing is under way; nothing new is begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #compact(): Promise<void> {
    const { raft, wal, backendWriter, failpoints, logger, catchUpEntries } = this.#options;
    const mark = await backendWriter.flush();
    failpoints.hit("raft-before-snapshot-mark");
    // A snapshot that was installed meanwhile has set a later mark.
    if (mark.index < this.#markIndex) return;
    await wal.append({ snapshot: mark, mustSync: true });
    failpoints.hit("raft-after-snapshot-mark");
    this.#markIndex = mark.index;
    raft.compact(Math.max(0, mark.index - catchUpEntries));
    failpoints.hit("raft-before-release");
    await wal.release(mark.index);
    failpoints.hit("raft-after-release");
    logger.debug({ index: mark.index, firstIndex: raft.status.firstIndex }, "log compacted");
  }
}
