/**
 * What the ports of a node serve by HTTP/1.1: everything on a client port, health and metrics on a port for monitoring, the
 * version on a port for members, nothing on a port for gRPC alone. Read `access.ts` for who is let in, `node-endpoints.ts` and `gateway/gateway.ts` for
 * what there is.
 */
import type { RequestListener } from "node:http";
import type { Duplex } from "node:stream";
import type { AccessRules } from "./access.js";
import { type Answer, notFound, send } from "./answer.js";
import { debugVars } from "./debug-vars.js";
import { type Endpoints, serveEndpoint, targetOf } from "./endpoints.js";
import type { Gateway } from "./gateway/gateway.js";
import { isGatewayPath } from "./gateway/routes.js";
import type { HttpSurface } from "./http-server.js";
import { type EndpointParts, healthEndpoints, type Versions, versionEndpoint } from "./node-endpoints.js";
import { profileEndpoints } from "./profiles.js";

export interface ClientSurfaceParts extends EndpointParts {
  readonly access: AccessRules;
  /** Undefined where the gateway is switched off. */
  readonly gateway: Gateway | undefined;
  /** Serve profiles. */
  readonly debug: boolean;
}

export function clientSurface(parts: ClientSurfaceParts): HttpSurface {
  const { access, gateway } = parts;
  const endpoints: Endpoints = new Map([
    ...healthEndpoints(parts),
    ["/version", versionEndpoint(parts.versions)],
    ["/debug/vars", debugVars(parts.node)],
    ...(parts.debug ? profileEndpoints() : []),
  ]);
  return {
    async request(request, response) {
      const { path } = targetOf(request);
      const refusal = access.refusalOf(request, path);
      if (refusal !== undefined) return send(request, response, refusal);
      access.setCorsHeaders(request, response);
      if (request.method === "OPTIONS")
        return send(request, response, { status: 200, contentType: "text/plain", body: "" });
      if (gateway !== undefined && isGatewayPath(path)) return gateway.request(request, response, path);
      return serveEndpoint(endpoints, request, response);
    },
    upgrade(request, socket, head) {
      const { path } = targetOf(request);
      const refusal = access.refusalOf(request, path);
      if (refusal !== undefined) refuseUpgrade(socket, refusal);
      else if (gateway?.upgrade(request, socket, head, path) !== true) refuseUpgrade(socket, notFound());
    },
  };
}

/** `--listen-metrics-urls`: health and metrics. Whoever reaches the port may ask under any name, as in etcd. */
export function metricsSurface(parts: EndpointParts): HttpSurface {
  return endpointSurface(healthEndpoints(parts));
}

/** What peer URLs show: `/version`. The rest of etcd's paths there is between members, and ours talk gRPC. */
export function peerPages(versions: () => Versions): RequestListener {
  const endpoints: Endpoints = new Map([["/version", versionEndpoint(versions)]]);
  return (request, response) => {
    serveEndpoint(endpoints, request, response).catch(() => response.destroy());
  };
}

/** Only what is in the table. */
export function endpointSurface(endpoints: Endpoints): HttpSurface {
  return { request: (request, response) => serveEndpoint(endpoints, request, response) };
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  421: "Misdirected Request",
};

/** There is no response object for an upgrade. */
function refuseUpgrade(socket: Duplex, { status, contentType, body }: Answer): void {
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? "Refused"}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
