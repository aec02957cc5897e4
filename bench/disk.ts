/**
 * What a disk was given. The kernel's count for a process (`/proc/PID/io`) is no use: since its page cache has large folios it
 * counts a whole one, up to 2 MiB, for each byte that makes it dirty, ten times what is written. So the disk's own count is
 * taken, with everything on it written out before.
 */
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";

const SECTOR_BYTES = 512;
/** Of a device's `stat`: sectors written. */
const SECTORS_WRITTEN = 6;

/** Bytes written so far to the device that holds `directory`, by whoever; undefined where the system does not say. */
export async function diskWrittenBytes(directory: string): Promise<number | undefined> {
  try {
    const { dev } = await stat(directory);
    await promisify(execFile)("sync", ["--file-system", directory]);
    const text = await readFile(`/sys/dev/block/${major(dev)}:${minor(dev)}/stat`, "utf8");
    const sectors = text.trim().split(/\s+/)[SECTORS_WRITTEN];
    return sectors === undefined ? undefined : Number(sectors) * SECTOR_BYTES;
  } catch {
    // Another system, or a file system without a device of its own.
    return undefined;
  }
}

/** As Linux packs the two numbers into one. */
const major = (dev: number): number => (dev >>> 8) & 0xfff;
const minor = (dev: number): number => (dev & 0xff) | ((dev >>> 12) & 0xfff00);
