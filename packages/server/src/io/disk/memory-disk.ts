/**
 * A disk in memory, for the embedded node and for tests. It keeps what a machine would keep apart: the bytes a program
 * reads back (the page cache) and the bytes that survive a power loss. `crash()` throws the difference away, as a whole
 * or sector by sector, so that recovery can be tested at every write boundary. Content outlives closing and reopening.
 *
 * The model: 512-byte sectors are atomic and nothing larger is; a file's name survives only if its directory was synced,
 * or as one of the first so many changes of names, as a journal keeps them; a file's length survives as far as its sectors
 * do, unless the crash says that lengths survive by themselves.
 */
import { posix } from "node:path";
import type { DirectoryLock, Disk, DiskFile } from "../../env.js";
import { diskError } from "./disk-error.js";
import { MemoryInode } from "./memory-inode.js";

export interface DiskOperation {
  readonly type: "create" | "write" | "sync" | "truncate" | "rename" | "remove" | "sync-directory" | "make-directory";
  readonly path: string;
  /** Bytes of a write. */
  readonly length: number;
}

export interface MemoryDiskOptions {
  /** Called before every changing operation; what it throws is the operation's failure. */
  readonly before?: (operation: DiskOperation) => void;
}

/** A 512-byte sector that was written and not synced when the power went. */
export interface UnsyncedSector {
  readonly path: string;
  readonly offset: number;
}

export interface CrashOptions {
  /** Which unsynced sectors reached the medium all the same; default: none. */
  readonly sectorSurvives?: (sector: UnsyncedSector) => boolean;
  /** Whether unsynced creations, renames and removals survive; default: false. */
  readonly directoriesSurvive?: boolean;
  /** How many of them do, given their number, oldest first: the order that a journal keeps. Comes before the option above. */
  readonly namesSurvive?: (unsynced: number) => number;
  /** Whether files are as long as programs saw them, whatever became of their sectors; default: false. */
  readonly sizesSurvive?: boolean;
}

/** A change of names that is not durable yet: what it takes away, and what it puts there. */
interface NameChange {
  readonly gone: string | undefined;
  readonly path: string | undefined;
  readonly inode: MemoryInode | undefined;
}

export class MemoryDisk implements Disk {
  readonly #before: (operation: DiskOperation) => void;
  /** Path → file as programs see it, and as a crash would leave it. */
  #files: Map<string, MemoryInode> = new Map();
  #durableFiles: Map<string, MemoryInode> = new Map();
  #nameChanges: NameChange[] = [];
  #directories: Set<string> = new Set();
  #locks: Set<string> = new Set();
  #life = 0;

  constructor(options: MemoryDiskOptions = {}) {
    this.#before = options.before ?? (() => {});
  }

