/** Where a node keeps its data: a locked data directory, or memory that ends with the process. */
import { resolve } from "node:path";
import type { Backend } from "./core/mvcc/backend.js";
import type { Disk, Failpoints, Logger } from "./env.js";
import { MemoryBackend, MemoryStore } from "./io/backend/memory-backend.js";
import { SegmentBackend } from "./io/backend/segments/segment-backend.js";
import { dataDirectory, openDataDirectory } from "./io/disk/data-directory.js";
import { MemoryDisk } from "./io/disk/memory-disk.js";
import { NodeDisk } from "./io/disk/node-disk.js";
import { unsynced } from "./io/disk/unsynced-disk.js";

export interface Storage {
  readonly disk: Disk;
  readonly backend: Backend;
  readonly walDirectory: string;
  readonly snapshotDirectory: string;
  /** For sockets of this node alone; undefined for one in memory. */
  readonly privateFolder: string | undefined;
}

/** Memory that outlives a node, as a disk outlives a process. */
export class MachineMemory {
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly store: MemoryStore = new MemoryStore();
}

interface StorageOptions {
  readonly walDir?: string | undefined;
  readonly unsafeNoFsync: boolean;
  readonly failpoints: Failpoints;
  readonly logger: Logger;
}

type AddCloser = (close: () => Promise<void> | void) => void;

/** Errors: an `Error` that names the directory that is in use or cannot be used. What was opened goes to `addCloser`. */
export async function openStorage(
  dataDir: string | MachineMemory,
  options: StorageOptions,
  addCloser: AddCloser,
): Promise<Storage> {
  return typeof dataDir === "string"
    ? openOnDisk(dataDir, options, addCloser)
    : openInMemory(dataDir, options, addCloser);
}

function openInMemory({ disk, store }: MachineMemory, { walDir }: StorageOptions, addCloser: AddCloser): Storage {
  const backend = new MemoryBackend(store);
  addCloser(() => backend.close());
  const { wal, snapshots } = dataDirectory("/");
  return { disk, backend, walDirectory: walDir ?? wal, snapshotDirectory: snapshots, privateFolder: undefined };
}

async function openOnDisk(
  dataDir: string,
  { walDir, unsafeNoFsync, failpoints, logger }: StorageOptions,
  addCloser: AddCloser,
): Promise<Storage> {
  if (unsafeNoFsync) {
    logger.warn(
      { dataDir },
      "--unsafe-no-fsync: writes are acknowledged before the disk has them; a power cut loses or damages data",
    );
  }
  const diskOf = (node: NodeDisk): Disk => (unsafeNoFsync ? unsynced(node) : node);
  const disk = diskOf(new NodeDisk({ logger }));
  const directory = await openDataDirectory(disk, dataDir);
  addCloser(() => directory.release());
  const backend = await SegmentBackend.open({
    // Without the disk's thread, which is the log's: a flush of the backend must not keep it waiting.
    disk: diskOf(new NodeDisk({ writer: "pool", logger })),
    ...{ directory: directory.backend, failpoints, logger },
  });
  addCloser(() => backend.close());
  return {
    disk,
    backend,
    walDirectory: walDir ?? directory.wal,
    snapshotDirectory: directory.snapshots,
    privateFolder: resolve(directory.root, "member", "rpc"),
  };
}
