/**
 * Snapshots that come from another member, on their way into the backend. A file is written as its pieces arrive and
 * counts only when all of it was found to hold: nothing of this member's own is touched before. Then it waits to be
 * installed. A crash makes rubbish of every file here: the leader sends again what was not installed.
 *
 * Names derive from numbers only, never from what another member says in text: `<term>-<index>.part` while the file
 * comes in, `.snap` when it is whole.
 */
import { join } from "node:path";
import type { ConfState, SnapshotMark } from "../../core/raft/types.js";
import type { Clock, Disk, DiskFile, Failpoints, Logger } from "../../env.js";
import type { Distribution } from "../../measures/measure-set.js";
import type { SnapshotBody } from "../../peer-network.js";
import { hasCode, naming } from "../disk/disk-error.js";
import { NO_FAILPOINTS } from "../no-failpoints.js";
import { SnapshotDecoder, type SnapshotEntry } from "./decode.js";
import { SnapshotError, type SnapshotHeader } from "./format.js";

const OURS = /^[0-9a-f]{16}-[0-9a-f]{16}\.(part|snap)$/;
/** A file is read in portions of this size. */
const READ_BYTES = 256 * 1024;
/** So much may wait for a sync: gigabytes at once would keep the log's own small syncs waiting behind them. */
const UNSYNCED_BYTES_MAX = 8 * 1024 * 1024;

export interface SnapshotFilesOptions {
  readonly disk: Disk;
  /** This object's own. */
  readonly directory: string;
  readonly logger?: Logger;
  /** Default: none does anything. */
  readonly failpoints?: Failpoints;
  /** Told how many seconds the last sync of a file took; default: nobody is. */
  readonly fsync?: { readonly clock: Pick<Clock, "nowMs">; readonly seconds: Distribution };
  /** Waited for between two portions that are read, so that the event loop goes on; default: not at all. */
  readonly pause?: () => Promise<void>;
}

/** What the leader said it would send. */
export interface ExpectedSnapshot {
  readonly clusterId: bigint;
  readonly mark: SnapshotMark;
}

/** A file that was found whole and is durable. Remove it when it is installed, or when it will not be. */
export interface ReceivedSnapshot {
  readonly header: SnapshotHeader;
  /**
   * Reads the file once more, from its beginning, a portion at a time; the bytes are the caller's to keep. Checks
   * everything again: throws `SnapshotError` where the disk gives back something else, at the last entry at the latest.
   */
  entries(): AsyncIterable<SnapshotEntry>;
  /** Idempotent. */
  remove(): Promise<void>;
}

export class SnapshotFiles {
  readonly #options: SnapshotFilesOptions;
  /** Names whose file is coming in, or waits to be installed. */
  readonly #held: Set<string> = new Set();

  constructor(options: SnapshotFilesOptions) {
    this.#options = options;
  }

  /** Creates the directory; removes what an earlier life left in it. */
  async open(): Promise<void> {
    const { disk, directory, logger } = this.#options;
    await disk.makeDirectory(directory);
    for (const name of await disk.list(directory)) {
      if (!OURS.test(name)) continue;
      await disk.remove(join(directory, name));
      logger?.info({ directory, name }, "removed a snapshot that was not installed");
    }
    await disk.syncDirectory(directory);
  }

  /**
   * Stores the body and resolves when it is found to be, completely and durably, what was expected. Otherwise nothing is
   * left of it, and this rejects with a `SnapshotError`; its cause is the disk's error or the connection's, if there was
   * one. Refuses a mark whose file is still here: two writers of one name would mix, and the leader comes again. Closes the
   * body in any case.
   */
  async receive(expected: ExpectedSnapshot, body: SnapshotBody): Promise<ReceivedSnapshot> {
    try {
      const name = snapshotName(expected.mark);
      if (this.#held.has(name)) throw new SnapshotError(`snapshot ${name} is here already and not installed yet`);
      this.#held.add(name);
      return await this.#store(name, expected, body);
    } finally {
      body.close();
    }
  }

  async #store(name: string, expected: ExpectedSnapshot, body: SnapshotBody): Promise<ReceivedSnapshot> {
    const { disk, directory, pause = async () => {} } = this.#options;
    const path = join(directory, `${name}.snap`);
    try {
      const part = join(directory, `${name}.part`);
      const header = await this.#write(part, expected, body);
      await disk.rename(part, path);
      await disk.syncDirectory(directory);
      let removed: Promise<void> | undefined;
      const remove = (): Promise<void> => {
        removed ??= this.#remove(name, path);
        return removed;
      };
      return { header, entries: () => readEntries(disk, path, pause), remove };
    } catch (error) {
      await this.#discard(name);
      if (error instanceof SnapshotError) throw error;
      throw new SnapshotError(`snapshot ${path} cannot be stored (${(error as Error).message})`, { cause: error });
    }
  }