  async open(path: string, mode: "read" | "write" | "create"): Promise<DiskFile> {
    const name = posix.normalize(path);
    if (mode === "create") {
      this.#before({ type: "create", path: name, length: 0 });
      const inode = new MemoryInode();
      this.#files.set(name, inode);
      this.#nameChanges.push({ gone: undefined, path: name, inode });
    }
    return new MemoryFile(this.#inode(name, "open"), name, mode !== "read", this.#before, this.#alive());
  }

  async rename(from: string, to: string): Promise<void> {
    const source = posix.normalize(from);
    this.#before({ type: "rename", path: source, length: 0 });
    const inode = this.#inode(source, "rename");
    this.#files.delete(source);
    this.#files.set(posix.normalize(to), inode);
    this.#nameChanges.push({ gone: source, path: posix.normalize(to), inode });
  }

  async remove(path: string): Promise<void> {
    const name = posix.normalize(path);
    this.#before({ type: "remove", path: name, length: 0 });
    this.#inode(name, "unlink");
    this.#files.delete(name);
    this.#nameChanges.push({ gone: name, path: undefined, inode: undefined });
  }

  async list(directory: string): Promise<readonly string[]> {
    const parent = posix.normalize(directory);
    const names = [...this.#files.keys(), ...this.#directories]
      .filter((path) => posix.dirname(path) === parent && path !== parent)
      .map((path) => posix.basename(path));
    return [...new Set(names)].sort();
  }

  async makeDirectory(directory: string): Promise<void> {
    let path = posix.normalize(directory);
    this.#before({ type: "make-directory", path, length: 0 });
    for (; path !== posix.dirname(path); path = posix.dirname(path)) this.#directories.add(path);
  }

  async syncDirectory(directory: string): Promise<void> {
    const parent = posix.normalize(directory);
    this.#before({ type: "sync-directory", path: parent, length: 0 });
    const inside = (path: string): boolean => posix.dirname(path) === parent;
    for (const path of [...this.#durableFiles.keys()].filter(inside)) this.#durableFiles.delete(path);
    for (const [path, inode] of this.#files) if (inside(path)) this.#durableFiles.set(path, inode);
    this.#nameChanges = this.#nameChanges.filter(({ gone, path }) => !inside((path ?? gone) as string));
  }

  async lockDirectory(directory: string): Promise<DirectoryLock> {
    const path = posix.normalize(directory);
    if (this.#locks.has(path)) throw diskError("EAGAIN", `data directory ${path} is in use by another member`);
    const locks = this.#locks;
    locks.add(path);
    return { release: async () => void locks.delete(path) };
  }

  /** The power goes: unsynced data and names are lost, open files are dead, locks are free. */
  crash(options: CrashOptions = {}): void {
    this.#life++;
    this.#locks = new Set();
    const { directoriesSurvive = false, sizesSurvive = false } = options;
    const { sectorSurvives: survives = () => false, namesSurvive = (all: number) => (directoriesSurvive ? all : 0) } =
      options;
    for (const change of this.#nameChanges.slice(0, namesSurvive(this.#nameChanges.length))) this.#keepName(change);
    this.#nameChanges = [];
    this.#files = new Map(this.#durableFiles);
    for (const [path, inode] of this.#files) inode.crash((offset) => survives({ path, offset }), sizesSurvive);
  }

  /**
   * The same machine once more, to try something on: files as they are, open ones dead, locks free. Costs little, for the two
   * share what neither changes.
   */
  clone(options: MemoryDiskOptions = {}): MemoryDisk {
    const twin = new MemoryDisk(options);
    const twins = new Map<MemoryInode, MemoryInode>();
    const twinOf = (inode: MemoryInode): MemoryInode => {
      const known = twins.get(inode) ?? inode.clone();
      twins.set(inode, known);
      return known;
    };
    twin.#files = new Map([...this.#files].map(([path, inode]) => [path, twinOf(inode)]));
    twin.#durableFiles = new Map([...this.#durableFiles].map(([path, inode]) => [path, twinOf(inode)]));
    twin.#nameChanges = this.#nameChanges.map((change) => ({ ...change, inode: change.inode && twinOf(change.inode) }));
    twin.#directories = new Set(this.#directories);
    return twin;
  }

  /** Creations, renames and removals that a power loss may undo. */
  get unsyncedNames(): number {
    return this.#nameChanges.length;
  }

  /** The process ends and the machine runs on: open files are dead, locks are free; nothing is lost or became durable. */
  endProcess(): void {
    this.#life++;
    this.#locks = new Set();
  }

  /** Every path with the bytes a reader sees, for tests. */
  contents(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#files].map(([path, inode]) => [path, inode.read(0, inode.size)]));
  }

  /** Paths that a power loss would leave, in no order. */
  durablePaths(): Iterable<string> {
    return this.#durableFiles.keys();
  }

  /** The bytes that a power loss would leave of the file, a view; undefined when it would not leave the file. */
  durable(path: string): Uint8Array | undefined {
    return this.#durableFiles.get(path)?.durable;
  }

  /** Changes the bytes on the medium behind everybody's back: a bit flip, a zeroed sector. */
  damage(path: string, offset: number, bytes: Uint8Array): void {
    const inode = this.#inode(posix.normalize(path), "damage");
    inode.write(offset, [bytes]);
    inode.sync();
  }

  #keepName({ gone, path, inode }: NameChange): void {
    if (gone !== undefined) this.#durableFiles.delete(gone);
    if (path !== undefined && inode !== undefined) this.#durableFiles.set(path, inode);
  }

  #inode(path: string, call: string): MemoryInode {
    const inode = this.#files.get(path);
    if (inode === undefined) throw diskError("ENOENT", `no such file or directory, ${call} '${path}'`);
    return inode;
  }

  #alive(): () => boolean {
    const life = this.#life;
    return () => life === this.#life;
  }
}

class MemoryFile implements DiskFile {
  readonly #inode: MemoryInode;
  readonly #path: string;
  readonly #writable: boolean;
  readonly #before: (operation: DiskOperation) => void;
  readonly #alive: () => boolean;
  #closed = false;
  #poison: unknown;

  constructor(
    inode: MemoryInode,
    path: string,
    writable: boolean,
    before: (operation: DiskOperation) => void,
    alive: () => boolean,
  ) {
    this.#inode = inode;
    this.#path = path;
    this.#writable = writable;
    this.#before = before;
    this.#alive = alive;
  }

  get size(): number {
    return this.#inode.size;
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    this.#check();
    return this.readNow(offset, length);
  }

  readNow(offset: number, length: number): Uint8Array {
    this.#checkOpen();
    return this.#inode.read(offset, length);
  }

  async writeAt(offset: number, chunks: readonly Uint8Array[], options?: { readonly sync?: boolean }): Promise<void> {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#change("write", length, () => this.#inode.write(offset, chunks));
    if (options?.sync === true) this.#change("sync", 0, () => this.#inode.sync());
  }

  async dataSync(): Promise<void> {
    this.#change("sync", 0, () => this.#inode.sync());
  }

  async truncate(size: number): Promise<void> {
    this.#change("truncate", 0, () => this.#inode.truncate(size));
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #change(type: DiskOperation["type"], length: number, change: () => void): void {
    this.#check();
    if (!this.#writable) throw diskError("EBADF", `${this.#path} is open for reading only`);
    try {
      this.#before({ type, path: this.#path, length });
    } catch (error) {
      // Like a real disk: after one failed write or sync nothing is known about the file any more.
      this.#poison = error;
      throw error;
    }
    change();
  }

  #checkOpen(): void {
    if (this.#closed || !this.#alive()) throw diskError("EBADF", `${this.#path} is closed`);
  }

  #check(): void {
    this.#checkOpen();
    if (this.#poison !== undefined) {
      throw diskError("EIO", `${this.#path} is not usable after an earlier failure`, this.#poison);
    }
  }
}
