/**
 * The seams through which a node reaches the world. Production adapters live in `io/`, simulated ones in `simulation/`;
 * the same node class runs on both. Storage's seam, `Backend`, stands with the side that needs it: `core/mvcc/backend.ts`; that to
 * the other members in `peer-network.ts`.
 */
import type { FailpointSite } from "./failpoint-sites.js";
import type { PeerNetwork } from "./peer-network.js";

export interface Timer {
  cancel(): void;
}

/** Monotonic time drives everything; wall time is only shown to people. */
export interface Clock {
  /** Milliseconds from an arbitrary start; never goes back. */
  nowMs(): number;
  wallMs(): number;
  setTimer(delayMs: number, fire: () => void): Timer;
  /** Runs after pending I/O events had their turn (Node: `setImmediate`). */
  afterIo(run: () => void): void;
}

/** Deterministic in simulation. Ids that must not be guessed come from `io/` at the edge instead. */
export interface Random {
  /** A whole number in `[0, boundExclusive)`. */
  int(boundExclusive: number): number;
  /** A positive 63-bit number. */
  int63(): bigint;
}

export interface DirectoryLock {
  release(): Promise<void>;
}

export interface DiskFile {
  readonly size: number;
  /** Returns fewer bytes at the end of the file. */
  readAt(offset: number, length: number): Promise<Uint8Array>;
  /**
   * The same, and the thread stands still meanwhile: for small reads that the page cache mostly answers. Goes on after a
   * failed write, of which the caller does not read: a node answers what it knows durably until it has stopped.
   */
  readNow(offset: number, length: number): Uint8Array;
  /**
   * Writes the chunks one behind the other. Takes ownership of them until it settles. With `sync` it resolves when the
   * data is durable (`fdatasync`), in one round trip to whatever does the work.
   */
  writeAt(offset: number, chunks: readonly Uint8Array[], options?: { readonly sync?: boolean }): Promise<void>;
  /** After a rejection the file is poisoned: every later call but `readNow` rejects (a failed fsync may have dropped the pages). */
  dataSync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  /** `create` makes an empty file, in place of one that has the name. Durable with the directory's sync only. */
  open(path: string, mode: "read" | "write" | "create"): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names, sorted; empty for a directory that does not exist. */
  list(directory: string): Promise<readonly string[]>;
  /** Creates the directory and its parents with mode 0700. */
  makeDirectory(directory: string): Promise<void>;
  /** Makes creations, renames and removals inside the directory durable. */
  syncDirectory(directory: string): Promise<void>;
  /** Rejects when another live process holds it; freed by the process's death. */
  lockDirectory(directory: string): Promise<DirectoryLock>;
}

/** Named places where a test may stop, delay or fail the node; does nothing in production. */
export interface Failpoints {
  /** Synchronous: who wants a delay blocks. What it throws fails whatever was under way at the site. */
  hit(site: FailpointSite): void;
}

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Env {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly peers: PeerNetwork;
  readonly failpoints: Failpoints;
  readonly logger: Logger;
}
