/** What a server does whichever engine it has: listening, closing, and clients that have gone silent. */
import { once } from "node:events";
import { connect } from "node:net";
import { Health } from "@kvorum/proto";
import { afterEach, describe, expect, it } from "vitest";
import { niceChannel } from "./nice/channel.js";
import type { ListenAddress } from "./server.js";
import { Echo } from "./testing/echo.js";
import { serverEngines } from "./testing/engines.js";
import { eventually } from "./testing/harness.js";

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

describe.each(serverEngines)("the $name server", ({ create }) => {
  it("names an address it cannot listen on", async () => {
    await using first = create();
    const { address } = await first.listen({ host: "127.0.0.1", port: 0 });
    const second = create();
    const port = "port" in address ? address.port : 0;
    await expect(second.listen(address)).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: the address is in use`);
    await second.close();
  });

  it("refuses what comes too late", async () => {
    const server = create();
    await server.listen({ host: "127.0.0.1", port: 0 });
    expect(() => server.add(Health, {})).toThrow("add() after listen()");
    await server.close();
    await expect(server.listen({ host: "127.0.0.1", port: 0 })).rejects.toThrow("listen() after close()");
  });

  it("says where a call comes from", async () => {
    await using server = create();
    const peers: string[] = [];
    server.add(Health, {
      check: (_request, context) => {
        peers.push(context.peer);
        return {};
      },
    });
    const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
    await using channel = niceChannel(`http://127.0.0.1:${"port" in address ? address.port : 0}`);
    await channel.unary(Health.method.check, {});
    expect(peers[0]).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it("a server with keep-alive ends a connection that does not answer its pings", async () => {
    const server = create({ keepAlive: { intervalMs: 50, timeoutMs: 50 } });
    cleanup.push(() => server.close());
    const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
    // A client that says the preface of HTTP/2 and its (empty) settings, and then nothing more.
    const socket = connect(portOf(address), "127.0.0.1");
    cleanup.push(async () => void socket.destroy());
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    socket.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0));
    let closed = false;
    socket.on("close", () => {
      closed = true;
    });
    socket.on("error", () => {});
    socket.resume();
    await eventually(() => closed, "the end of the silent connection");
  });

  it("closing a server does not wait for a client that has stopped reading and closing", async () => {
    const server = create();
    server.add(Echo, { once: (note) => note });
    const { address } = await server.listen({ host: "127.0.0.1", port: 0 });
    // It never closes by itself: the half that the server closed stays half closed.
    const socket = connect({ port: portOf(address), host: "127.0.0.1", allowHalfOpen: true });
    cleanup.push(async () => void socket.destroy());
    socket.on("error", () => {});
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    socket.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0));
    await once(socket, "data");
    socket.pause();
    const startMs = performance.now();
    await server.close();
    expect(performance.now() - startMs).toBeLessThan(5000);
  });
});

function portOf(address: ListenAddress): number {
  return "port" in address ? address.port : 0;
}
