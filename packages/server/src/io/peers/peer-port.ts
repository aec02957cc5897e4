/**
 * One port for other members. Plain text is served by the RPC engine itself; TLS by the mux that client ports have, so
 * that handshakes have the same limits and the same judge everywhere.
 */
import { createServer, type Server as HttpServer } from "node:http";
import { type ListenAddress, listenPrivately, PortMux, type RpcServer, type TlsListener } from "@kvorum/transport";

export interface PeerPort {
  readonly address: ListenAddress;
  /** Ends every connection. Idempotent. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;

/** Errors: those of listening; nothing stays open then. */
export async function openPeerPort(
  server: RpcServer,
  address: ListenAddress,
  tls: TlsListener | undefined,
): Promise<PeerPort> {
  if (tls === undefined) {
    const bound = await server.listen(address);
    return { address: bound.address, close: () => server.close() };
  }
  const listener = await listenPrivately(server);
  const http = noPages();
  const mux = new PortMux({ rpc: listener.address, http, tls });
  const close = async (): Promise<void> => {
    await Promise.all([mux.close(), server.close()]);
    http.close();
    http.closeAllConnections();
    await listener.remove();
  };
  try {
    return { address: (await mux.listen(address)).address, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Members talk gRPC; whoever comes with HTTP/1 finds nothing. */
function noPages(): HttpServer {
  return createServer({ headersTimeout: HEADERS_TIMEOUT_MS }, (_request, response) => {
    response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
    response.end("404 page not found\n");
  });
}
