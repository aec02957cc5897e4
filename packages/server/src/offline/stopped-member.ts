/**
 * The data of a member that is not running: rewritten without free space, or summed up to be compared with other members'.
 * The data directory is locked meanwhile, so a node that runs there is noticed and nothing happens.
 */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { Lessor } from "../core/lease/lessor.js";
import type { HashKvResult } from "../core/mvcc/hash.js";
import { Store } from "../core/mvcc/store.js";
import { WriteBuffer } from "../core/mvcc/write-buffer.js";
import { SegmentBackend } from "../io/backend/segments/segment-backend.js";
import { dataDirectory } from "../io/disk/data-directory.js";
import { NodeDisk } from "../io/disk/node-disk.js";

/** The same revision as a running member's `hashKV` computes. Errors: `compacted`, `futureRevision`; as `defragment`. */
export function hashKv(dataDir: string, revision: bigint | number = 0n): Promise<HashKvResult> {
  return withBackend(dataDir, async (backend) => {
    const buffer = new WriteBuffer(backend);
    const leases = new Lessor(buffer, { minTtlSeconds: 1 });
    return Store.open({ buffer, leases }).hashKv(BigInt(revision));
  });
}

/**
 * Rewrites the data without what is of no use and resolves with its bytes before and after. The old data stays until the new
 * one is durable.
 *
 * Errors: no data directory, one that a node has open, those of the file system.
 */
export function defragment(dataDir: string): Promise<{ readonly bytesBefore: number; readonly bytesAfter: number }> {
  return withBackend(dataDir, async (backend) => {
    const bytesBefore = backend.size().bytes;
    await backend.defragment();
    return { bytesBefore, bytesAfter: backend.size().bytes };
  });
}

async function withBackend<T>(dataDir: string, use: (backend: SegmentBackend) => Promise<T>): Promise<T> {
  const directory = dataDirectory(dataDir).backend;
  // Opening would create it.
  await access(join(directory, "CURRENT"));
  const disk = new NodeDisk({ writer: "pool" });
  const lock = await disk.lockDirectory(dataDir);
  try {
    const backend = await SegmentBackend.open({ disk, directory });
    try {
      return await use(backend);
    } finally {
      await backend.close();
    }
  } finally {
    await lock.release();
  }
}
