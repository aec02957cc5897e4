/**
 * TLS of a port: settings that change, who is let in and who is told why not, what a call learns of its client's
 * certificate, and clients that do everything wrong. Certificates are those of `testdata/`.
 */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { frameBytes } from "./http2/frame.js";
import { introductionBytes } from "./introduction.js";
import { PortMux, type PortMuxOptions } from "./mux.js";
import { niceChannel } from "./nice/channel.js";
import type { CallContext, ListenAddress, TlsServerOptions } from "./server.js";
import { ca, clientCertificate, serverCertificate } from "./testing/certificates.js";
import { Echo } from "./testing/echo.js";
import { type ServerEngine, serverEngines } from "./testing/engines.js";
import { eventually } from "./testing/harness.js";
import { preface, settings } from "./testing/http2-bytes.js";
import type { RefusedConnection, TlsListener } from "./tls-listener.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

interface Started {
  readonly port: number;
  readonly rpc: PortMuxOptions["rpc"];
  /** What each call was told of its client. */
  readonly seen: Pick<CallContext, "peer" | "certificateName">[];
  readonly keys: string[][];
  readonly refused: RefusedConnection[];
}

/** The engine behind the mux; set for each group of tests. */
let engine = serverEngines[0] as ServerEngine;

async function start(tls: TlsServerOptions | Partial<TlsListener> | undefined, timeoutMs = 10_000): Promise<Started> {
  const [seen, keys, refused]: [Started["seen"], string[][], RefusedConnection[]] = [[], [], []];
  const { server, rpc, remove } = await engine.behindMux((one) =>
    one.add(Echo, {
      once: (note, { peer, certificateName, metadata }) => {
        seen.push({ peer, certificateName });
        keys.push([...metadata.entries()].map(([key]) => key));
        return note;
      },
    }),
  );
  const http = createHttpServer((_request, response) => response.end("pages"));
  const settings: TlsServerOptions | TlsListener | undefined =
    tls === undefined || "cert" in tls
      ? tls && { current: async () => tls, refused: (connection) => refused.push(connection) }
      : { current: async () => serverCertificate, refused: (connection) => refused.push(connection), ...tls };
  const mux = new PortMux({
    rpc,
    http,
    firstBytesTimeoutMs: timeoutMs,
    ...(settings && { tls: settings }),
  });
  const { address } = await mux.listen({ host: "127.0.0.1", port: 0 });
  cleanup.push(async () => {
    await Promise.all([mux.close(), server.close()]);
    http.close();
    await remove();
  });
  return { port: portOf(address), rpc, seen, keys, refused };
}

function portOf(address: ListenAddress): number {
  if ("path" in address) throw new TypeError("a port was expected");
  return address.port;
}

async function call(
  port: number,
  tls: Parameters<typeof niceChannel>[1] = { tls: { ca } },
  metadata: Record<string, string | Uint8Array> = {},
): Promise<string> {
  const channel = niceChannel(`${tls.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`, tls);
  cleanup.push(() => channel.close());
  return (await channel.unary(Echo.method.once, { text: "hello" }, { metadata })).text;
}

