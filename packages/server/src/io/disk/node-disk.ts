/**
 * The operating system's disk. Files that are opened for writing an existing log go through the disk worker; new files,
 * which are filled in the background, and reads go through the thread pool, so that neither waits for the other.
 *
 * Everything belongs to the owner alone: directories 0700, files 0600, set explicitly because a umask only takes away.
 */
import { constants } from "node:fs";
import { chmod, mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { DirectoryLock, Disk, DiskFile, Logger } from "../../env.js";
import { lockDirectory } from "./directory-lock.js";
import { diskError, hasCode } from "./disk-error.js";
import { DiskWorkerClient, type Signalling } from "./disk-worker-client.js";
import { PoolDiskFile } from "./pool-disk-file.js";
import { WorkerDiskFile } from "./worker-disk-file.js";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

const FLAGS = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
} as const;

export interface NodeDiskOptions {
  /** `pool` keeps everything in Node's thread pool: slower syncs under load, no thread of its own. Default `worker`. */
  readonly writer?: "worker" | "pool";
  /** How the worker answers; default: shared memory where Node can wait on it without blocking. */
  readonly signalling?: Signalling;
  readonly logger?: Logger;
}

export class NodeDisk implements Disk {
  readonly #worker: DiskWorkerClient | undefined;
  readonly #logger: Logger | undefined;

  constructor(options: NodeDiskOptions = {}) {
    this.#worker = options.writer === "pool" ? undefined : new DiskWorkerClient(options.signalling);
    this.#logger = options.logger;
  }

  async open(path: string, mode: "read" | "write" | "create"): Promise<DiskFile> {
    const handle = await open(path, FLAGS[mode], FILE_MODE);
    try {
      if (mode === "create") await handle.chmod(FILE_MODE);
      const { size } = await handle.stat();
      if (mode === "write" && this.#worker !== undefined) return new WorkerDiskFile(handle, path, size, this.#worker);
      return new PoolDiskFile(handle, path, size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(from, to);
  }

  async remove(path: string): Promise<void> {
    await unlink(path);
  }

  async list(directory: string): Promise<readonly string[]> {
    try {
      return (await readdir(directory)).sort();
    } catch (error) {
      if (hasCode(error, "ENOENT")) return [];
      throw error;
    }
  }

  /** Refuses a directory that others may write to; warns about one that others may read. */
  async makeDirectory(directory: string): Promise<void> {
    const path = resolve(directory);
    const firstCreated = await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
    if (firstCreated === undefined) return this.#checkMode(path);
    for (let created = path; ; created = dirname(created)) {
      await chmod(created, DIRECTORY_MODE);
      await this.syncDirectory(dirname(created));
      if (created === firstCreated) return;
    }
  }

  async syncDirectory(directory: string): Promise<void> {
    const handle = await open(directory, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  lockDirectory(directory: string): Promise<DirectoryLock> {
    return lockDirectory(directory);
  }

  async #checkMode(path: string): Promise<void> {
    const { mode } = await stat(path);
    const octal = (mode & 0o777).toString(8);
    if ((mode & 0o022) !== 0) {
      const advice = `directory ${path} can be written by others (mode ${octal}); set it to 700`;
      throw diskError("EPERM", advice);
    }
    if ((mode & 0o055) !== 0) this.#logger?.warn({ path, mode: octal }, "directory can be read by others");
  }
}
