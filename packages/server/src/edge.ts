/**
 * The edge of a node: its RPC server, what it serves by HTTP, and the ports where both are reached (`client-ports.ts`).
 * Knows the node only as `NodeApi`.
 */
import { type BehindMux, behindMux, type RpcServer, type RpcServerOptions, type TlsListener } from "@kvorum/transport";
import { ClientPorts } from "./client-ports.js";
import { featureStates } from "./config/feature-gates.js";
import type { Clock } from "./env.js";
import { AccessRules, LOOPBACK_NAMES } from "./http/access.js";
import { Gateway } from "./http/gateway/gateway.js";
import type { Versions } from "./http/node-endpoints.js";
import { clientSurface, metricsSurface } from "./http/surfaces.js";
import { SystemRandom } from "./io/random.js";
import { hostOf } from "./listener-url.js";
import { LimitedLog } from "./log/limited-log.js";
import type { MeasureSet } from "./measures/measure-set.js";
import type { NodeMeasures } from "./measures/node-measures.js";
import type { NodeApi } from "./node/api.js";
import type { ResolvedOptions } from "./options.js";
import type { AuthPorts } from "./rpc/auth-ports.js";
import { Metrics } from "./rpc/metrics.js";
import { addServices } from "./rpc/services.js";
import { StreamEnds } from "./rpc/stream-ends.js";
import { API_VERSION, KVORUM_VERSION } from "./version.js";

/** A message may be this much larger than a request: its frame, and what a transaction adds (etcd's allowance). */
const MESSAGE_OVERHEAD_BYTES = 512 * 1024;
/**
 * Values of a request. Of a transaction's operation, 32 lists of which are allowed, 16 are counted: more than its messages and
 * fields are. Decoding as many takes less than 100 ms.
 */
const VALUES_PER_OP = 32 * 16;
const REQUEST_VALUES_MIN = 65_536;
/** How long running calls and open connections may take to end by themselves. */
const CLOSE_GRACE_MS = 1000;

/** etcd's defaults of pings on client connections, in milliseconds. */
const PING_MIN_TIME_MS = 5000;
const PING_INTERVAL_MS = 2 * 3600 * 1000;
const PING_TIMEOUT_MS = 20_000;

export interface Edge {
  /** URLs to connect to, one a listener. */
  readonly endpoints: readonly string[];
  /** Ends streams with "server stopped", lets running calls finish, closes every connection. Idempotent. */
  close(): Promise<void>;
}

/** What the edge is given besides the node. */
export interface EdgeParts {
  /** Where the RPC server's own socket may lie: a folder of this node alone, inside its locked data directory. */
  readonly privateFolder?: string | undefined;
  /** What the node counts, to be shown with what the edge counts. */
  readonly measures?: NodeMeasures;
  readonly peerMeasures?: MeasureSet;
  /** Passwords, tokens and who asks. Default: nobody has an identity. */
  readonly auth?: AuthPorts;
  /** TLS of the ports whose URL asks for it. */
  readonly tls?: TlsListener | undefined;
  readonly tlsMeasures?: MeasureSet;
}

/**
 * Opens the ports.
 *
 * Errors: an `Error` naming the address that cannot be listened on; nothing stays open then.
 */