async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: ["h2"], ...options }).on("error", () => {});
  cleanup.push(() => socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

async function ended(socket: Socket): Promise<void> {
  socket.resume();
  // Not `once` of events, which would reject for a reset.
  await new Promise((resolve) => socket.once("close", resolve));
}

const mutual: TlsServerOptions = { ...serverCertificate, ca, requireClientCertificate: true };
const asClient = { tls: { ca, ...clientCertificate } };

describe.each(serverEngines)("with the $name server,", (one) => {
  beforeEach(() => {
    engine = one;
  });

  describe("what a call learns of its client", () => {
    it("is the name of its verified certificate and its address", async () => {
      const { port, seen } = await start(mutual);
      await call(port, asClient);
      expect(seen).toEqual([
        { peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/), certificateName: "kvorum-test-client" },
      ]);
    });

    it("is no name without TLS, without a certificate and with one that nobody has verified", async () => {
      const plain = await start(undefined);
      await call(plain.port, {});
      const without = await start({ ...serverCertificate, ca });
      await call(without.port);
      // The server trusts nobody here, so it does not ask; a client that shows one all the same proves nothing.
      const unasked = await start(serverCertificate);
      await call(unasked.port, asClient);
      const names = [plain, without, unasked].flatMap(({ seen }) => seen.map(({ certificateName }) => certificateName));
      expect(names).toEqual([undefined, undefined, undefined]);
    });

    it("cannot be set by a client, whatever it sends", async () => {
      const { port, seen, keys } = await start({ ...serverCertificate, ca });
      const key = "kvorum-certificate-name";
      await call(port, { tls: { ca } }, { [`${key}-bin`]: Buffer.from("root"), [key]: "root" });
      const session = connectHttp2(`https://127.0.0.1:${port}`, { ca }).on("error", () => {});
      cleanup.push(() => session.destroy());
      for (const name of [`${key}-bin`, `${key}-BIN`]) {
        const stream = session.request({
          ...{
            ":method": "POST",
            ":path": "/kvorum.test.Echo/Once",
            "content-type": "application/grpc",
            te: "trailers",
          },
          [name]: Buffer.from("root").toString("base64"),
        });
        stream.on("error", () => {}).end(Buffer.alloc(5));
        stream.resume();
        await once(stream, "close");
      }
      // An introduction of the client's own is no preface of HTTP/2, and so a request to the pages.
      const socket = await handshake(port);
      socket.write(introductionBytes(Buffer.alloc(32), { certificateName: "root" }));
      socket.write(preface);
      await ended(socket);
      await call(port, asClient, { [`${key}-bin`]: Buffer.from("root") });
      expect(seen.map(({ certificateName }) => certificateName)).toEqual([
        ...Array<undefined>(seen.length - 1).fill(undefined),
        "kvorum-test-client",
      ]);
      expect(seen.length).toBe(4);
      // Only where it travels as metadata inside of the process is the key taken from clients.
      if (engine.name === "nice") expect(keys.flat().filter((seenKey) => seenKey === `${key}-bin`)).toEqual([]);
    });
  });

  describe("settings of TLS", () => {
    it("are those of each handshake's own time; connections that stand stay", async () => {
      let current: TlsServerOptions = { ...serverCertificate, maxVersion: "TLSv1.2" };
      const { port } = await start({ current: async () => current });
      const before = await handshake(port);
      expect(before.getProtocol()).toBe("TLSv1.2");
      current = { ...serverCertificate, minVersion: "TLSv1.3" };
      expect((await handshake(port)).getProtocol()).toBe("TLSv1.3");
      before.write(Buffer.concat([preface, settings]));
      expect((await once(before, "data"))[0]).toBeInstanceOf(Buffer);
    });

    it("that cannot be used cost a connection and not the port", async () => {
      let current: TlsServerOptions = serverCertificate;
      const { port, refused } = await start({ current: async () => current });
      await call(port);
      current = { cert: "nonsense", key: "nonsense" };
      await expect(handshake(port)).rejects.toThrow();
      current = { ...serverCertificate };
      expect(await call(port)).toBe("hello");
      expect(refused.map(({ isHangUp }) => isHangUp)).toEqual([false]);
    });

    it("never resume a session, which would let a revoked client back in", async () => {
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        const { port } = await start({ ...mutual, maxVersion });
        const first = await handshake(port, clientCertificate);
        let session: Buffer | undefined = first.getSession();
        first.on("session", (later: Buffer) => {
          session = later;
        });
        first.write(Buffer.concat([preface, settings]));
        await once(first, "data");
        const again = await handshake(port, { ...clientCertificate, ...(session && { session }) });
        expect(again.isSessionReused(), maxVersion).toBe(false);
      }
    });
  });

  describe("who is not let in", () => {
    it("is told to the log with its address, the name it asked for and the reason", async () => {
      const { port, refused } = await start(mutual);
      const socket = await handshake(port, { servername: "kvorum.test" }).catch(() => undefined);
      if (socket !== undefined) await ended(socket);
      await eventually(() => refused.length === 1, "the refusal");
      expect(refused[0]).toEqual({
        ...{ remoteAddress: "127.0.0.1", serverName: "kvorum.test", reason: "the client shows no certificate" },
        isHangUp: false,
      });
    });

    it("may be chosen after the handshake, and never reaches the engine", async () => {
      const admit = async (): Promise<string> => "not today";
      const { port, refused, seen } = await start({ admit });
      await expect(call(port)).rejects.toThrow();
      expect(refused[0]?.reason).toBe("not today");
      const failing = await start({ admit: () => Promise.reject(new Error("no answer")) });
      await expect(call(failing.port)).rejects.toThrow();
      expect(failing.refused[0]?.reason).toMatch(/no answer/);
      expect([...seen, ...failing.seen]).toEqual([]);
    });

    it("is not waited for in the meantime", async () => {
      const { port } = await start({ admit: () => new Promise(() => {}) }, 100);
      await ended(await handshake(port));
    });
  });

  describe("clients that do it wrong", () => {
    it("GHSA-6vch-q96h-7gc3: a handshake has an end, however often it says a byte", async () => {
      const { port, refused } = await start(serverCertificate, 300);
      const startMs = performance.now();
      const slow = connect({ port, host: "127.0.0.1" }).on("error", () => {});
      // A record of TLS that promises 512 bytes.
      const hello = Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), Buffer.alloc(500)]);
      let at = 0;
      const drip = setInterval(() => slow.write(hello.subarray(at, ++at)), 20);
      await ended(slow);
      clearInterval(drip);
      expect(at).toBeGreaterThan(5);
      expect(performance.now() - startMs).toBeLessThan(3000);
      expect(await call(port)).toBe("hello");
      expect(refused.every(({ isHangUp }) => isHangUp)).toBe(true);
    });

    it("CVE-2025-59465: malformed HEADERS over TLS end their connection and nothing else", async () => {
      const { port } = await start(serverCertificate);
      for (const block of [
        Buffer.from([0x80]),
        Buffer.alloc(64, 0xff),
        Buffer.from([0x3f, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      ]) {
        for (const streamId of [0, 1, 2]) {
          const socket = await handshake(port);
          socket.write(Buffer.concat([preface, settings, frameBytes({ type: 1, flags: 4, streamId }, block)]));
          if (streamId === 1) socket.destroy();
          else await ended(socket);
        }
      }
      expect(await call(port)).toBe("hello");
    });

    it("CVE-2026-21637: strange names and protocols in a handshake throw nothing", async () => {
      const { port } = await start(serverCertificate);
      const names = ["a".repeat(255), "..", "xn--", "\u00e4.test", "*", "name\u0000.test", "a b"];
      const attempts = [
        ...names.map((servername) => ({ servername })),
        ...[["nonsense"], ["h2c", "http/0.9"], ["x".repeat(255)]].map((ALPNProtocols) => ({ ALPNProtocols })),
        {
          pskCallback: () => ({ psk: Buffer.alloc(16), identity: "x".repeat(100) }),
          ciphers: "PSK",
          maxVersion: "TLSv1.2" as const,
        },
      ];
      for (const attempt of attempts) {
        try {
          const options = { host: "127.0.0.1", port, ca, checkServerIdentity: () => undefined, ...attempt };
          const socket = connectTls(options as ConnectionOptions).on("error", () => {});
          cleanup.push(() => socket.destroy());
          await Promise.race([once(socket, "secureConnect"), once(socket, "close")]);
          socket.destroy();
        } catch (error) {
          // node's client refuses some of them by itself.
          expect(error).toBeInstanceOf(Error);
        }
      }
      expect(await call(port)).toBe("hello");
    });

    it("and go away in the middle of it leave nothing behind", async () => {
      const { port } = await start(mutual);
      for (const bytes of ["", "\u0016", "\u0016\u0003\u0001\u0002\u0000\u0001", "GET / HTTP/1.1\r\n\r\n"]) {
        const socket = connect({ port, host: "127.0.0.1" }).on("error", () => {});
        await once(socket, "connect");
        socket.write(bytes, "latin1");
        socket.resetAndDestroy();
      }
      expect(await call(port, asClient)).toBe("hello");
    });
  });
});

it("what a call learns of its client is not believed from who reaches the private socket without its key", async () => {
  engine = serverEngines[0] as ServerEngine;
  const { rpc, seen, port } = await start(mutual);
  if (rpc === undefined || !("path" in rpc)) throw new TypeError("a private socket was expected");
  for (const bytes of [introductionBytes(Buffer.alloc(32), { certificateName: "root" }), preface, Buffer.from("x")]) {
    const socket = connect({ path: rpc.path }).on("error", () => {});
    cleanup.push(() => socket.destroy());
    socket.end(Buffer.concat([bytes, preface, settings]));
    await ended(socket);
  }
  expect(seen).toEqual([]);
  expect(await call(port, asClient)).toBe("hello");
});
