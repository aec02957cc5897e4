/**
 * `startNode()`: builds the parts of a node and joins them. Storage first, then the member itself, then its ports; what
 * was opened is closed in the opposite order, also when the start fails half-way.
 *
 * Read next: `node/node.ts` (the member), `edge.ts` (its ports), `options.ts` (what it can be told).
 */

import { resolve } from "node:path";
import { startAutoCompaction } from "./auto-compaction.js";
import type { Backend } from "./core/mvcc/backend.js";
import { openEdge } from "./edge.js";
import type { Disk, Env, Logger } from "./env.js";
import { LmdbBackend } from "./io/backend/lmdb-backend.js";
import { MemoryBackend } from "./io/backend/memory-backend.js";
import { SystemClock } from "./io/clock.js";
import { dataDirectory, openDataDirectory } from "./io/disk/data-directory.js";
import { MemoryDisk } from "./io/disk/memory-disk.js";
import { NodeDisk } from "./io/disk/node-disk.js";
import { NO_PEERS } from "./io/peers/no-peers.js";
import { SystemRandom } from "./io/random.js";
import { EtcdNode } from "./node/node.js";
import { IN_MEMORY, type NodeOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { KVORUM_VERSION } from "./version.js";

/** A running node. */
export interface KvorumNode extends AsyncDisposable {
  readonly name: string;
  /** URLs to give to a client, one a listener. */
  readonly endpoints: readonly string[];
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** Resolves with what stopped the node, if anything but `close()` does: a failed disk, a broken invariant. */
  readonly failed: Promise<Error>;
  /** Stops serving, makes everything durable and leaves no handle open. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a node of its own cluster, or the one that lives in `dataDir`. Resolves when it serves: a leader is there, the
 * log is applied, the member's name and addresses are published.
 *
 * Errors: `TypeError` and `RangeError` for options; an `Error` that names the address in use, the locked directory, or
 * file and offset of damaged data. Nothing stays open then.
 */
export async function startNode(options: NodeOptions = {}): Promise<KvorumNode> {
  const resolved = resolveOptions(options);
  const closers = new Closers();
  try {
    return await start(resolved, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function start(options: ResolvedOptions, closers: Closers): Promise<KvorumNode> {
  const { name, logger } = options;
  const startedMs = performance.now();
  const storage = await openStorage(options, closers);
  const env: Env = {
    clock: new SystemClock(),
    random: new SystemRandom(),
    disk: storage.disk,
    peers: NO_PEERS,
    failpoints: { hit: () => {} },
    logger,
  };
  const node = await EtcdNode.start({
    env,
    backend: storage.backend,
    walDirectory: storage.walDirectory,
    name,
    clientUrls: options.advertiseClientUrls ?? options.listenClientUrls.filter(hasFixedAddress),
    peerUrls: options.peerUrls,
    clusterToken: options.clusterToken,
    heartbeatMs: options.heartbeatMs,
    electionMs: options.electionMs,
    snapshotCount: options.snapshotCount,
    maxRequestBytes: options.maxRequestBytes,
    quotaBytes: options.quotaBackendBytes,
    progressNotifyMs: options.watchProgressNotifyMs,
  });
  closers.add(() => node.stop());
  const edge = await openEdge(node, options, env.clock, storage.privateFolder);
  closers.add(() => edge.close());
  await Promise.race([node.ready, node.failed.then(rethrow)]);
  await publishEndpoints(node, options, edge.endpoints);
  if (options.autoCompaction !== undefined) {
    const compactor = startAutoCompaction(node, options.autoCompaction, env.clock, logger);
    closers.add(() => compactor.stop());
  }
  const { clusterId, memberId } = node.header;
  logReady(options, edge.endpoints, { clusterId, memberId, startMs: Math.round(performance.now() - startedMs) });
  const close = (): Promise<void> => closers.close();
  return {
    name,
    endpoints: edge.endpoints,
    clusterId,
    memberId,
    failed: node.failed,
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Storage {
  readonly disk: Disk;
  readonly backend: Backend;
  readonly walDirectory: string;
  readonly privateFolder: string | undefined;
}

async function openStorage(
  { dataDir, walDir, quotaBackendBytes, logger }: ResolvedOptions,
  closers: Closers,
): Promise<Storage> {
  if (dataDir === IN_MEMORY) {
    const backend = new MemoryBackend();
    closers.add(() => backend.close());
    return {
      disk: new MemoryDisk(),
      backend,
      walDirectory: walDir ?? dataDirectory("/").wal,
      privateFolder: undefined,
    };
  }
  const disk = new NodeDisk({ logger });
  const directory = await openDataDirectory(disk, dataDir);
  closers.add(() => directory.release());
  const backend = new LmdbBackend({ directory: directory.backend, ...mapSize(quotaBackendBytes) });
  closers.add(() => backend.close());
  const privateFolder = resolve(directory.root, "member", "rpc");
  return { disk, backend, walDirectory: walDir ?? directory.wal, privateFolder };
}

/** The map must hold what the quota allows and the pages that a commit needs beside it. */
function mapSize(quotaBytes: number): { mapBytes?: number } {
  const wanted = Math.ceil(quotaBytes * 1.5);
  return wanted > 10 * 1024 ** 3 ? { mapBytes: wanted } : {};
}

/** A port that the system picks is known only now, after the member has published itself without it. */
async function publishEndpoints(node: EtcdNode, options: ResolvedOptions, endpoints: readonly string[]): Promise<void> {
  if (options.advertiseClientUrls !== undefined || options.listenClientUrls.every(hasFixedAddress)) return;
  const { memberId } = node.header;
  await node.propose({ kind: "member-attributes", memberId, name: options.name, clientUrls: endpoints });
}

function hasFixedAddress(url: string): boolean {
  return url.startsWith("unix:") || new URL(url).port !== "0";
}

function logReady(
  { name, dataDir, logger }: { name: string; dataDir: string; logger: Logger },
  endpoints: readonly string[],
  { clusterId, memberId, startMs }: { clusterId: bigint; memberId: bigint; startMs: number },
): void {
  const ids = { clusterId: clusterId.toString(16), memberId: memberId.toString(16) };
  logger.info({ name, endpoints, dataDir, ...ids, version: KVORUM_VERSION, startMs }, "ready to serve client requests");
}

function rethrow(error: Error): never {
  throw error;
}

/** What was opened, closed once and in the opposite order; the first failure is reported after everything was tried. */
class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];
  #closing: Promise<void> | undefined;

  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
