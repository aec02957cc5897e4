/**
 * The edge of a node: its RPC server, its HTTP server, and the ports on which the mux tells the two apart. Knows the node
 * only as `NodeApi`.
 */

import type { Server as HttpServer } from "node:http";
import { createNiceServer, listenPrivately, PortMux, type PrivateListener } from "@kvorum/transport";
import type { Clock } from "./env.js";
import { createHttpServer } from "./http/http-server.js";
import { SystemRandom } from "./io/random.js";
import { addressOf, endpointOf, listen } from "./listen.js";
import type { MeasureSet } from "./measures/measure-set.js";
import type { NodeMeasures } from "./measures/node-measures.js";
import type { NodeApi } from "./node/api.js";
import { SlowLog } from "./node/slow-log.js";
import type { ResolvedOptions } from "./options.js";
import { Metrics } from "./rpc/metrics.js";
import { addServices } from "./rpc/services.js";
import { StreamEnds } from "./rpc/stream-ends.js";
import { API_VERSION, KVORUM_VERSION } from "./version.js";

/** A message may be this much larger than a request: its frame, and what a transaction adds (etcd's allowance). */
const MESSAGE_OVERHEAD_BYTES = 512 * 1024;
/** How long running calls and open connections may take to end by themselves. */
const CLOSE_GRACE_MS = 1000;

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
  { privateFolder, measures, peerMeasures }: EdgeParts = {},
): Promise<Edge> {
  const quotaBytes = Math.max(0, options.quotaBackendBytes);
  const metrics = new Metrics({
    ...{ node, serverVersion: API_VERSION, quotaBytes, measures },
    more: peerMeasures === undefined ? [] : [peerMeasures],
    extensive: options.http.metrics === "extensive",
  });
  const ends = new StreamEnds(node, clock, options.electionMs);
  const rpc = createNiceServer({
    receiveBytesMax: options.maxRequestBytes + MESSAGE_OVERHEAD_BYTES,
    concurrentStreamsMax: options.maxConcurrentStreams,
  });
  const { maxTxnOps, maxRequestBytes } = options;
  const random = new SystemRandom();
  const pickLeaseId = (): bigint => random.int63();
  const pause = (): Promise<void> => new Promise((resolve) => clock.afterIo(resolve));
  const limits = { maxTxnOps, maxRequestBytes, quotaBytes };
  const { logger, warnUnaryMs } = options;
  const observing = { calls: metrics.calls, clock, slow: new SlowLog(logger, clock), warnUnaryMs };
  addServices(rpc, { node, metrics, observing, ends, pickLeaseId, pause, apiVersion: API_VERSION, ...limits });
  const versions = { etcdserver: API_VERSION, etcdcluster: API_VERSION, storage: API_VERSION, kvorum: KVORUM_VERSION };
  const http = createHttpServer({ node, metrics, versions });
  const muxes: PortMux[] = [];
  let listener: PrivateListener | undefined;
  let closing: Promise<void> | undefined;

  async function closeAll(): Promise<void> {
    ends.stop();
    http.closeIdleConnections();
    const graceMs = CLOSE_GRACE_MS;
    await Promise.all([rpc.close({ graceMs }), ...muxes.map((mux) => mux.close({ graceMs }))]);
    closeHttp(http);
    await listener?.remove();
  }
  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };

  try {
    listener = await listenPrivately(rpc, privateFolder);
    const endpoints: string[] = [];
    for (const url of options.listenClientUrls) {
      const mux = new PortMux({ rpc: listener.address, http });
      muxes.push(mux);
      endpoints.push(endpointOf(await listen(mux, addressOf(url))));
    }
    return { endpoints, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** It never listened itself; what is left are its timers and the connections it was handed. */
function closeHttp(http: HttpServer): void {
  http.close();
  http.closeAllConnections();
}
