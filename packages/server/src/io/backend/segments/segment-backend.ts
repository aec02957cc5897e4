/**
 * The backend on files of its own: everything that is committed is appended to segments, an index in memory says where it
 * stands, and what is of no use any more is cleaned away from the oldest segment on. Read on in `volume.ts` (one content),
 * `segment-log.ts` and `frame.ts` (how it is written), `volume-recovery.ts` (what a crash leaves), `content.ts` (the index),
 * `cleaning.ts`, and `current-generation.ts` (how everything is replaced at once).
 *
 * A commit is in memory when it returns and durable with the next flush. The log of the node has it meanwhile, so a crash
 * costs a replay. After an error of the disk nothing more is committed: what the files hold is then unknown.
 */
import { randomInt } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { invariant } from "../../../core/invariant.js";
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
} from "../../../core/mvcc/backend.js";
import type { Disk, Failpoints, Logger } from "../../../env.js";
import { NO_FAILPOINTS } from "../../no-failpoints.js";
import { guardedRange } from "../guarded-range.js";
import { readCurrent, removeLeftovers, writeCurrent } from "./current-generation.js";
import { Volume, type VolumeOptions } from "./volume.js";

const CACHE_BYTES_DEFAULT = 64 * 1024 * 1024;
const SLACK_BYTES_DEFAULT = 8 * 1024 * 1024;
/** A replacement is written in batches of about this size. */
const REPLACE_CHUNK_BYTES = 1024 * 1024;

export interface SegmentBackendOptions {
  readonly disk: Disk;
  /** Created when it does not exist. Nobody else may have it open. */
  readonly directory: string;
  /** Bytes of segments that are kept in memory. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** Bytes of a segment. Default: a sixteenth of everything, from 4 to 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes of no use that are left alone, besides as many as are of use. Default 8 MiB. */
  readonly slackBytes?: number;
  /** Default: none does anything. */
  readonly failpoints?: Failpoints;
  /** Lets other work have its turn during a long one. Default: a turn of the event loop. */
  readonly pause?: () => Promise<void>;
  /** A whole number below 2^32 that nobody can guess. */
  readonly salt?: () => number;
  readonly logger?: Logger | undefined;
}

export class SegmentBackend implements Backend {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #volumeOptions: VolumeOptions;
  readonly #failpoints: Failpoints;
  #volume: Volume;
  /** Replaced, and still read by snapshots; with what their end comes to. */
  readonly #retired: Map<Volume, Promise<void>> = new Map();
  #commits = 0;
  /** Replacement and cleaning, one at a time. */
  #turn: Promise<void> = Promise.resolve();
  #tidying = false;
  #replacing = false;
  #closing: Promise<void> | undefined;

  protected constructor(options: SegmentBackendOptions, volumeOptions: VolumeOptions, volume: Volume) {
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#failpoints = options.failpoints ?? NO_FAILPOINTS;
    this.#volumeOptions = volumeOptions;
    this.#volume = volume;
  }

  /**
   * Takes about a second for a million revisions. Errors: `BackendCorruptError` for damage to what was durable,
   * `BackendMismatchError` for what another version wrote, those of the disk.
   */
  static async open(options: SegmentBackendOptions): Promise<SegmentBackend> {
    return new SegmentBackend(...(await openVolume(options)));
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#open().get(table, key);
  }

  view(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#open().view(table, key);
  }

