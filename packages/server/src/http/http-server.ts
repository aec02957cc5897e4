/**
 * HTTP/1.1 on the client port: `/version`, `/health` and `/metrics`. Paths, bodies and status codes are those of etcd's
 * client URLs. The server is not bound to a port of its own; the port mux hands it the connections that do not begin
 * with HTTP/2's preface.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { NodeApi } from "../node/api.js";
import type { Metrics } from "../rpc/metrics.js";
import { checkHealth } from "./health.js";

export interface HttpOptions {
  readonly node: NodeApi;
  readonly metrics: Metrics;
  readonly versions: Versions;
}

/** What `/version` says. */
export interface Versions {
  /** API level as a full version: `3.6.0`. */
  readonly etcdserver: string;
  readonly etcdcluster: string;
  readonly storage: string;
  /** Our own version. */
  readonly kvorum: string;
}

const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_TIMEOUT_MS = 60_000;

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Endpoint = (query: URLSearchParams) => Promise<Answer> | Answer;

/** A server that waits for connections to be handed to it; close it with `closeAllConnections()`. */
export function createHttpServer(options: HttpOptions): Server {
  const endpoints = endpointsOf(options);
  return createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    (request, response) => {
      serve(endpoints, request, response).catch((error: unknown) => {
        send(request, response, text(500, `${error instanceof Error ? error.message : String(error)}\n`));
      });
    },
  );
}

function endpointsOf({ node, metrics, versions }: HttpOptions): ReadonlyMap<string, Endpoint> {
  return new Map<string, Endpoint>([
    ["/version", () => json(200, versions)],
    [
      "/health",
      async (query) => {
        const health = await checkHealth(node, {
          exclude: new Set(query.getAll("exclude")),
          serializable: query.get("serializable") === "true",
        });
        metrics.countHealth(health.healthy);
        // The flag is a string for the sake of etcd's first clients.
        const body = { health: String(health.healthy), reason: health.reason };
        return health.healthy ? json(200, body) : text(503, `${JSON.stringify(body)}\n`);
      },
    ],
    ["/metrics", async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() })],
  ]);
}

async function serve(
  endpoints: ReadonlyMap<string, Endpoint>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const endpoint = endpoints.get(path);
  if (endpoint === undefined) return send(request, response, text(404, "404 page not found\n"));
  if (request.method !== "GET") {
    response.setHeader("Allow", "GET");
    return send(request, response, text(405, "Method Not Allowed\n"));
  }
  send(request, response, await endpoint(new URLSearchParams(query)));
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // A body that nobody asked for is not read: the connection ends instead.
  if (request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined) {
    response.setHeader("Connection", "close");
  }
  response.writeHead(answer.status, {
    "Content-Type": answer.contentType,
    "Content-Length": Buffer.byteLength(answer.body),
    "X-Content-Type-Options": "nosniff",
  });
  response.end(answer.body);
}

function json(status: number, value: object): Answer {
  return { status, contentType: "application/json", body: JSON.stringify(value) };
}

function text(status: number, body: string): Answer {
  return { status, contentType: "text/plain; charset=utf-8", body };
}
