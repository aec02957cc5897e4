/** The port mux: which bytes go where, what it bounds, and how it ends. gRPC through it is in `nice/nice.test.ts`. */
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer as createHttpServer, type Server as HttpServer, request } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, type SecureClientSessionOptions } from "node:http2";
import { request as httpsRequest } from "node:https";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { create, toBinary } from "@bufbuild/protobuf";
import { Health, HealthCheckRequestSchema } from "@kvorum/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Frame, frameBytes } from "./http2/frame.js";
import { PortMux, type PortMuxOptions } from "./mux.js";
import { niceChannel } from "./nice/channel.js";
import { createNiceServer } from "./nice/server.js";
import { listenPrivately } from "./private-socket.js";
import type { ListenAddress } from "./server.js";
import { StatusCode } from "./status.js";
import { ca, clientCertificate, serverCertificate } from "./testing/certificates.js";
import { type ServerEngine, serverEngines } from "./testing/engines.js";
import { aborted, eventually, failure, gate } from "./testing/harness.js";
import { callFrame, framesOf, preface, settings, startCall } from "./testing/http2-bytes.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

/** The engine behind the mux; set for each group of tests. */
let engine = serverEngines[0] as ServerEngine;

/** A mux with a health service behind it and an HTTP server that answers the length of what it was sent. */
async function startMux(
  options: Partial<PortMuxOptions> = {},
): Promise<{ mux: PortMux; port: number; http: HttpServer }> {
  const { server, rpc, remove } = await engine.behindMux((one) =>
    one.add(Health, {
      check: () => ({ status: 1 }),
      watch: async function* (_request, context) {
        yield { status: 1 };
        await aborted(context.signal);
      },
    }),
  );
  const http = options.http ?? createHttpServer(answerLength);
  const mux = new PortMux({ rpc, http, ...options });
  const { address } = await mux.listen({ host: "127.0.0.1", port: 0 });
  cleanup.push(async () => {
    await server.close();
    await mux.close();
    http.close();
    await remove();
  });
  return { mux, port: portOf(address), http };
}

const answerLength: Parameters<typeof createHttpServer>[1] = async (incoming, response) => {
  let length = 0;
  for await (const chunk of incoming) length += chunk.length;
  response.end(`got ${length}`);
};

function portOf(address: ListenAddress): number {
  if ("path" in address) throw new TypeError("a port was expected");
  return address.port;
}

async function post(port: number, body: Uint8Array): Promise<string> {
  const call = request({ port, host: "127.0.0.1", method: "POST", agent: false });
  call.end(body);
  const [response] = await once(call, "response");
  return text(response);
}

/** A raw connection that reads what comes, so that it sees its end. */
async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {});
  await once(socket, "connect");
  cleanup.push(() => socket.destroy());
  return socket;
}

async function ended(socket: Socket): Promise<void> {
  socket.resume();
  await once(socket, "close");
}

async function* oneRequest(): AsyncGenerator<Record<string, never>> {
  yield {};
}

const healthy = (port: number, scheme = "http", tls?: { ca: string }): Promise<unknown> => {
  const channel = niceChannel(`${scheme}://127.0.0.1:${port}`, tls === undefined ? {} : { tls });
  cleanup.push(() => channel.close());
  return channel.unary(Health.method.check, {});
};