  range(table: Table, from: Uint8Array, to: Uint8Array | undefined, limit?: number): Iterable<BackendEntry> {
    const walked = this.#commits;
    const entries = this.#open().entries(table, from, to, limit ?? Number.POSITIVE_INFINITY);
    return guardedRange(entries, () => walked === this.#commits);
  }

  commit(batch: WriteBatch, at: AppliedAt): void {
    const volume = this.#open();
    invariant(!this.#replacing, "nothing is committed while the content is replaced");
    checkKeys(batch);
    volume.commit(batch, at);
    this.#commits++;
    this.#tidy();
  }

  appliedAt(): AppliedAt {
    return this.#volume.appliedAt;
  }

  durableAt(): AppliedAt {
    return this.#volume.durableAt;
  }

  async flush(): Promise<AppliedAt> {
    return this.#open().flush();
  }

  size(): BackendSize {
    return this.#open().size;
  }

  snapshot(): BackendSnapshot {
    return this.#open().snapshot();
  }

  async replaceWith(at: AppliedAt, entries: ContentSource): Promise<void> {
    this.#open();
    await this.#inTurn(() => this.#replace(at, entries));
  }

  /** Copies what is of use in every segment that is there by now; commits and reads go on meanwhile. */
  async defragment(): Promise<void> {
    this.#open();
    await this.#inTurn(() => this.#volume.cleanAll(this.#beforeSwap));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(run);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** By itself, a segment at a time. A failure shows with the next commit. */
  #tidy(): void {
    if (this.#tidying || this.#closing !== undefined || !this.#volume.isUntidy) return;
    this.#tidying = true;
    const done = (): void => {
      this.#tidying = false;
    };
    this.#inTurn(async () => {
      if (this.#volume.isUntidy) await this.#volume.cleanOldest(this.#beforeSwap);
    }).then(() => {
      done();
      this.#tidy();
    }, done);
  }

  readonly #beforeSwap = (): void => this.#failpoints.hit("backend-before-swap");

  async #replace(at: AppliedAt, entries: ContentSource): Promise<void> {
    const before = this.#volume;
    const next = Volume.empty(before.generation + 1, this.#volumeOptions);
    this.#replacing = true;
    try {
      await this.#fill(next, at, entries);
      await this.#switchTo(next);
    } finally {
      this.#replacing = false;
    }
    const discarded = before.discard().finally(() => this.#retired.delete(before));
    // What is left over goes at the next start.
    this.#retired.set(
      before,
      discarded.catch(() => {}),
    );
  }

  /** What could not be filled takes no space. */
  async #fill(next: Volume, at: AppliedAt, entries: ContentSource): Promise<void> {
    try {
      await fillFrom(next, at, entries, this.#volumeOptions.pause);
      await next.flush();
    } catch (error) {
      // The next start tries again.
      await next.discard().catch(() => {});
      throw error;
    }
  }

  async #switchTo(next: Volume): Promise<void> {
    try {
      this.#beforeSwap();
      await writeCurrent(this.#disk, this.#directory, next.generation);
    } catch (error) {
      // Which content the disk takes for the present one is not known: both stay.
      await next.close();
      throw this.#volume.fail(error);
    }
    this.#volume = next;
    this.#commits++;
  }

  #open(): Volume {
    invariant(this.#closing === undefined, "the backend is open");
    return this.#volume;
  }

  async #close(): Promise<void> {
    this.#volume.stop();
    await this.#turn;
    for (const [volume, discarded] of this.#retired) {
      volume.endSnapshots();
      await discarded;
    }
    try {
      if (!this.#volume.failed) await this.#volume.flush();
    } finally {
      await this.#volume.close();
    }
  }
}

/** What a backend is made of: the content on disk, or a new one. */
export async function openVolume(
  options: SegmentBackendOptions,
): Promise<[SegmentBackendOptions, VolumeOptions, Volume]> {
  const { disk, directory, logger } = options;
  const volumeOptions: VolumeOptions = {
    ...{ disk, directory, logger, segmentBytes: options.segmentBytes },
    cacheBytes: options.cacheBytes ?? CACHE_BYTES_DEFAULT,
    slackBytes: options.slackBytes ?? SLACK_BYTES_DEFAULT,
    pause: options.pause ?? (() => setImmediate()),
    salt: options.salt ?? (() => randomInt(2 ** 32)),
  };
  await disk.makeDirectory(directory);
  const generation = await readCurrent(disk, directory);
  await removeLeftovers(disk, directory, generation);
  if (generation !== undefined) return [options, volumeOptions, await Volume.open(generation, volumeOptions)];
  const volume = Volume.empty(1, volumeOptions);
  try {
    await volume.flush();
    await writeCurrent(disk, directory, volume.generation);
  } catch (error) {
    await volume.close();
    throw error;
  }
  return [options, volumeOptions, volume];
}

/** In batches of a bounded size, with other work in between. */
async function fillFrom(
  volume: Volume,
  at: AppliedAt,
  entries: ContentSource,
  pause: () => Promise<void>,
): Promise<void> {
  let batch: BatchChange[] = [];
  let bytes = 0;
  const commit = async (): Promise<void> => {
    volume.commit(batch, at);
    batch = [];
    bytes = 0;
    await volume.drain();
    await pause();
  };
  for await (const { table, key, value } of entries) {
    const change: BatchChange = { type: "put", table, key, value };
    checkKeys([change]);
    batch.push(change);
    bytes += key.length + value.length;
    if (bytes >= REPLACE_CHUNK_BYTES) await commit();
  }
  await commit();
}
