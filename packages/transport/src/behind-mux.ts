/** How a port mux reaches an engine: by handing it the sockets, or over a private socket where the engine must listen itself. */
import { listenPrivately } from "./private-socket.js";
import type { PrivateAddress, RpcServer, SocketEngine } from "./server.js";

export interface BehindMux {
  /** For `PortMuxOptions`. */
  readonly rpc: SocketEngine | PrivateAddress;
  /** Removes what the way needed; call it after the server is closed. Idempotent. */
  remove(): Promise<void>;
}

/** `ownFolder` and errors: see `listenPrivately`; an engine that takes sockets needs neither. */
export async function behindMux(server: RpcServer & Partial<SocketEngine>, ownFolder?: string): Promise<BehindMux> {
  if (takesSockets(server)) return { rpc: server, remove: async () => {} };
  const { address, remove } = await listenPrivately(server, ownFolder);
  return { rpc: address, remove };
}

function takesSockets(server: RpcServer & Partial<SocketEngine>): server is RpcServer & SocketEngine {
  return server.accept !== undefined;
}
