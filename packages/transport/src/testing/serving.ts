/** The ways in which a server can be reached, for tests that play on all of them. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PortMux } from "../mux.js";
import { listenPrivately } from "../private-socket.js";
import type { ListenAddress } from "../server.js";
import type { EnginePair } from "./harness.js";

export const servingWays: readonly Pick<EnginePair, "name" | "serve">[] = [
  {
    name: "over TCP",
    serve: async (server) => {
      const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
      return { endpoint: endpointOf(address), close: async () => {} };
    },
  },
  {
    name: "over a unix socket",
    serve: async (server) => {
      const folder = await mkdtemp(join(tmpdir(), "kvorum-test-"));
      const { address } = await server.listen({ path: join(folder, "socket") });
      return { endpoint: endpointOf(address), close: () => rm(folder, { recursive: true, force: true }) };
    },
  },
  {
    name: "behind the port mux",
    serve: async (server) => {
      const listener = await listenPrivately(server);
      const http = createHttpServer((_request, response) => response.end());
      const mux = new PortMux({ rpc: listener.address, http });
      const { address } = await mux.listen({ host: "127.0.0.1", port: 0 });
      return {
        endpoint: endpointOf(address),
        close: async () => {
          await mux.close();
          http.close();
          await listener.remove();
        },
      };
    },
  },
];

function endpointOf(address: ListenAddress): string {
  return "path" in address ? `unix:${address.path}` : `http://${address.host}:${address.port}`;
}
