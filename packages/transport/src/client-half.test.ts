/**
 * What a client half says and understands on the wire, against a bare HTTP/2 server: the deadline header, refused
 * streams, broken connections, peers that are no gRPC servers; and TLS. Every engine.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { constants, createSecureServer, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { Health } from "@kvorum/proto";
import { afterEach, describe, expect, it } from "vitest";
import type { Channel, ChannelOptions, TransportFactory } from "./channel.js";
import { leanChannel } from "./lean/channel.js";
import { PortMux } from "./mux.js";
import { niceChannel } from "./nice/channel.js";
import { createNiceServer } from "./nice/server.js";
import { listenPrivately } from "./private-socket.js";
import { RpcError, StatusCode } from "./status.js";
import { answerWith, BareServer, type OnStream } from "./testing/bare-server.js";
import { ca, clientCertificate, serverCertificate } from "./testing/certificates.js";
import { failure } from "./testing/harness.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const engines: readonly [string, TransportFactory][] = [
  ["nice", niceChannel],
  ["lean", leanChannel],
];

const SERVING: Uint8Array = Uint8Array.of(0, 0, 0, 0, 2, 8, 1);
const answerOk = (stream: ServerHttp2Stream): void => answerWith(stream, SERVING);

async function* oneRequest(): AsyncGenerator<object> {
  yield {};
}

/** Types of the whole frames after the preface. */
function frameTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 24; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) types.push(bytes[at + 3] ?? 0);
  return types;
}

