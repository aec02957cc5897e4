/** The lean server against the transport contract: directly, over a unix socket, and behind the port mux, with and without TLS. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { TransportFactory } from "../channel.js";
import { PortMux, type PortMuxOptions } from "../mux.js";
import { niceChannel } from "../nice/channel.js";
import { listenPrivately } from "../private-socket.js";
import { ca, serverCertificate } from "../testing/certificates.js";
import { transportContract } from "../testing/contract.js";
import { type EnginePair, Harness } from "../testing/harness.js";
import { leanChannel } from "./channel.js";
import { createLeanServer } from "./rpc-server.js";

type Serve = (server: ReturnType<typeof createLeanServer>) => ReturnType<EnginePair["serve"]>;

const ways: readonly (readonly [string, Serve])[] = [
  [
    "over TCP",
    async (server) => {
      const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
      return { endpoint: `http://127.0.0.1:${"port" in address ? address.port : 0}`, close: async () => {} };
    },
  ],
  [
    "over a unix socket",
    async (server) => {
      const folder = await mkdtemp(join(tmpdir(), "kvorum-test-"));
      await server.listen({ path: join(folder, "socket") });
      return { endpoint: `unix:${folder}/socket`, close: () => rm(folder, { recursive: true, force: true }) };
    },
  ],
  ["behind the port mux", (server) => behindMux({ rpc: server }, "http")],
  ["behind the port mux with TLS", (server) => behindMux({ rpc: server, tls: serverCertificate }, "https")],
  [
    "behind the port mux by way of a private socket",
    async (server) => {
      const listener = await listenPrivately(server);
      const { endpoint, close } = await behindMux({ rpc: listener.address }, "http");
      return {
        endpoint,
        close: async () => {
          await close();
          await listener.remove();
        },
      };
    },
  ],
];

async function behindMux(
  options: Omit<PortMuxOptions, "http">,
  scheme: string,
): Promise<{ endpoint: string; close(): Promise<void> }> {
  const http = createHttpServer((_request, response) => response.end());
  const mux = new PortMux({ ...options, http });
  const { address } = await mux.listen({ host: "127.0.0.1", port: 0 });
  return {
    endpoint: `${scheme}://127.0.0.1:${"port" in address ? address.port : 0}`,
    close: async () => {
      await mux.close();
      http.close();
    },
  };
}

/** Trusts the certificate of the tests. */
const trusting =
  (channel: TransportFactory): TransportFactory =>
  (endpoint, options) =>
    channel(endpoint, { ...options, ...(endpoint.startsWith("https:") && { tls: { ca } }) });

const clients: readonly (readonly [string, TransportFactory])[] = [
  ["nice", niceChannel],
  ["lean", leanChannel],
];

for (const [client, channel] of clients) {
  for (const [way, serve] of ways) {
    describe(`${client} to lean ${way}`, () => {
      for (const { name, run } of transportContract) {
        it(name, async () => {
          const pair: EnginePair = {
            name: way,
            channel: trusting(channel),
            createServer: createLeanServer,
            serve: (server) => serve(server as ReturnType<typeof createLeanServer>),
          };
          await using harness = new Harness(pair);
          await run(harness);
        });
      }
    });
  }
}
