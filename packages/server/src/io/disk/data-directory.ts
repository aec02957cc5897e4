/** Where a member keeps what: the layout of its data directory, and the lock that makes it one member's. */
import { join } from "node:path";
import type { Disk } from "../../env.js";

export interface DataDirectory {
  readonly root: string;
  readonly wal: string;
  readonly backend: string;
  /** Snapshots on their way into the backend. */
  readonly snapshots: string;
}

export function dataDirectory(root: string): DataDirectory {
  const member = join(root, "member");
  return { root, wal: join(member, "wal"), backend: join(member, "backend"), snapshots: join(member, "snapshots") };
}

export interface OpenDataDirectory extends DataDirectory {
  release(): Promise<void>;
}

/** Creates what is missing and takes the lock. Rejects when another process holds it or others may write there. */
export async function openDataDirectory(disk: Disk, root: string): Promise<OpenDataDirectory> {
  const paths = dataDirectory(root);
  await disk.makeDirectory(root);
  const lock = await disk.lockDirectory(root);
  try {
    await disk.makeDirectory(paths.wal);
    await disk.makeDirectory(paths.backend);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return { ...paths, release: () => lock.release() };
}
