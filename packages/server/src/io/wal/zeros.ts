/** Zeros into files: Node has no `fallocate`, and a file made long by truncation pays for its blocks at every sync. */
import type { DiskFile } from "../../env.js";

const CHUNK_BYTES = 1024 * 1024;

/** Writes zeros from `from` to `to`; the file grows with them. Not synced. */
export async function fillZeros(file: DiskFile, from: number, to: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(0, to - from)));
  for (let at = from; at < to; at += CHUNK_BYTES) {
    await file.writeAt(at, [zeros.subarray(0, Math.min(CHUNK_BYTES, to - at))]);
  }
}
