/**
 * The ports of a node for its clients: gRPC and HTTP on one (`listenClientUrls`), HTTP alone (`listenClientHttpUrls`; the
 * others then serve gRPC alone), health and metrics alone (`listenMetricsUrls`). Every one of them goes through the mux,
 * so that the limits of connections hold on all.
 */
import type { Server as HttpServer } from "node:http";
import { PortMux, type PortMuxOptions, type TlsListener } from "@kvorum/transport";
import { createHttpServer, type HttpSurface } from "./http/http-server.js";
import { endpointSurface } from "./http/surfaces.js";
import { addressOf, endpointOf, listen } from "./listen.js";
import { isSecure } from "./listener-url.js";
import type { ResolvedOptions } from "./options.js";

export interface ClientPortsParts {
  readonly rpc: NonNullable<PortMuxOptions["rpc"]>;
  readonly client: HttpSurface;
  readonly metrics: HttpSurface;
  /** For the ports whose URL asks for it. */
  readonly tls?: TlsListener | undefined;
  readonly pings?: PortMuxOptions["pings"];
}

export class ClientPorts {
  readonly #muxes: PortMux[] = [];
  readonly #servers: HttpServer[] = [];
  #tls: TlsListener | undefined;

  /** Opens all of them; what came open is closed by `close()`, also after an error. Resolves with the client endpoints. */
  async open({ listenClientUrls, http }: ResolvedOptions, parts: ClientPortsParts): Promise<readonly string[]> {
    const { listenClientHttpUrls = [], listenMetricsUrls = [] } = http;
    const { rpc } = parts;
    this.#tls = parts.tls;
    const client = this.#serverOf(parts.client);
    const beside = listenClientHttpUrls.length > 0 ? this.#serverOf(endpointSurface(new Map())) : client;
    const endpoints: string[] = [];
    for (const url of listenClientUrls)
      endpoints.push(await this.#listen(url, { rpc, http: beside, pings: parts.pings }));
    for (const url of listenClientHttpUrls) await this.#listen(url, { http: client });
    const metrics = this.#serverOf(parts.metrics);
    for (const url of listenMetricsUrls) await this.#listen(url, { http: metrics });
    return endpoints;
  }

  /** Gives running requests `graceMs` to end by themselves. */
  async close(graceMs: number): Promise<void> {
    for (const server of this.#servers) server.closeIdleConnections();
    await Promise.all(this.#muxes.map((mux) => mux.close({ graceMs })));
    for (const server of this.#servers) closeHttp(server);
  }

  async #listen(url: string, options: PortMuxOptions): Promise<string> {
    const secure = isSecure(url);
    if (secure && this.#tls === undefined) throw new TypeError(`${url} needs a certificate`);
    const mux = new PortMux({ ...options, ...(secure && this.#tls !== undefined && { tls: this.#tls }) });
    this.#muxes.push(mux);
    return endpointOf(await listen(mux, addressOf(url)), { secure });
  }

  #serverOf(surface: HttpSurface): HttpServer {
    const server = createHttpServer(surface);
    this.#servers.push(server);
    return server;
  }
}

/** It never listened itself; what is left are its timers and the connections it was handed. */
function closeHttp(http: HttpServer): void {
  http.close();
  http.closeAllConnections();
}
