/**
 * A machine's disk in the simulation: the disk in memory, whose every operation takes its time and may fail. What a process
 * has asked of it and not got an answer to is undecided when the process dies: written or not, synced or not.
 */
import type { DirectoryLock, Disk, DiskFile } from "../env.js";
import type { DiskOperation, MemoryDisk } from "../io/disk/memory-disk.js";

export type DiskCall = DiskOperation["type"] | "open" | "read" | "list";

/** How a disk behaves at the moment. Failures are those of the disk in memory, which asks before every change. */
export interface DiskBehaviour {
  delayMs(call: DiskCall): number;
  /** Whether a write reaches the page cache when it is asked for rather than when it is answered. */
  writesEarly(): boolean;
  /** Throws what a read of the file is to fail with. */
  beforeRead?(path: string): void;
}

export interface SimulatedDiskOptions {
  readonly disk: MemoryDisk;
  readonly behaviour: DiskBehaviour;
  /** Calls back after so many milliseconds of the machine's, unless the process that asked is dead by then. */
  readonly later: (delayMs: number, run: () => void) => void;
}

export class SimulatedDisk implements Disk {
  readonly #options: SimulatedDiskOptions;

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
  }

  async open(path: string, mode: "read" | "write" | "create"): Promise<DiskFile> {
    await this.#passes("open");
    return new SimulatedFile(await this.#options.disk.open(path, mode), path, this.#options);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#passes("rename");
    await this.#options.disk.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    await this.#passes("remove");
    await this.#options.disk.remove(path);
  }

  async list(directory: string): Promise<readonly string[]> {
    await this.#passes("list");
    return this.#options.disk.list(directory);
  }

  async makeDirectory(directory: string): Promise<void> {
    await this.#passes("make-directory");
    await this.#options.disk.makeDirectory(directory);
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.#passes("sync-directory");
    await this.#options.disk.syncDirectory(directory);
  }

  lockDirectory(directory: string): Promise<DirectoryLock> {
    return this.#options.disk.lockDirectory(directory);
  }

  #passes(call: DiskCall): Promise<void> {
    return passes(this.#options, call);
  }
}

class SimulatedFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #path: string;
  readonly #options: SimulatedDiskOptions;

  constructor(file: DiskFile, path: string, options: SimulatedDiskOptions) {
    this.#file = file;
    this.#path = path;
    this.#options = options;
  }

  get size(): number {
    return this.#file.size;
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    await passes(this.#options, "read");
    this.#options.behaviour.beforeRead?.(this.#path);
    return this.#file.readAt(offset, length);
  }

  /** Takes no time and does not fail: the page cache has it. */
  readNow(offset: number, length: number): Uint8Array {
    return this.#file.readNow(offset, length);
  }

  async writeAt(offset: number, chunks: readonly Uint8Array[], options?: { readonly sync?: boolean }): Promise<void> {
    const early = this.#options.behaviour.writesEarly();
    if (early) await this.#file.writeAt(offset, chunks);
    await passes(this.#options, options?.sync === true ? "sync" : "write");
    if (!early) await this.#file.writeAt(offset, chunks);
    if (options?.sync === true) await this.#file.dataSync();
  }

  async dataSync(): Promise<void> {
    await passes(this.#options, "sync");
    await this.#file.dataSync();
  }

  async truncate(size: number): Promise<void> {
    await passes(this.#options, "truncate");
    await this.#file.truncate(size);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function passes({ behaviour, later }: SimulatedDiskOptions, call: DiskCall): Promise<void> {
  return new Promise((resolve) => later(behaviour.delayMs(call), resolve));
}
