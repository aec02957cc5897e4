/** `snapshot status`: what a saved snapshot holds, found by reading all of it. */
import { stringBytes } from "../core/bytes.js";
import { crc32c } from "../core/crc32c.js";
import type { Table } from "../core/mvcc/backend.js";
import { NodeDisk } from "../io/disk/node-disk.js";
import type { SnapshotEntry } from "../io/snapshot/decode.js";
import { API_VERSION } from "../version.js";
import { RevisionTrace } from "./revision-trace.js";
import { type SnapshotFileSummary, snapshotEntries } from "./snapshot-file.js";

export interface SnapshotStatus {
  /** CRC-32C over the tables' names and everything in them, as etcd computes it over its own. */
  readonly hash: number;
  /** The store's revision. */
  readonly revision: bigint;
  /** Stored records: each change of a key that compaction left, and what else is kept beside them (etcd counts so too). */
  readonly totalKeys: number;
  /** Bytes of the file, the digest not counted. */
  readonly totalSize: number;
  /** The storage version, `MAJOR.MINOR.PATCH`. */
  readonly version: string;
  /** -1n when nothing was ever compacted. */
  readonly compactRevision: bigint;
  /** The log position that the content includes. */
  readonly index: number;
  readonly term: number;
  readonly clusterId: bigint;
}

/** Checks the whole file on the way. Errors: `SnapshotError` that names file and offset; those of the file system. */
export async function snapshotStatus(path: string): Promise<SnapshotStatus> {
  const entries = snapshotEntries(new NodeDisk({ writer: "pool" }), path);
  const trace = new RevisionTrace();
  let [hash, totalKeys, table]: [number, number, Table | undefined] = [0, 0, undefined];
  for (;;) {
    const step: IteratorResult<SnapshotEntry, SnapshotFileSummary> = await entries.next();
    if (step.done) {
      const { header, bytes } = step.value;
      const { index, term } = header.mark;
      const { clusterId } = header;
      const { revision, compactRevision } = trace;
      return {
        ...{ hash, revision, totalKeys, totalSize: bytes, version: API_VERSION },
        ...{ compactRevision, index, term, clusterId },
      };
    }
    const entry = step.value;
    if (entry.table !== table) hash = crc32c(stringBytes(entry.table), hash);
    table = entry.table;
    hash = crc32c(entry.value, crc32c(entry.key, hash));
    trace.see(entry);
    totalKeys++;
  }
}