describe.each(engines)("the client half of %s", (_engine, connectTo) => {
  /** A channel to an HTTP/2 server that does this with every stream. */
  async function channelTo(onStream: OnStream): Promise<Channel> {
    const server = await BareServer.start(onStream);
    const channel = connectTo(server.endpoint);
    cleanup.push(
      () => server[Symbol.asyncDispose](),
      () => channel.close(),
    );
    return channel;
  }

  it("sends the deadline as grpc-timeout, and none without one", async () => {
    const seen: unknown[] = [];
    const channel = await channelTo((stream, headers) => {
      seen.push(headers["grpc-timeout"]);
      answerOk(stream);
    });
    expect(await channel.unary(Health.method.check, {}, { timeoutMs: 5_000 })).toMatchObject({ status: 1 });
    await channel.unary(Health.method.check, {});
    const [timeout, none] = seen as [string, undefined];
    const units = { m: 1, S: 1_000, M: 60_000 } as const;
    const ms = Number.parseInt(timeout, 10) * units[timeout.at(-1) as keyof typeof units];
    expect(ms).toBeGreaterThan(3_000);
    expect(ms).toBeLessThanOrEqual(5_000);
    expect(none).toBeUndefined();
  });

  it("knows that a refused stream was not carried out, and leaves another try to the caller", async () => {
    let streams = 0;
    const channel = await channelTo((stream) => {
      streams += 1;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
    const error = await failure(channel.unary(Health.method.check, {}), StatusCode.UNAVAILABLE);
    expect(error.maybeSent).toBe(false);
    expect(streams).toBe(1);
  });

  it("does not believe a server that only says so", async () => {
    const channel = await channelTo((stream) => {
      const headers = { "content-type": "application/grpc", "grpc-status": "14", "x-proof": "1" };
      stream.respond({ ...headers, "grpc-message": "Stream refused by server" }, { endStream: true });
    });
    const error = await failure(channel.unary(Health.method.check, {}), StatusCode.UNAVAILABLE);
    expect(error.maybeSent).toBe(true);
  });

  it("knows that a stream beyond the last one of a GOAWAY was not carried out", async () => {
    // node's own server counts every stream it has seen as processed, so this one speaks frames by hand.
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    const goawayFromStream0 = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const server = createTcpServer((socket) => {
      socket.on("error", () => {}).write(settings);
      let received = Buffer.alloc(0);
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (frameTypes(received).includes(1)) socket.write(goawayFromStream0);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const channel = connectTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    cleanup.push(
      () => server.close(),
      () => channel.close(),
    );
    const error = await failure(channel.unary(Health.method.check, {}), StatusCode.UNAVAILABLE);
    expect(error.maybeSent).toBe(false);
  });

  it.each<[string, OnStream, StatusCode]>([
    ["a reset stream", (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), StatusCode.INTERNAL],
    ["a lost connection", (stream) => stream.session?.destroy(), StatusCode.UNAVAILABLE],
    ["an answer without status", (stream) => stream.respond({}, { endStream: true }), StatusCode.UNKNOWN],
    ["a proxy's 503", (stream) => stream.respond({ ":status": 503 }, { endStream: true }), StatusCode.UNAVAILABLE],
    [
      "a status code that gRPC does not know",
      (stream) => stream.respond({ "grpc-status": "77" }, { endStream: true }),
      StatusCode.UNKNOWN,
    ],
  ])("takes %s for a call that may have been carried out", async (_name, onStream, code) => {
    const channel = await channelTo(onStream);
    expect((await failure(channel.unary(Health.method.check, {}), code)).maybeSent).toBe(true);
  });

  it("refuses an answer that is no message, and one that is missing", async () => {
    const channel = await channelTo((stream, headers) => {
      const body = headers["x-body"] === "none" ? [] : [0, 0, 0, 0, 1, 0xff];
      answerWith(stream, Uint8Array.from(body));
    });
    await failure(channel.unary(Health.method.check, {}), StatusCode.INTERNAL);
    await failure(channel.unary(Health.method.check, {}, { metadata: { "x-body": "none" } }), StatusCode.UNIMPLEMENTED);
  });

  it("tells a stream's reader, who waits, that an answer is no message: the stream has not ended well", async () => {
    const channel = await channelTo((stream) => answerWith(stream, Uint8Array.of(...SERVING, 0, 0, 0, 0, 1, 0xff)));
    const answers = channel.stream(Health.method.watch, oneRequest())[Symbol.asyncIterator]();
    const [first, second, third] = [answers.next(), answers.next(), answers.next()];
    expect((await first).done).toBe(false);
    await failure(second, StatusCode.INTERNAL);
    expect((await third).done).toBe(true);
  });

  it("knows that an unknown host was never reached", async () => {
    // A label of more than 63 characters: the resolver refuses it without asking anybody.
    const channel = connectTo(`http://${"a".repeat(64)}.invalid:2379`);
    cleanup.push(() => channel.close());
    const error = await failure(channel.unary(Health.method.check, {}), StatusCode.UNAVAILABLE);
    expect(error.maybeSent).toBe(false);
  });

  it.each(["", "127.0.0.1:2379", "ftp://127.0.0.1", "http://", "unix:"])("refuses the endpoint %j", (endpoint) => {
    expect(() => connectTo(endpoint)).toThrow(TypeError);
  });

  describe("with TLS", () => {
    async function startServer(requireClientCertificate: boolean): Promise<string> {
      const trust = requireClientCertificate ? { ca, requireClientCertificate } : {};
      const server = createNiceServer();
      server.add(Health, { check: () => ({ status: 1 }) });
      const listener = await listenPrivately(server);
      const mux = new PortMux({
        rpc: listener.address,
        http: createHttpServer(),
        tls: { ...serverCertificate, ...trust },
      });
      const { address } = await mux.listen({ host: "127.0.0.1", port: 0 });
      cleanup.push(
        () => listener.remove(),
        () => server.close(),
        () => mux.close(),
      );
      return `https://127.0.0.1:${"port" in address ? address.port : 0}`;
    }

    function check(endpoint: string, options: ChannelOptions): Promise<unknown> {
      const channel = connectTo(endpoint, options);
      cleanup.push(() => channel.close());
      return channel.unary(Health.method.check, {});
    }

    it("connects where the server's certificate is trusted, and not where it is not", async () => {
      const endpoint = await startServer(false);
      expect(await check(endpoint, { tls: { ca } })).toMatchObject({ status: 1 });
      const error = await failure(check(endpoint, {}), StatusCode.UNAVAILABLE);
      expect(error.maybeSent).toBe(false);
      expect(error.details).toMatch(/certificate/);
    });

    it("reaches a server on a unix socket, under the name localhost or one that it is told", async () => {
      const folder = await mkdtemp(join(tmpdir(), "kvorum-test-"));
      const path = join(folder, "socket");
      const server = createSecureServer({ ...serverCertificate });
      server.on("stream", (stream: ServerHttp2Stream) => answerOk(stream.on("error", () => {})));
      server.on("session", (session) => cleanup.push(() => session.destroy()));
      server.listen(path);
      await once(server, "listening");
      cleanup.push(
        () => rm(folder, { recursive: true }),
        () => server.close(),
      );
      expect(await check(`unixs:${path}`, { tls: { ca } })).toMatchObject({ status: 1 });
      expect(await check(`unixs:${path}`, { tls: { ca, serverName: "kvorum.test" } })).toMatchObject({ status: 1 });
      await failure(check(`unixs:${path}`, { tls: { ca, serverName: "other.test" } }), StatusCode.UNAVAILABLE);
    });

    it("lets a caller look at the certificate, or take any", async () => {
      const endpoint = await startServer(false);
      const hosts: string[] = [];
      const checkServerIdentity = (host: string): Error | undefined => {
        hosts.push(host);
        return hosts.length > 1 ? new Error("not this one") : undefined;
      };
      await check(endpoint, { tls: { ca, checkServerIdentity } });
      const refused = check(endpoint, { tls: { ca, checkServerIdentity, serverName: "x.test" } });
      expect((await failure(refused, StatusCode.UNAVAILABLE)).details).toMatch(/not this one/);
      expect(hosts).toEqual(["127.0.0.1", "x.test"]);
      expect(await check(endpoint, { tls: { insecureSkipVerify: true } })).toMatchObject({ status: 1 });
    });

    it("asks no server for a host that is called like an address, and verifies the address", async () => {
      const names: unknown[] = [];
      const server = createTlsServer({ ...serverCertificate, ALPNProtocols: ["h2"] }, (socket) => {
        names.push(socket.servername);
        socket.on("error", () => {}).destroy();
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      cleanup.push(() => server.close());
      const { port } = server.address() as AddressInfo;
      await failure(check(`https://127.0.0.1:${port}`, { tls: { ca } }), StatusCode.UNAVAILABLE);
      await failure(check(`https://localhost:${port}`, { tls: { ca } }), StatusCode.UNAVAILABLE);
      expect(new Set(names)).toEqual(new Set([false, "localhost"]));
      // 127.0.0.2 is this machine as well, but not in the certificate.
      const elsewhere = createTlsServer({ ...serverCertificate, ALPNProtocols: ["h2"] }).listen(0, "127.0.0.2");
      await once(elsewhere, "listening");
      cleanup.push(() => elsewhere.close());
      const other = `https://127.0.0.2:${(elsewhere.address() as AddressInfo).port}`;
      expect((await failure(check(other, { tls: { ca } }), StatusCode.UNAVAILABLE)).details).toMatch(/127\.0\.0\.2/);
    });

    it("verifies the name it is told to", async () => {
      const endpoint = await startServer(false);
      expect(await check(endpoint, { tls: { ca, serverName: "kvorum.test" } })).toMatchObject({ status: 1 });
      const error = await failure(check(endpoint, { tls: { ca, serverName: "other.test" } }), StatusCode.UNAVAILABLE);
      expect(error.details).toMatch(/other\.test/);
    });

    it("shows the client's certificate to a server that requires one", async () => {
      const endpoint = await startServer(true);
      expect(await check(endpoint, { tls: { ca, ...clientCertificate } })).toMatchObject({ status: 1 });
      expect(await check(endpoint, { tls: { ca } }).catch((error) => error)).toBeInstanceOf(RpcError);
    });
  });
});