export async function openEdge(
  node: NodeApi,
  options: ResolvedOptions,
  clock: Clock,
  { privateFolder, measures, peerMeasures, auth, tls, tlsMeasures }: EdgeParts = {},
): Promise<Edge> {
  const quotaBytes = Math.max(0, options.quotaBackendBytes);
  const metrics = new Metrics({
    ...{ node, serverVersion: API_VERSION, quotaBytes, measures },
    features: featureStates(options.initialCorruptCheck),
    more: [peerMeasures, tlsMeasures].filter((set) => set !== undefined),
    extensive: options.http.metrics === "extensive",
  });
  const ends = new StreamEnds(node, clock, options.electionMs);
  const receiveBytesMax = options.maxRequestBytes + MESSAGE_OVERHEAD_BYTES;
  const rpc = options.engine.createServer({
    receiveBytesMax,
    requestValuesMax: Math.max(REQUEST_VALUES_MIN, VALUES_PER_OP * options.maxTxnOps),
    concurrentStreamsMax: options.maxConcurrentStreams,
    ...keepAliveOf(options.keepAlive),
    traffic: {
      received: (bytes) => metrics.calls.receivedBytes.add(bytes),
      sent: (bytes) => metrics.calls.sentBytes.add(bytes),
    },
  });
  const { maxTxnOps, maxRequestBytes } = options;
  const random = new SystemRandom();
  const pickLeaseId = (): bigint => random.int63();
  const pause = (): Promise<void> => new Promise((resolve) => clock.afterIo(resolve));
  const limits = { maxTxnOps, maxRequestBytes, quotaBytes };
  const { logger, warnUnaryMs } = options;
  const observing = { calls: metrics.calls, clock, slow: new LimitedLog(logger, clock), warnUnaryMs };
  const services = { node, auth, metrics, observing, ends, pickLeaseId, pause, apiVersion: API_VERSION, ...limits };
  const gateway = new Gateway({ receiveBytesMax, maxTxnOps });
  // The very same guarded services by both ways.
  const both: Pick<RpcServer, "add"> = {
    add(service, implementation) {
      rpc.add(service, implementation);
      gateway.services.add(service, implementation);
    },
  };
  addServices(both, services);
  const endpoints = { node, metrics, versions: () => versionsOf(node) };
  const { debug = false, gateway: isGatewayOn = true } = options.http;
  const access = new AccessRules(accessOf(node, options));
  const client = clientSurface({ ...endpoints, access, debug, gateway: isGatewayOn ? gateway : undefined });
  const ports = new ClientPorts();
  let reached: BehindMux | undefined;
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    ends.stop();
    gateway.close();
    await Promise.all([rpc.close({ graceMs: CLOSE_GRACE_MS }), ports.close(CLOSE_GRACE_MS)]);
    await reached?.remove();
  }
  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };

  try {
    reached = await behindMux(rpc, privateFolder);
    const pings = { minTimeMs: options.keepAlive.minTimeMs ?? PING_MIN_TIME_MS };
    const parts = { rpc: reached.rpc, client, metrics: metricsSurface(endpoints), tls, pings };
    return { endpoints: await ports.open(options, parts), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The node's own pings; an interval of 0 turns them off. */
function keepAliveOf(options: ResolvedOptions["keepAlive"]): Pick<RpcServerOptions, "keepAlive"> {
  const { intervalMs = PING_INTERVAL_MS, timeoutMs = PING_TIMEOUT_MS } = options;
  return intervalMs === 0 ? {} : { keepAlive: { intervalMs, timeoutMs } };
}

/** A cluster that has not been told a version speaks ours: there were no other ones. */
export function versionsOf({ clusterVersion }: Pick<NodeApi, "clusterVersion">): Versions {
  return {
    etcdserver: API_VERSION,
    etcdcluster: clusterVersion ?? API_VERSION,
    storage: API_VERSION,
    kvorum: KVORUM_VERSION,
  };
}

/** A member answers to the names under which others are told to reach it, unless it is given a list. */
function accessOf(node: NodeApi, options: ResolvedOptions): ConstructorParameters<typeof AccessRules>[0] {
  const { corsOrigins = [], hostWhitelist } = options.http;
  const advertised = [...(options.advertiseClientUrls ?? []), ...options.listenClientUrls].map(hostOf);
  return {
    corsOrigins,
    hostWhitelist: hostWhitelist ?? [...LOOPBACK_NAMES, ...advertised],
    allowAddresses: hostWhitelist === undefined,
    refusesCertificates: () => options.clientTls?.clientCertAuth === true && node.auth.enabled,
  };
}
