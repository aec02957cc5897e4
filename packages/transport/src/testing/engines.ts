/** The engines' server halves, for tests of what every one of them must withstand, alone and behind a mux. */
import { createLeanServer } from "../lean/rpc-server.js";
import type { PortMuxOptions } from "../mux.js";
import { createNiceServer } from "../nice/server.js";
import { listenPrivately } from "../private-socket.js";
import type { RpcServer, RpcServerOptions } from "../server.js";

export interface ServerEngine {
  readonly name: string;
  create(options?: RpcServerOptions): RpcServer;
  /** A server for a mux, and what the mux is told of it; `add` gives it its services. */
  behindMux(add: (server: RpcServer) => void): Promise<{
    readonly server: RpcServer;
    readonly rpc: NonNullable<PortMuxOptions["rpc"]>;
    /** After the server is closed. */
    remove(): Promise<void>;
  }>;
}

export const serverEngines: readonly ServerEngine[] = [
  {
    name: "nice",
    create: createNiceServer,
    behindMux: async (add) => {
      const server = createNiceServer();
      add(server);
      const listener = await listenPrivately(server);
      return { server, rpc: listener.address, remove: () => listener.remove() };
    },
  },
  {
    name: "lean",
    create: createLeanServer,
    behindMux: async (add) => {
      const server = createLeanServer();
      add(server);
      return { server, rpc: server, remove: async () => {} };
    },
  },
];