describe.each(serverEngines)("with the $name server,", (one) => {
  beforeEach(() => {
    engine = one;
  });

  describe("port mux", () => {
    it("serves gRPC and HTTP/1 on one port", async () => {
      const { port } = await startMux();
      expect(await healthy(port)).toMatchObject({ status: 1 });
      expect(await post(port, new Uint8Array(10))).toBe("got 10");
    });

    it("hands over a request body of any length", async () => {
      const { port } = await startMux();
      expect(await post(port, new Uint8Array(5_000_000))).toBe("got 5000000");
    });

    it("waits for as many bytes as it needs to tell the two apart", async () => {
      const { port } = await startMux();
      const http2 = await open(port);
      const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
      for (const part of ["P", "RI * HT", "TP/2.0\r\n\r\nSM", "\r\n\r\n"]) {
        http2.write(part);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      http2.write(settings);
      const [answer] = await once(http2, "data");
      expect(answer[3], "type of the first frame").toBe(4);

      const http1 = await open(port);
      http1.write("P");
      await new Promise((resolve) => setTimeout(resolve, 5));
      http1.write("UT / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
      expect(await text(http1)).toContain("got 0");
    });

    it.each([
      ["bytes of no protocol", Buffer.from([0x16, 3, 1, 0, 0xff, 0, 0, 7])],
      ["what only begins like the HTTP/2 preface", Buffer.from("PRINT * HTTP/2.0\r\n\r\n")],
      ["a method in small letters", Buffer.from("get / http/1.1\r\n\r\n")],
    ])("answers %s with 400 and goes on serving others", async (_name, bytes) => {
      const { port } = await startMux();
      const socket = await open(port);
      socket.write(bytes);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request/);
      expect(await healthy(port)).toMatchObject({ status: 1 });
    });

    it("answers a client that has already ended its side", async () => {
      const { port } = await startMux();
      const socket = await open(port);
      socket.end("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      expect(await text(socket)).toContain("got 0");
    });

    it("closes a connection that ends before it says anything", async () => {
      const { port } = await startMux();
      const socket = await open(port);
      socket.end();
      expect(await text(socket)).toBe("");
    });

    it("gives up a connection that stays silent", async () => {
      const { port } = await startMux({ firstBytesTimeoutMs: 50 });
      const silent = await open(port);
      const slow = await open(port);
      slow.write("PRI * ");
      await Promise.all([ended(silent), ended(slow)]);
      expect(await healthy(port)).toMatchObject({ status: 1 });
    });

    it("lets the HTTP server keep its own time limits", async () => {
      const http = createHttpServer({ headersTimeout: 60, requestTimeout: 100, connectionsCheckingInterval: 20 });
      const { port } = await startMux({ http });
      const socket = await open(port);
      socket.write("GET / HTTP/1.1\r\nhost: a\r\n");
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 408/);
    });

    it("survives clients that reset their connections", async () => {
      const { port } = await startMux();
      for (const start of ["", "P", "GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]) {
        const socket = await open(port);
        socket.write(start);
        socket.resetAndDestroy();
      }
      expect(await healthy(port)).toMatchObject({ status: 1 });
    });

    it("drops gRPC connections while the RPC engine is away, and serves HTTP", async () => {
      const { port } = await startMux({ rpc: { path: join(tmpdir(), "kvorum-nobody-listens") } });
      await failure(healthy(port), StatusCode.UNAVAILABLE);
      expect(await post(port, new Uint8Array(1))).toBe("got 1");
    });

    it("names an address that is in use", async () => {
      const { port, http } = await startMux();
      const second = new PortMux({ rpc: { path: "/nowhere" }, http });
      await expect(second.listen({ host: "127.0.0.1", port })).rejects.toThrow(
        `cannot listen on 127.0.0.1:${port}: the address is in use`,
      );
      expect(second.address).toBeUndefined();
      await second.close();
    });

    it("listens on a unix socket too, and says where it listens", async () => {
      const { mux, port, http } = await startMux();
      expect(mux.address).toEqual({ host: "127.0.0.1", port });
      const folder = await mkdtemp(join(tmpdir(), "kvorum-test-"));
      cleanup.push(() => rm(folder, { recursive: true }));
      const path = join(folder, "socket");
      await using unix = new PortMux({ rpc: { path: "/nowhere" }, http });
      await unix.listen({ path });
      expect(unix.address).toEqual({ path });
      const call = request({ socketPath: path, agent: false }).end();
      const [response] = await once(call, "response");
      expect(await text(response)).toBe("got 0");
    });

    it("sends a client away that pings more often than it may, and says why", async () => {
      const { port } = await startMux({ pings: { minTimeMs: 5_000 } });
      const ping = frameBytes({ type: 6, flags: 0, streamId: 0 }, new Uint8Array(8));
      const pinging = async (times: number): Promise<readonly [Socket, () => readonly Frame[]]> => {
        const socket = await open(port);
        const chunks: Buffer[] = [];
        socket.on("data", (chunk) => chunks.push(chunk));
        socket.write(Buffer.concat([preface, settings, ...Array<Uint8Array>(times).fill(ping)]));
        return [socket, () => framesOf(Buffer.concat(chunks), 0)];
      };
      const [socket, frames] = await pinging(4);
      if (!socket.closed) await once(socket, "close");
      const { type, payload } = frames().at(-1) as Frame;
      expect([type, payload[7], Buffer.from(payload.subarray(8)).toString()]).toEqual([7, 0xb, "too_many_pings"]);
      const [, answered] = await pinging(3);
      await eventually(() => answered().filter((frame) => frame.type === 6).length === 3, "three answers");
      expect(answered().some((frame) => frame.type === 7)).toBe(false);
    });

    it("ends every connection when it closes, whatever it is doing", async () => {
      const { mux, port } = await startMux();
      const silent = await open(port);
      const kept = await open(port);
      kept.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      await once(kept, "data");
      const channel = niceChannel(`http://127.0.0.1:${port}`);
      cleanup.push(() => channel.close());
      const watching = channel.stream(Health.method.watch, oneRequest())[Symbol.asyncIterator]();
      await watching.next();
      const lost = failure(watching.next(), StatusCode.UNAVAILABLE);
      const gone = [ended(silent), ended(kept), lost];
      await Promise.all([mux.close(), mux.close()]);
      await Promise.all(gone);
      await expect(open(port)).rejects.toThrow("ECONNREFUSED");
    });

    it("lets a running request finish within the grace", async () => {
      const started = gate();
      const finish = gate();
      const http = createHttpServer(async (_request, response) => {
        started.open();
        await finish.passed;
        response.setHeader("connection", "close").end("done");
      });
      const { mux, port } = await startMux({ http });
      const answer = post(port, new Uint8Array(1));
      await started.passed;
      const closing = mux.close({ graceMs: 10_000 });
      await expect(open(port)).rejects.toThrow("ECONNREFUSED");
      finish.open();
      expect(await answer).toBe("done");
      await closing;
    });
  });

  describe("port mux and a URL as authority", () => {
    const authority = "http://127.0.0.1:2379";

    /** A client of nghttp2, which sends any authority. */
    function client(port: number, options: SecureClientSessionOptions = {}, scheme = "http"): ClientHttp2Session {
      const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, options).on("error", () => {});
      cleanup.push(() => session.destroy());
      return session;
    }

    /** Asks for health with this many bytes in the request; answers the status of gRPC. */
    async function check(
      session: ClientHttp2Session,
      headers: Record<string, string> = {},
      bytes = 0,
    ): Promise<unknown> {
      const stream = startCall(session, authority, { ":path": "/grpc.health.v1.Health/Check", ...headers });
      const trailers = once(stream, "trailers");
      const message = toBinary(
        HealthCheckRequestSchema,
        create(HealthCheckRequestSchema, { service: "s".repeat(bytes) }),
      );
      const length = Buffer.alloc(5);
      length.writeUInt32BE(message.length, 1);
      stream.resume().end(Buffer.concat([length, message]));
      return ((await trailers)[0] as Record<string, unknown>)["grpc-status"];
    }

    it("serves many calls on one connection, one after the other and at once", async () => {
      const { port } = await startMux();
      const session = client(port);
      for (let i = 0; i < 30; i++) expect(await check(session, { "x-call": String(i) })).toBe("0");
      const calls = Array.from({ length: 100 }, (_, i) => check(session, { [`x-${i % 9}`]: "a".repeat(i) }));
      expect(new Set(await Promise.all(calls))).toEqual(new Set(["0"]));
    });

    it("serves calls whose headers go over CONTINUATION, and bodies of any length", async () => {
      const { port } = await startMux();
      const session = client(port);
      const headers = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`x-${i}`, `${"~".repeat(4_000)}${i}`]));
      expect(await check(session, headers)).toBe("0");
      expect(await check(session, {}, 1_500_000)).toBe("0");
      expect(await check(session, headers)).toBe("0");
    });

    it("serves them under TLS too", async () => {
      const { port } = await startMux({ tls: serverCertificate });
      const session = client(port, { ca }, "https");
      expect(await check(session)).toBe("0");
      expect(await check(session)).toBe("0");
    });

    it("closes a connection that goes wrong with GOAWAY, and goes on serving others", async () => {
      const { port } = await startMux();
      const socket = await open(port);
      const answer = buffer(socket);
      const wrong = frameBytes({ type: 1, flags: 4, streamId: 3 }, Uint8Array.of(0x80));
      socket.write(Buffer.concat([preface, settings, callFrame(authority), wrong, callFrame(authority, 5)]));
      const goaway = framesOf(await answer, 0).find(({ type }) => type === 7);
      expect(goaway?.payload[7], "COMPRESSION_ERROR").toBe(9);
      expect(await healthy(port)).toMatchObject({ status: 1 });
    });

    it("survives clients that go away at any point", async () => {
      const { port } = await startMux();
      const bytes = Buffer.concat([preface, settings, callFrame(authority), callFrame(authority, 3)]);
      for (let at = preface.length; at < bytes.length; at += 11) {
        const socket = await open(port);
        if (at % 2 === 0) socket.end(bytes.subarray(0, at));
        else socket.write(bytes.subarray(0, at), () => socket.resetAndDestroy());
        await ended(socket);
      }
      expect(await healthy(port)).toMatchObject({ status: 1 });
    });

    it.each([
      ["before the first call", Buffer.concat([preface, settings])],
      ["while it mends", Buffer.concat([preface, settings, callFrame(authority)])],
      ["after an ordinary call", Buffer.concat([preface, settings, callFrame("127.0.0.1:2379")])],
    ])("stops reading %s when the engine does not read, and loses nothing", async (_name, start) => {
      const connected = gate();
      let engine: Socket | undefined;
      const listener = createServer((socket) => {
        engine = socket.pause();
        connected.open();
      }).listen(0, "127.0.0.1");
      await once(listener, "listening");
      cleanup.push(() => listener.close());
      const { port: enginePort } = listener.address() as AddressInfo;
      const { port } = await startMux({ rpc: { host: "127.0.0.1", port: enginePort } });
      const socket = await open(port);
      // More than all the buffers of the two connections hold, one write after the other to see how far they get.
      const ping = frameBytes({ type: 6, flags: 0, streamId: 0 }, new Uint8Array(8));
      const pings = Buffer.alloc(17 * 10_000, ping);
      const writes = 300;
      let written = 0;
      const sending = (async () => {
        socket.write(start);
        for (; written < writes; written++) await new Promise((resolve) => socket.write(pings, resolve));
        socket.end();
      })();
      await connected.passed;
      let before = -1;
      while (before !== written) {
        before = written;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect(written).toBeLessThan(writes);
      const received = await buffer(engine as Socket);
      await sending;
      const all = Buffer.alloc(pings.length * writes, ping);
      expect(received.subarray(-all.length).equals(all)).toBe(true);
    });
  });

  describe("port mux with TLS", () => {
    it("serves gRPC and HTTP/1 on one port", async () => {
      const { port } = await startMux({ tls: serverCertificate });
      expect(await healthy(port, "https", { ca })).toMatchObject({ status: 1 });
      const call = httpsRequest({ port, host: "127.0.0.1", agent: false, ca }).end();
      const [response] = await once(call, "response");
      expect(await text(response)).toBe("got 0");
    });

    it.each([
      ["gRPC clients, which offer h2 alone, get it", ["h2"], "h2"],
      ["curl and Prometheus, which offer both, get pages by HTTP/1", ["h2", "http/1.1"], "http/1.1"],
      ["others get HTTP/1", ["http/1.1"], "http/1.1"],
      ["who offers nothing is told by its bytes", undefined, false],
    ] as const)("%s", async (_name, offered, agreed) => {
      const { port } = await startMux({ tls: serverCertificate });
      const socket = connectTls({ port, host: "127.0.0.1", ca, ...(offered && { ALPNProtocols: [...offered] }) });
      cleanup.push(() => socket.on("error", () => {}).destroy());
      await once(socket, "secureConnect");
      expect(socket.alpnProtocol).toBe(agreed);
    });

    it("agrees on HTTP/1 alone on a port for it alone", async () => {
      const http = createHttpServer(answerLength);
      await using mux = new PortMux({ http, tls: serverCertificate });
      const { address } = await mux.listen({ host: "127.0.0.1", port: 0 });
      const options = { port: portOf(address), host: "127.0.0.1", ca };
      const socket = connectTls({ ...options, ALPNProtocols: ["h2", "http/1.1"] }).on("error", () => {});
      await once(socket, "secureConnect");
      expect(socket.alpnProtocol).toBe("http/1.1");
      socket.destroy();
      const grpc = connectTls({ ...options, ALPNProtocols: ["h2"] });
      await expect(once(grpc, "secureConnect")).rejects.toThrow();
      http.close();
    });

    it("asks for a client certificate where one is required", async () => {
      const { port } = await startMux({ tls: { ...serverCertificate, ca, requireClientCertificate: true } });
      const refused = await failure(healthy(port, "https", { ca }), StatusCode.UNAVAILABLE);
      expect(refused.details).not.toBe("");
      const channel = niceChannel(`https://127.0.0.1:${port}`, { tls: { ca, ...clientCertificate } });
      cleanup.push(() => channel.close());
      expect(await channel.unary(Health.method.check, {})).toMatchObject({ status: 1 });
    });

    it("gives up a handshake that does not come", async () => {
      const { port } = await startMux({ tls: serverCertificate, firstBytesTimeoutMs: 50 });
      await ended(await open(port));
    });

    it("drops who speaks no TLS", async () => {
      const { port } = await startMux({ tls: serverCertificate });
      const socket = await open(port);
      socket.write("GET / HTTP/1.1\r\n\r\n");
      await ended(socket);
      expect(await healthy(port, "https", { ca })).toMatchObject({ status: 1 });
    });
  });
});

describe("a private socket", () => {
  it("lies in a folder of its own that only this user may enter, and goes with it", async () => {
    const server = createNiceServer();
    const listener = await listenPrivately(server);
    const { path } = listener.address;
    expect((await stat(join(path, ".."))).mode & 0o777).toBe(0o700);
    const http = createHttpServer();
    await using mux = new PortMux({ rpc: listener.address, http });
    const { address } = await mux.listen({ host: "127.0.0.1", port: 0 });
    const channel = niceChannel(`http://127.0.0.1:${portOf(address)}`);
    await failure(channel.unary(Health.method.check, {}), StatusCode.UNIMPLEMENTED);
    await channel.close();
    await server.close();
    await listener.remove();
    await listener.remove();
    await expect(stat(join(path, ".."))).rejects.toThrow("ENOENT");
  });
});
