/**
 * The backend on LMDB: a memory-mapped copy-on-write B+tree, read without system calls. Read `lmdb-environment.ts` for the
 * engine's settings and `generations.ts` for how everything is replaced at once.
 *
 * After an engine error nothing more is committed: what the data file holds is then unknown, and the log has it all.
 */
import { rm } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { invariant } from "../../core/invariant.js";
import {
  type AppliedAt,
  type Backend,
  type BackendEntry,
  type BackendSize,
  type BackendSnapshot,
  type BatchChange,
  type ContentSource,
  checkKeys,
  type Table,
  type WriteBatch,
} from "../../core/mvcc/backend.js";
import type { Failpoints } from "../../env.js";
import { NO_FAILPOINTS } from "../no-failpoints.js";
import { Generations } from "./generations.js";
import { guardedRange } from "./guarded-range.js";
import { LmdbEnvironment, type LmdbEnvironmentOptions } from "./lmdb-environment.js";

/** Address space, not disk: the file grows as it is used. Above etcd's largest recommended quota (8 GiB) and a quarter. */
const MAP_BYTES_DEFAULT = 10 * 1024 ** 3;
/** A replacement is written in transactions of about this size. */
const REPLACE_CHUNK_BYTES = 1024 * 1024;

export interface LmdbBackendOptions {
  /** Created when it does not exist. Nobody else may have it open. */
  readonly directory: string;
  /** Largest size of the data file; default 10 GiB. At least the quota and a quarter. */
  readonly mapBytes?: number;
  /** Commit without waiting for the disk; a power cut may damage the data. Default false. */
  readonly unsafeNoSync?: boolean;
  /** Default: none does anything. */
  readonly failpoints?: Failpoints;
}

/** The next content, durable and complete. */
interface Filled {
  readonly next: LmdbEnvironment;
  readonly at: AppliedAt;
}

/** An environment and who still reads it. */
interface Shared {
  readonly environment: LmdbEnvironment;
  /** What closes each open snapshot. */
  readonly snapshots: Set<() => void>;
  /** Called when the last snapshot is closed. */
  onUnused: (() => void) | undefined;
}

export class LmdbBackend implements Backend {
  readonly #generations: Generations;
  readonly #environmentOptions: LmdbEnvironmentOptions;
  readonly #failpoints: Failpoints;
  #shared: Shared;
  /** Replaced, and still read by snapshots. */
  readonly #retired: Set<Shared> = new Set();
  #appliedAt: AppliedAt;
  #commits = 0;
  #size: { readonly commits: number; readonly size: BackendSize } | undefined;
  /** Batches committed while a compacted copy is made. */
  #missed: WriteBatch[] | undefined;
  /** Replacement and defragmentation, one at a time. */
  #swapping: Promise<void> = Promise.resolve();
  #replacing = false;
  #failure: { readonly error: unknown } | undefined;
  #closing: Promise<void> | undefined;

  /** Throws when the data cannot be opened. */
  constructor(options: LmdbBackendOptions) {
    const { directory, mapBytes = MAP_BYTES_DEFAULT, unsafeNoSync = false, failpoints = NO_FAILPOINTS } = options;
    this.#failpoints = failpoints;
    this.#environmentOptions = { mapBytes, unsafeNoSync };
    this.#generations = new Generations(directory);
    this.#shared = share(new LmdbEnvironment(this.#generations.current, this.#environmentOptions));
    this.#appliedAt = this.#shared.environment.appliedAt();
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#environment().get(table, key);
  }

