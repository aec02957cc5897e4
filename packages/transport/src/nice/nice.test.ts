/** Engine one against the transport contract: directly, over a unix socket, and behind the port mux. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { PortMux } from "../mux.js";
import { listenPrivately } from "../private-socket.js";
import type { ListenAddress } from "../server.js";
import { transportContract } from "../testing/contract.js";
import { type EnginePair, Harness } from "../testing/harness.js";
import { niceChannel } from "./channel.js";
import { createNiceServer } from "./server.js";

const pairs: EnginePair[] = [
  {
    name: "over TCP",
    channel: niceChannel,
    createServer: createNiceServer,
    serve: async (server) => {
      const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
      return { endpoint: endpointOf(address), close: async () => {} };
    },
  },
  {
    name: "over a unix socket",
    channel: niceChannel,
    createServer: createNiceServer,
    serve: async (server) => {
      const folder = await mkdtemp(join(tmpdir(), "kvorum-test-"));
      const { address } = await server.listen({ path: join(folder, "socket") });
      return { endpoint: endpointOf(address), close: () => rm(folder, { recursive: true, force: true }) };
    },
  },
  {
    name: "behind the port mux",
    channel: niceChannel,
    createServer: createNiceServer,
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

for (const pair of pairs) {
  describe(`nice to nice ${pair.name}`, () => {
    for (const { name, run } of transportContract) {
      it(name, async () => {
        await using harness = new Harness(pair);
        await run(harness);
      });
    }
  });
}

function endpointOf(address: ListenAddress): string {
  return "path" in address ? `unix:${address.path}` : `http://${address.host}:${address.port}`;
}
