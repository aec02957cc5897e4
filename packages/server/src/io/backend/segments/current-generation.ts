/**
 * Which of several contents is the backend's: the file `CURRENT` names its generation. Replacing everything means writing the
 * segments of the next generation and then `CURRENT` anew, by a rename: a crash leaves either the old content or the new.
 * Segments of another generation are what is left of an unfinished replacement or a finished one, and go at the next start.
 */
import { join } from "node:path";
import type { Disk } from "../../../env.js";
import { hasCode, naming } from "../../disk/disk-error.js";
import { BackendCorruptError, BackendMismatchError } from "./errors.js";
import { parseSegmentFile, SEGMENT_HEADER_BYTES, segmentFile } from "./segment-header.js";
import { segmentNumbers } from "./volume-recovery.js";

const CURRENT = "CURRENT";
/** Longer than any that is whole. */
const TEXT_BYTES_MAX = 256;

/** Undefined for a directory in which nothing was founded yet. Errors: `BackendCorruptError`, `BackendMismatchError`. */
export async function readCurrent(disk: Disk, directory: string): Promise<number | undefined> {
  const path = join(directory, CURRENT);
  const text = await readText(disk, path);
  await refuseOthers(disk, directory, text);
  if (text === undefined) {
    await checkNothingFounded(disk, directory);
    return undefined;
  }
  const [, digits] = /^segments of generation (\d+)\n$/.exec(text) ?? [];
  if (digits === undefined)
    throw new BackendCorruptError(path, 0, `it does not name a generation: ${JSON.stringify(text)}`);
  return Number(digits);
}

/** From here on, also after a crash, that generation is the content. Its segments are durable already. */
export async function writeCurrent(disk: Disk, directory: string, generation: number): Promise<void> {
  const path = join(directory, CURRENT);
  const file = await disk.open(`${path}.tmp`, "create");
  try {
    await file.writeAt(0, [new TextEncoder().encode(`segments of generation ${generation}\n`)], { sync: true });
  } finally {
    await file.close();
  }
  await disk.rename(`${path}.tmp`, path);
  await disk.syncDirectory(directory);
}

/** Everything but the segments of a generation and what names it. */
export async function removeLeftovers(disk: Disk, directory: string, generation: number | undefined): Promise<void> {
  for (const name of await disk.list(directory)) {
    const segment = parseSegmentFile(name);
    if (segment === undefined ? name.endsWith(".tmp") : segment.generation !== generation) {
      await disk.remove(join(directory, name));
    }
  }
}

/** Versions before this one kept LMDB's files here. */
async function refuseOthers(disk: Disk, directory: string, text: string | undefined): Promise<void> {
  const named = text?.trim() ?? "";
  const directories = /^generation-\d+$/.test(named) ? [directory, join(directory, named)] : [directory];
  for (const place of directories) {
    if (!(await disk.list(place)).includes("data.mdb")) continue;
    throw new BackendMismatchError(
      `${join(place, "data.mdb")} is a data file of LMDB, as earlier versions wrote it; this version does not read it. \
Save a snapshot with the earlier version and restore it, or remove the member from its cluster and add it again`,
    );
  }
}

/** A start that broke off may have left a first segment with nothing in it. More than that belongs to a `CURRENT` that is gone. */
async function checkNothingFounded(disk: Disk, directory: string): Promise<void> {
  for (const generation of new Set((await disk.list(directory)).map((name) => parseSegmentFile(name)?.generation))) {
    if (generation === undefined) continue;
    for (const number of await segmentNumbers(disk, directory, generation)) {
      const file = await disk.open(join(directory, segmentFile({ generation, number })), "read");
      const { size } = file;
      await file.close();
      if (size <= SEGMENT_HEADER_BYTES) continue;
      throw new BackendCorruptError(join(directory, CURRENT), 0, "it is missing, and there are segments");
    }
  }
}

async function readText(disk: Disk, path: string): Promise<string | undefined> {
  try {
    const file = await disk.open(path, "read");
    try {
      return new TextDecoder().decode(await naming(path, file.readAt(0, TEXT_BYTES_MAX)));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
