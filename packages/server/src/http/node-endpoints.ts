/** The plain endpoints of a node: `/version`, `/health`, `/livez`, `/readyz` and `/metrics`. Paths and bodies are etcd's. */
import type { NodeApi } from "../node/api.js";
import { type Answer, json, text } from "./answer.js";
import { type CountCheck, checkEndpoints } from "./checks.js";
import type { Endpoint, Endpoints } from "./endpoints.js";
import { checkHealth } from "./health.js";

/** What `/version` says. */
export interface Versions {
  /** API level as a full version: `3.6.0`. */
  readonly etcdserver: string;
  /** What every member of the cluster speaks: `3.6.0`. */
  readonly etcdcluster: string;
  readonly storage: string;
  /** Our own version. */
  readonly kvorum: string;
}

/** Of Prometheus' text format. */
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What the endpoints need of the node's metrics. */
export interface HttpMetrics {
  text(): Promise<string>;
  countHealth(healthy: boolean): void;
  countCheck: CountCheck;
}

export interface EndpointParts {
  readonly node: NodeApi;
  readonly metrics: HttpMetrics;
  readonly versions: () => Versions;
}

/** What a port for monitoring serves; a port for clients too. */
export function healthEndpoints({ node, metrics }: EndpointParts): Endpoints {
  return new Map<string, Endpoint>([
    ["/health", (query) => health(node, metrics, query)],
    // Always the text format, as etcd: OpenMetrics would rename counters that do not end in `_total`.
    ["/metrics", async () => ({ status: 200, contentType: METRICS_TYPE, body: await metrics.text() })],
    ...checkEndpoints(node, (kind, name, passed) => metrics.countCheck(kind, name, passed)),
  ]);
}

/** `/version`, on client and peer URLs. */
export function versionEndpoint(versions: () => Versions): Endpoint {
  return () => json(200, versions());
}

async function health(node: NodeApi, metrics: HttpMetrics, query: URLSearchParams): Promise<Answer> {
  const { healthy, reason } = await checkHealth(node, {
    exclude: new Set(query.getAll("exclude")),
    serializable: query.get("serializable") === "true",
  });
  metrics.countHealth(healthy);
  // The flag is a string for the sake of etcd's first clients.
  const body = { health: String(healthy), reason };
  return healthy ? json(200, body) : text(503, `${JSON.stringify(body)}\n`);
}
