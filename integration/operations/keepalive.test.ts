/** Pings on client connections: who pings too often is sent away, by Kvorum as by etcd, and the node pings as it is told. */
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { KV } from "@kvorum/proto";
import { startNode } from "@kvorum/server";
import { niceChannel } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { etcdMissing, startEtcd } from "../support/etcd.js";

const ENHANCE_YOUR_CALM = 11;

interface Farewell {
  readonly code: number;
  readonly text: string;
}

/** A bare HTTP/2 connection; errors at its end are expected. */
async function connection(endpoint: string): Promise<ClientHttp2Session> {
  const session = connect(endpoint);
  session.on("error", () => {});
  await once(session, "remoteSettings");
  return session;
}

function farewellOf(session: ClientHttp2Session): Promise<Farewell> {
  return new Promise((resolve, reject) => {
    session.on("goaway", (code, _lastStream, data) => resolve({ code, text: data?.toString() ?? "" }));
    session.on("close", () => reject(new Error("closed without a word")));
  });
}

/** Pings without a call: three too many. */
async function pingTooOften(endpoint: string): Promise<Farewell> {
  const session = await connection(endpoint);
  const farewell = farewellOf(session);
  farewell.catch(() => {});
  for (let i = 0; i < 6 && !session.closed && !session.destroyed; i++) {
    session.ping(() => {});
    await pause(20);
  }
  try {
    return await farewell;
  } finally {
    session.destroy();
  }
}

const missing = etcdMissing();
if (missing !== undefined) console.warn(`the comparison of pings with etcd is skipped: ${missing}`);

describe("pings of a client", () => {
  it("that come too often end its connection with the reason", async () => {
    await using node = await startNode();
    expect(await pingTooOften(node.endpoints[0] ?? "")).toEqual({ code: ENHANCE_YOUR_CALM, text: "too_many_pings" });
  });

  it.skipIf(missing !== undefined)("end it on etcd in the same way", async () => {
    const etcd = await startEtcd();
    try {
      expect(await pingTooOften(etcd.endpoint)).toEqual({ code: ENHANCE_YOUR_CALM, text: "too_many_pings" });
    } finally {
      await etcd.stop();
    }
  });

  it("may come as often as the node allows while a call is open", async () => {
    await using node = await startNode({ keepAlive: { minTimeMs: 20 } });
    const session = await connection(node.endpoints[0] ?? "");
    const call = session.request({
      ":method": "POST",
      ":path": "/etcdserverpb.Watch/Watch",
      "content-type": "application/grpc",
      te: "trailers",
    });
    call.on("error", () => {});
    for (let i = 0; i < 10; i++) {
      await new Promise<void>((answered) => session.ping(() => answered()));
      await pause(30);
    }
    expect(session.closed).toBe(false);
    session.destroy();
  });

  it("do not touch the other connections", async () => {
    await using node = await startNode();
    const endpoint = node.endpoints[0] ?? "";
    const channel = niceChannel(endpoint);
    await channel.unary(KV.method.put, { key: Buffer.from("a") });
    await pingTooOften(endpoint);
    expect((await channel.unary(KV.method.range, { key: Buffer.from("a") })).count).toBe(1n);
    await channel.close();
  });
});

/** A preface and empty settings: all that a connection needs to count as one, and an answer to nothing. */
const SILENT_CLIENT = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

describe("pings of the node", () => {
  it("come as often as it is told", async () => {
    await using node = await startNode({ keepAlive: { intervalMs: 50, timeoutMs: 1000 } });
    const session = await connection(node.endpoints[0] ?? "");
    for (let i = 0; i < 3; i++) await once(session, "ping");
    session.destroy();
  });

  it("let a client go that does not answer them", async () => {
    await using node = await startNode({ keepAlive: { intervalMs: 50, timeoutMs: 100 } });
    const { hostname, port } = new URL(node.endpoints[0] ?? "");
    const socket = connectTcp(Number(port), hostname);
    socket.on("error", () => {});
    socket.write(SILENT_CLIENT);
    socket.resume();
    await once(socket, "close");
  });
});
