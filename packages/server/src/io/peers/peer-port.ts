/**
 * One port for other members, behind the mux that client ports have, so that connections and handshakes have the same
 * limits and the same judge everywhere. Members talk gRPC; who comes with HTTP/1 is shown a few pages.
 */
import { createServer, type Server as HttpServer, type RequestListener } from "node:http";
import {
  behindMux,
  type ListenAddress,
  PortMux,
  type RpcServer,
  type SocketEngine,
  type TlsListener,
} from "@kvorum/transport";

export interface PeerPort {
  readonly address: ListenAddress;
  /** Ends every connection. Idempotent. */
  close(): Promise<void>;
}

export interface PeerPortOptions {
  /** Default: plain text. */
  readonly tls: TlsListener | undefined;
  /** Asked anew for each request. Without any there is nothing to be found. */
  readonly pages: () => RequestListener | undefined;
  /** Where the engine's own socket may lie: a folder for this port alone. Default: one for temporary files. */
  readonly privateFolder?: string | undefined;
}

const HEADERS_TIMEOUT_MS = 10_000;

/** Errors: those of listening; nothing stays open then. */
export async function openPeerPort(
  server: RpcServer & Partial<SocketEngine>,
  address: ListenAddress,
  { tls, pages, privateFolder }: PeerPortOptions,
): Promise<PeerPort> {
  const { rpc, remove } = await behindMux(server, privateFolder);
  const http = httpServer(pages);
  const mux = new PortMux({ rpc, http, ...(tls !== undefined && { tls }) });
  const close = async (): Promise<void> => {
    await Promise.all([mux.close(), server.close()]);
    http.close();
    http.closeAllConnections();
    await remove();
  };
  try {
    return { address: (await mux.listen(address)).address, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function httpServer(pages: PeerPortOptions["pages"]): HttpServer {
  return createServer({ headersTimeout: HEADERS_TIMEOUT_MS }, (request, response) => {
    const listener = pages();
    if (listener !== undefined) return listener(request, response);
    response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
    response.end("404 page not found\n");
  });
}
