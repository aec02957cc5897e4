/**
 * A disk that says "durable" without waiting for it: `--unsafe-no-fsync`. What was written is safe from the end of the
 * process, since the system has it; a power cut or a crash of the system loses any of it, in any order. For tests and for
 * data that can be made again.
 */
import type { Disk, DiskFile } from "../../env.js";

/** The given disk, without its syncs. */
export function unsynced(disk: Disk): Disk {
  return {
    open: async (path, mode) => unsyncedFile(await disk.open(path, mode)),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    list: (directory) => disk.list(directory),
    makeDirectory: (directory) => disk.makeDirectory(directory),
    syncDirectory: () => Promise.resolve(),
    lockDirectory: (directory) => disk.lockDirectory(directory),
  };
}

function unsyncedFile(file: DiskFile): DiskFile {
  return {
    get size() {
      return file.size;
    },
    readAt: (offset, length) => file.readAt(offset, length),
    readNow: (offset, length) => file.readNow(offset, length),
    writeAt: (offset, chunks) => file.writeAt(offset, chunks),
    dataSync: () => Promise.resolve(),
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  };
}
