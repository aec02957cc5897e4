/** Connections that come and say nothing, or next to nothing: they are cut, and the node answers all the while. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createClient } from "@kvorum/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { knock, PORTS, type SecureNode, startSecureNode } from "./listeners.js";

let secure: SecureNode;
beforeAll(async () => {
  secure = await startSecureNode();
});
afterAll(() => secure?.close());

/** What a node gives a connection to show what it speaks, and some more for a machine under load. */
const HANDSHAKE_MS = 10_000;
const LATE_MS = 5000;

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port }).on("error", () => {});
  await once(socket, "connect");
  return socket.resume();
}

/** Not `once` of events, which would reject for a reset. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}

describe("GHSA-6vch-q96h-7gc3: a handshake that does not come to its end", () => {
  it.concurrent.each(PORTS)("is cut after ten seconds on the port for %s, byte by byte or silent", async (port) => {
    const startMs = performance.now();
    const [silent, slow] = [await open(secure.ports[port]), await open(secure.ports[port])];
    const hello = Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), Buffer.alloc(500)]);
    let at = 0;
    const drip = setInterval(() => slow.write(hello.subarray(at, ++at)), 1000);
    await Promise.all([silent, slow].map(closed));
    clearInterval(drip);
    const tookMs = performance.now() - startMs;
    expect(tookMs).toBeGreaterThan(HANDSHAKE_MS - 1000);
    expect(tookMs).toBeLessThan(HANDSHAKE_MS + LATE_MS);
  });
});

describe("a thousand connections that say nothing", () => {
  it("leave the node answering, and are not kept", async () => {
    const { authority, ports } = secure;
    const client = { ca: authority.ca, ...(await authority.issue("client")) };
    const kv = createClient({ endpoints: [`https://127.0.0.1:${ports["gRPC and HTTP"]}`], tls: client });
    await kv.put("key", "before");
    const idle: Socket[] = [];
    for (let i = 0; i < 1000; i++) idle.push(await open(ports["gRPC and HTTP"]));
    // The one that stands, and new ones: of gRPC and of HTTP.
    await kv.put("key", "during");
    const fresh = createClient({ endpoints: [`https://127.0.0.1:${ports["gRPC and HTTP"]}`], tls: client });
    expect((await fresh.get("key"))?.value).toBe("during");
    expect(await knock(ports["gRPC and HTTP"], client)).toBe("in");
    // No more than 256 of one address wait.
    expect(idle.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(256);
    for (const socket of idle) socket.destroy();
    await Promise.all([kv.close(), fresh.close()]);
  });
});