  async #write(path: string, expected: ExpectedSnapshot, body: SnapshotBody): Promise<SnapshotHeader> {
    const { disk, failpoints = NO_FAILPOINTS } = this.#options;
    const decoder = new SnapshotDecoder(body.bytes);
    const file = await disk.open(path, "create");
    try {
      let offset = 0;
      let unsynced = 0;
      let begun = false;
      for await (const piece of arriving(body)) {
        decoder.push(piece);
        if (!begun && decoder.header !== undefined) {
          checkExpected(decoder.header, expected);
          begun = true;
        }
        unsynced += piece.length;
        const sync = unsynced >= UNSYNCED_BYTES_MAX;
        await file.writeAt(offset, [piece], { sync });
        if (sync) unsynced = 0;
        offset += piece.length;
      }
      const header = decoder.finish();
      failpoints.hit("snapshot-before-store");
      await this.#sync(file);
      return header;
    } finally {
      await file.close();
    }
  }

  async #sync(file: DiskFile): Promise<void> {
    const { fsync } = this.#options;
    const startMs = fsync?.clock.nowMs() ?? 0;
    await file.dataSync();
    fsync?.seconds.observe((fsync.clock.nowMs() - startMs) / 1000);
  }

  async #remove(name: string, path: string): Promise<void> {
    try {
      await removeIfThere(this.#options.disk, path);
    } finally {
      this.#held.delete(name);
    }
  }

  /** What cannot be removed now goes at the next start. */
  async #discard(name: string): Promise<void> {
    const { disk, directory, logger } = this.#options;
    for (const ending of ["part", "snap"]) {
      const path = join(directory, `${name}.${ending}`);
      await removeIfThere(disk, path).catch((error: unknown) => {
        logger?.warn({ path, error: String(error) }, "could not remove a refused snapshot");
      });
    }
    this.#held.delete(name);
  }
}

function snapshotName({ term, index }: SnapshotMark): string {
  const hex = (value: number): string => value.toString(16).padStart(16, "0");
  return `${hex(term)}-${hex(index)}`;
}

/** Tells a connection that failed from a disk that did. */
async function* arriving(body: SnapshotBody): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  try {
    for await (const piece of body.pieces) {
      bytes += piece.length;
      yield piece;
    }
  } catch (error) {
    const message = `the snapshot broke off after ${bytes} of ${body.bytes} bytes (${(error as Error).message})`;
    throw new SnapshotError(message, { cause: error });
  }
}

async function* readEntries(
  disk: Disk,
  path: string,
  pause: () => Promise<void>,
): AsyncGenerator<SnapshotEntry, void, undefined> {
  const file = await disk.open(path, "read");
  try {
    let entries: SnapshotEntry[] = [];
    const decoder = new SnapshotDecoder(file.size, (entry) => entries.push(entry));
    for (let offset = 0; offset < file.size; offset += READ_BYTES) {
      decoder.push(await naming(path, file.readAt(offset, READ_BYTES)));
      yield* entries;
      entries = [];
      await pause();
    }
    decoder.finish();
  } finally {
    await file.close();
  }
}

function checkExpected({ clusterId, mark }: SnapshotHeader, expected: ExpectedSnapshot): void {
  if (clusterId !== expected.clusterId) {
    const [own, other] = [expected.clusterId, clusterId].map((id) => id.toString(16));
    throw new SnapshotError(`the snapshot is of cluster ${other}, not of ${own}`);
  }
  if (mark.term !== expected.mark.term || mark.index !== expected.mark.index) {
    const [asked, sent] = [expected.mark, mark].map(({ term, index }) => `entry ${index} of term ${term}`);
    throw new SnapshotError(`the snapshot includes the log up to ${sent}, announced was ${asked}`);
  }
  if (!sameConfState(mark.confState, expected.mark.confState)) {
    throw new SnapshotError("the snapshot has another membership than was announced");
  }
}

/** The lists are sets: their order says nothing. */
function sameConfState(a: ConfState, b: ConfState): boolean {
  const same = (some: readonly bigint[], others: readonly bigint[]): boolean =>
    some.length === others.length && some.every((id) => others.includes(id));
  return (
    same(a.voters, b.voters) &&
    same(a.learners, b.learners) &&
    same(a.votersOutgoing, b.votersOutgoing) &&
    same(a.learnersNext, b.learnersNext) &&
    a.autoLeave === b.autoLeave
  );
}

async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
