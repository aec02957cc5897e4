/**
 * A saved snapshot as it is read back: every chunk against its checksum, the whole against its digest, an entry at a time.
 * What is wrong with a file is said with its name and the offset.
 */
import type { Disk } from "../env.js";
import { naming } from "../io/disk/disk-error.js";
import { SnapshotDecoder, type SnapshotEntry } from "../io/snapshot/decode.js";
import { ALIGNMENT, DIGEST_BYTES, SnapshotError, type SnapshotHeader } from "../io/snapshot/format.js";

/** A file is read in portions of this size. */
const READ_BYTES = 256 * 1024;
/** Where a bbolt file, which is what etcd saves, has its magic number, and the number in the order of its bytes on x86 and ARM. */
const BBOLT_MAGIC_OFFSET = 16;
const BBOLT_MAGIC = 0xed0cdaed;

export interface ReadOptions {
  /** Default true. Chunks are checked in any case. */
  readonly checkDigest?: boolean;
}

/** What a walk through the whole file ends with. */
export interface SnapshotFileSummary {
  readonly header: SnapshotHeader;
  /** Bytes of the file, the digest not counted. */
  readonly bytes: number;
}

/**
 * Every entry of the file, then its summary as the generator's return value: only with that is the file known to be whole,
 * so what was made of the entries is to be thrown away when this throws.
 *
 * Errors: `SnapshotError` that names file and offset; those of the disk.
 */
export async function* snapshotEntries(
  disk: Disk,
  path: string,
  { checkDigest = true }: ReadOptions = {},
): AsyncGenerator<SnapshotEntry, SnapshotFileSummary, undefined> {
  const file = await disk.open(path, "read");
  let entries: SnapshotEntry[] = [];
  try {
    refuseOtherFiles(file.size, await naming(path, file.readAt(0, BBOLT_MAGIC_OFFSET + 4)));
    const decoder = new SnapshotDecoder(file.size, (entry) => entries.push(entry), { checkDigest });
    for (let offset = 0; offset < file.size; offset += READ_BYTES) {
      decoder.push(await naming(path, file.readAt(offset, READ_BYTES)));
      yield* entries;
      entries = [];
    }
    return { header: decoder.finish(), bytes: file.size - DIGEST_BYTES };
  } catch (error) {
    if (error instanceof SnapshotError) throw new SnapshotError(`${path}: ${error.message}`, { cause: error });
    throw error;
  } finally {
    await file.close();
  }
}

/** Says more than "damaged" of what people try: a file of etcd's, and a file of which the end is missing. */
function refuseOtherFiles(bytes: number, start: Uint8Array): void {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (start.length >= BBOLT_MAGIC_OFFSET + 4 && view.getUint32(BBOLT_MAGIC_OFFSET, true) === BBOLT_MAGIC) {
    throw new SnapshotError(
      "this is a snapshot of etcd, which only etcd can restore; to move a running etcd's data here use kvorumctl migrate",
    );
  }
  if (bytes % ALIGNMENT !== DIGEST_BYTES) {
    throw new SnapshotError(
      `the file ends at offset ${bytes}, which is no place where a whole snapshot with its digest ends`,
    );
  }
}