  range(table: Table, from: Uint8Array, to: Uint8Array | undefined, limit?: number): Iterable<BackendEntry> {
    const walked = this.#commits;
    const entries = this.#environment().entries(table, from, to, limit ?? Number.POSITIVE_INFINITY);
    return guardedRange(entries, () => walked === this.#commits);
  }

  commit(batch: WriteBatch, at: AppliedAt): void {
    const environment = this.#environment();
    invariant(!this.#replacing, "nothing is committed while the content is replaced");
    invariant(this.#failure === undefined, "the backend has not failed before");
    checkKeys(batch);
    this.#failStop(() => environment.commit([batch], at));
    this.#missed?.push(batch);
    this.#appliedAt = at;
    this.#commits++;
  }

  appliedAt(): AppliedAt {
    return this.#appliedAt;
  }

  /** The same as `appliedAt`: a commit is flushed before it returns. */
  durableAt(): AppliedAt {
    return this.#appliedAt;
  }

  async flush(): Promise<AppliedAt> {
    this.#environment();
    return this.#appliedAt;
  }

  size(): BackendSize {
    const environment = this.#environment();
    if (this.#size?.commits !== this.#commits) this.#size = { commits: this.#commits, size: environment.size() };
    return this.#size.size;
  }

  snapshot(): BackendSnapshot {
    this.#environment();
    const shared = this.#shared;
    const { environment } = shared;
    const transaction = environment.readTransaction();
    const close = (): void => {
      if (!shared.snapshots.delete(close)) return;
      transaction.done();
      if (shared.snapshots.size === 0) shared.onUnused?.();
    };
    shared.snapshots.add(close);
    const open = (): boolean => shared.snapshots.has(close);
    return {
      at: environment.appliedAt(transaction),
      entries: (table) => {
        invariant(open(), "the snapshot is open");
        const entries = environment.entries(table, NO_BYTES, undefined, Number.POSITIVE_INFINITY, transaction);
        return guardedRange(entries, open);
      },
      close,
    };
  }

  replaceWith(at: AppliedAt, entries: ContentSource): Promise<void> {
    return this.#swap(async (directory) => {
      const next = new LmdbEnvironment(directory, this.#environmentOptions);
      this.#replacing = true;
      try {
        await fillFrom(next, entries);
        next.commit([], at);
      } catch (error) {
        this.#replacing = false;
        await next.close();
        throw error;
      }
      return () => {
        this.#replacing = false;
        return { next, at };
      };
    });
  }

  /** Commits go on meanwhile; the copy catches up with them before it takes over. */
  defragment(): Promise<void> {
    return this.#swap(async (directory) => {
      const missed: WriteBatch[] = [];
      this.#missed = missed;
      try {
        await this.#environment().copyCompacted(directory);
        const next = new LmdbEnvironment(directory, this.#environmentOptions);
        await catchUp(next, missed);
        return () => {
          this.#missed = undefined;
          next.commit(missed, this.#appliedAt);
          return { next, at: this.#appliedAt };
        };
      } catch (error) {
        this.#missed = undefined;
        throw error;
      }
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Fills the next generation and switches to it. What `fill` resolves with completes the content in the same turn as the
   * switch: no commit can come between.
   */
  #swap(fill: (directory: string) => Promise<() => Filled>): Promise<void> {
    this.#environment();
    const swapped = this.#swapping.then(async () => {
      const retired = this.#shared;
      const finish = await this.#prepare(fill);
      const { next, at } = this.#failStop(() => {
        const filled = finish();
        this.#failpoints.hit("backend-before-swap");
        this.#generations.switchToNext();
        return filled;
      });
      this.#shared = share(next);
      this.#appliedAt = at;
      this.#commits++;
      await this.#retire(retired);
    });
    this.#swapping = swapped.catch(() => {});
    return swapped;
  }

  /** What could not be filled takes no space. */
  async #prepare(fill: (directory: string) => Promise<() => Filled>): Promise<() => Filled> {
    const directory = this.#generations.prepareNext();
    try {
      return await fill(directory);
    } catch (error) {
      // The next start tries again.
      await rm(directory, { recursive: true, force: true }).catch(() => {});
      throw error;
    }
  }

  /** Closes and removes an environment, once its last snapshot is closed: nobody's memory is unmapped under them. */
  async #retire(shared: Shared): Promise<void> {
    if (shared.snapshots.size === 0) return discard(shared.environment);
    this.#retired.add(shared);
    shared.onUnused = () => {
      this.#retired.delete(shared);
      void discard(shared.environment).catch(() => {});
    };
  }

  #failStop<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  #environment(): LmdbEnvironment {
    invariant(this.#closing === undefined, "the backend is open");
    return this.#shared.environment;
  }

  async #close(): Promise<void> {
    await this.#swapping;
    // Nobody reads a closed map: snapshots that are still open end here.
    for (const shared of this.#retired) {
      shared.onUnused = undefined;
      endSnapshots(shared);
      await discard(shared.environment);
    }
    endSnapshots(this.#shared);
    await this.#shared.environment.close();
  }
}

const NO_BYTES = new Uint8Array(0);

function share(environment: LmdbEnvironment): Shared {
  return { environment, snapshots: new Set(), onUnused: undefined };
}

function endSnapshots({ snapshots }: Shared): void {
  for (const close of snapshots) close();
}

async function discard(environment: LmdbEnvironment): Promise<void> {
  await environment.close();
  await rm(environment.directory, { recursive: true, force: true });
}

/**
 * Repeats what was committed since a copy was begun, one commit in a turn, until no more than one is left for the turn of the
 * switch. The copy shows some commit since then; changes say what a key is, not how it moves, so repeating all of them ends in
 * the same content.
 */
async function catchUp(copy: LmdbEnvironment, missed: WriteBatch[]): Promise<void> {
  try {
    while (missed.length > 1) {
      copy.commit(missed.splice(0, 1), undefined);
      await setImmediate();
    }
  } catch (error) {
    await copy.close();
    throw error;
  }
}

/** In transactions of a bounded size, with other work in between. */
async function fillFrom(environment: LmdbEnvironment, entries: ContentSource): Promise<void> {
  let batch: BatchChange[] = [];
  let bytes = 0;
  const commit = async (): Promise<void> => {
    checkKeys(batch);
    environment.commit([batch], undefined);
    batch = [];
    bytes = 0;
    await setImmediate();
  };
  for await (const { table, key, value } of entries) {
    batch.push({ type: "put", table, key, value });
    bytes += key.length + value.length;
    if (bytes >= REPLACE_CHUNK_BYTES) await commit();
  }
  await commit();
}
