/**
 * `startNode()`: builds the parts of a node and joins them. Storage first, then the ports for other members, then the
 * member itself, then its ports for clients; what was opened is closed in the opposite order, also when the start fails
 * half-way.
 *
 * Read next: `node/node.ts` (the member), `edge.ts` (its client ports), `options.ts` (what it can be told), `cluster.ts`
 * (several of them in one process).
 */
import { NodeAuth } from "./auth/node-auth.js";
import { startAutoCompaction } from "./auto-compaction.js";
import { Closers } from "./closers.js";
import { openEdge, versionsOf } from "./edge.js";
import type { Env, Failpoints, Logger } from "./env.js";
import { forceNewCluster } from "./force-new-cluster.js";
import { peerPages } from "./http/surfaces.js";
import { SystemClock } from "./io/clock.js";
import { NO_FAILPOINTS } from "./io/no-failpoints.js";
import { GrpcPeers } from "./io/peers/grpc-peers.js";
import { NO_PEERS } from "./io/peers/no-peers.js";
import { SystemRandom } from "./io/random.js";
import { addressOf } from "./listen.js";
import { isSecure, isUnix } from "./listener-url.js";
import { NodeMeasures } from "./measures/node-measures.js";
import { TlsMeasures } from "./measures/tls-measures.js";
import { EtcdNode } from "./node/node.js";
import { refuseRemoved } from "./node/start-refused.js";
import { IN_MEMORY, type NodeOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { MachineMemory, openStorage, type Storage } from "./storage.js";
import type { NodeTls } from "./tls/node-tls.js";
import { openTlsSides, type TlsSidesOptions } from "./tls/sides.js";
import { KVORUM_VERSION } from "./version.js";

/** A running node. */
export interface KvorumNode extends AsyncDisposable {
  readonly name: string;
  /** URLs to give to a client, one a listener. */
  readonly endpoints: readonly string[];
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** Whether this member leads its cluster, as far as it knows. */
  readonly isLeader: boolean;
  /** Resolves with what stopped the node, if anything but `close()` does: a failed disk, a broken invariant. */
  readonly failed: Promise<Error>;
  /** Resolves when the cluster has removed this member: it serves nobody any more and should be closed. */
  readonly removed: Promise<void>;
  /**
   * Stops serving, makes everything durable and leaves no handle open; a leader hands over before. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Starts a node of its own cluster, a member of a larger one, or the one that lives in `dataDir`. Resolves when it serves:
 * a leader is there, the log is applied, the member's name and addresses are published.
 *
 * Errors: `TypeError` and `RangeError` for options; an `Error` that names the address in use, the locked directory, file
 * and offset of damaged data, or why the cluster must not take this member. Nothing stays open then.
 */
export async function startNode(options: NodeOptions = {}): Promise<KvorumNode> {
  return startNodeWith(options, {});
}

/** What a node is given by those who start it from inside this package. */
export interface MemberParts {
  /** Ports for other members that are already open; closed with the node. */
  readonly openPeers?: GrpcPeers | undefined;
  /** Default: none does anything. */
  readonly failpoints?: Failpoints | undefined;
}

/** `startNode` for the command and for tests. */
export async function startNodeWith(options: NodeOptions, parts: MemberParts): Promise<KvorumNode> {
  const resolved = resolveOptions(options);
  return startMember(resolved, resolved.dataDir === IN_MEMORY ? new MachineMemory() : resolved.dataDir, parts);
}

/** With storage that is already there. */
export async function startMember(
  options: ResolvedOptions,
  dataDir: string | MachineMemory,
  parts: MemberParts = {},
): Promise<KvorumNode> {
  const closers = new Closers();
  try {
    return await start(options, dataDir, closers, parts);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function start(
  options: ResolvedOptions,
  dataDir: string | MachineMemory,
  closers: Closers,
  { openPeers, failpoints = NO_FAILPOINTS }: MemberParts,
): Promise<KvorumNode> {
  const { name, logger } = options;
  const startedMs = performance.now();
  const clock = new SystemClock();
  // First, so that ports that came open are closed whatever fails.
  if (openPeers !== undefined) closers.add(() => openPeers.close());
  const auth = new NodeAuth(options.auth, clock);
  closers.add(() => auth.close());
  const storage = await openStorage(dataDir, { ...options, failpoints }, (close) => closers.add(close));
  const { disk, backend, walDirectory, snapshotDirectory } = storage;
  const world = { clock, random: new SystemRandom(), disk, failpoints, logger };
  const member = { ...memberOptions(options), backend, walDirectory, snapshotDirectory };
  if (options.forceNewCluster) await forceNewCluster(member, world);
  const tlsMeasures = new TlsMeasures();
  const tls = await openTlsSides({
    ...tlsOptions(options, dataDir, openPeers !== undefined),
    ...{ clock, logger, measures: tlsMeasures },
  });
  closers.add(() => tls.close());
  const peers = openPeers ?? (await listenForPeers(options, clock, closers, { tls: tls.peer, ...storage })) ?? NO_PEERS;
  const measures = new NodeMeasures();
  const env: Env = { ...world, peers };
  const node = await EtcdNode.start({
    ...member,
    env,
    measures,
    tokens: auth.tokenSink,
    onWalFlush: ({ bytes, durationMs }) => {
      measures.walWriteBytes.add(bytes);
      measures.walFsync.observe(durationMs / 1000);
    },
  });
  closers.add(() => node.stop());
  if (peers instanceof GrpcPeers) peers.showPages(peerPages(() => versionsOf(node)));
  const ended = Promise.race([node.failed.then(rethrow), node.removed.then(() => refuseRemoved(node.header))]);
  ended.catch(() => {});
  if (options.initialCorruptCheck) await Promise.race([node.checkSelf(), ended]);
  const edge = await openEdge(node, options, clock, {
    privateFolder: storage.privateFolder,
    measures,
    auth: auth.portsFor(node, { certificates: options.clientTls?.clientCertAuth === true }),
    tls: tls.client?.listener,
    ...((options.clientTls ?? options.peerTls) !== undefined && { tlsMeasures }),
    ...(peers instanceof GrpcPeers && { peerMeasures: peers.measures }),
  });
  closers.add(() => edge.close());
  await Promise.race([readyOr(node.ready, ended, clock), ended]);
  await publishEndpoints(node, options, edge.endpoints);
  if (options.autoCompaction !== undefined) {
    const compactor = startAutoCompaction(node, options.autoCompaction, clock, logger);
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
    get isLeader() {
      return node.raftStatus.role === "leader";
    },
    failed: node.failed,
    removed: node.removed,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Ports for members that are open already have brought their own. */
function tlsOptions(
  { clientTls, peerTls, listenClientUrls, listenPeerUrls, http }: ResolvedOptions,
  dataDir: string | MachineMemory,
  hasPeers: boolean,
): Omit<TlsSidesOptions, "clock" | "logger" | "measures"> {
  const { listenClientHttpUrls = [], listenMetricsUrls = [] } = http;
  return {
    clientTls,
    peerTls: hasPeers ? undefined : peerTls,
    clientUrls: [...listenClientUrls, ...listenClientHttpUrls, ...listenMetricsUrls],
    peerUrls: hasPeers ? [] : listenPeerUrls,
    dataDir: typeof dataDir === "string" ? dataDir : undefined,
  };
}

/** Undefined for a node that listens for nobody. */
async function listenForPeers(
  { listenPeerUrls, logger, engine }: ResolvedOptions,
  clock: SystemClock,
  closers: Closers,
  { tls, privateFolder }: Pick<Storage, "privateFolder"> & { readonly tls: NodeTls | undefined },
): Promise<GrpcPeers | undefined> {
  if (listenPeerUrls.length === 0) return undefined;
  const peers = new GrpcPeers({ clock, logger, engine, tls });
  closers.add(() => peers.close());
  for (const [i, url] of listenPeerUrls.entries()) {
    const own = privateFolder === undefined ? undefined : `${privateFolder}-peers-${i + 1}`;
    await peers.listen(addressOf(url), { secure: isSecure(url), privateFolder: own });
  }
  return peers;
}

type MemberOptions = Omit<
  Parameters<typeof EtcdNode.start>[0],
  "env" | "backend" | "walDirectory" | "snapshotDirectory" | "measures" | "onWalFlush"
>;

function memberOptions(options: ResolvedOptions): MemberOptions {
  return {
    name: options.name,
    clientUrls: options.advertiseClientUrls ?? options.listenClientUrls.filter(hasFixedAddress),
    peerUrls: options.peerUrls,
    clusterToken: options.clusterToken,
    initialCluster: options.initialCluster,
    initialClusterState: options.initialClusterState,
    forceNewCluster: options.forceNewCluster,
    preVote: options.preVote,
    strictReconfigCheck: options.strictReconfigCheck,
    maxLearners: options.maxLearners,
    corruptCheckMs: options.corruptCheckMs,
    heartbeatMs: options.heartbeatMs,
    electionMs: options.electionMs,
    snapshotCount: options.snapshotCount,
    catchUpEntries: options.catchUpEntries,
    maxRequestBytes: options.maxRequestBytes,
    quotaBytes: options.quotaBackendBytes,
    progressNotifyMs: options.watchProgressNotifyMs,
    warnApplyMs: options.warnApplyMs,
  };
}

/** A port that the system picks is known only now, after the member has published itself without it. */
async function publishEndpoints(node: EtcdNode, options: ResolvedOptions, endpoints: readonly string[]): Promise<void> {
  if (options.advertiseClientUrls !== undefined || options.listenClientUrls.every(hasFixedAddress)) return;
  const { memberId } = node.header;
  await node.propose({ kind: "member-attributes", memberId, name: options.name, clientUrls: endpoints });
}

function hasFixedAddress(url: string): boolean {
  return isUnix(url) || new URL(url).port !== "0";
}

function logReady(
  { name, dataDir, logger }: { name: string; dataDir: string; logger: Logger },
  endpoints: readonly string[],
  { clusterId, memberId, startMs }: { clusterId: bigint; memberId: bigint; startMs: number },
): void {
  const ids = { clusterId: clusterId.toString(16), memberId: memberId.toString(16) };
  logger.info({ name, endpoints, dataDir, ...ids, version: KVORUM_VERSION, startMs }, "ready to serve client requests");
}

/** What ended the node says more than what waited for it and was told that the node stops. */
async function readyOr(ready: Promise<void>, ended: Promise<never>, clock: SystemClock): Promise<void> {
  try {
    await ready;
  } catch (error) {
    await Promise.race([ended, new Promise<void>((resolve) => clock.afterIo(resolve))]);
    throw error;
  }
}

function rethrow(error: Error): never {
  throw error;
}
