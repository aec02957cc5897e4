/** Connections of the lean channel: when they are made, how many, what waits for them, how they end. */
import { once } from "node:events";
import { constants, type ServerHttp2Stream, type ServerOptions } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Channel, ChannelOptions, ChannelState } from "../channel.js";
import { FrameFlag, FrameType, frameBytes } from "../http2/frame.js";
import { encodeHeaders } from "../http2/hpack/encoder.js";
import { StatusCode } from "../status.js";
import { answerWith, BareServer, type OnStream } from "../testing/bare-server.js";
import { ca, serverCertificate } from "../testing/certificates.js";
import { Echo } from "../testing/echo.js";
import { collect, EndlessNotes, eventually, failure, gate, settled } from "../testing/harness.js";
import { framesOf, settings } from "../testing/http2-bytes.js";
import { leanChannel } from "./channel.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

const EMPTY: Uint8Array = new Uint8Array(5);
const answer = (stream: ServerHttp2Stream): void => answerWith(stream, EMPTY);

function channel(endpoint: string, options: ChannelOptions = {}): Channel {
  const opened = leanChannel(endpoint, options);
  cleanup.push(() => opened.close());
  return opened;
}

async function serve(onStream: OnStream, options: ServerOptions = {}): Promise<BareServer> {
  const server = await BareServer.start(onStream, options);
  cleanup.push(() => server[Symbol.asyncDispose]());
  return server;
}

/** A server that is given bare sockets. */
async function listen(onSocket: (socket: Socket) => void): Promise<{ endpoint: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    onSocket(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

const call = (from: Channel, options = {}): Promise<unknown> => from.unary(Echo.method.once, {}, options);

/** Sockets and servers that keep the process. */
const handles = (): number => process.getActiveResourcesInfo().filter((name) => /TCP|Pipe/.test(name)).length;

describe("a channel", () => {
  it("makes one connection of its own at the first call", async () => {
    const server = await serve(answer);
    const [first, second] = [channel(server.endpoint), channel(server.endpoint)];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.sessions.length).toBe(0);
    await Promise.all([call(first), call(first), call(second)]);
    await call(first);
    expect(server.sessions.length).toBe(2);
  });

  it("that is closed in the turn of its first call leaves no connection behind", async () => {
    const server = await serve(answer);
    const first = channel(server.endpoint);
    const running = failure(call(first), StatusCode.CANCELLED);
    await first.close();
    expect(await running).toMatchObject({ details: "the channel is closed", maybeSent: false });
    await call(channel(server.endpoint));
    await eventually(() => server.sessions.filter(({ destroyed }) => !destroyed).length === 1, "one is left");
  });

  it("may be closed by a listener of its state", async () => {
    const server = await serve(answer);
    for (const closing of ["connecting", "ready"]) {
      const from = channel(server.endpoint);
      from.onStateChange((state) => {
        if (state === closing) void from.close();
      });
      const error = await failure(call(from), StatusCode.CANCELLED);
      expect([error.details, error.maybeSent]).toEqual(["the channel is closed", false]);
    }
  });

  it("without calls does not keep the process, and with one it does", async () => {
    const go = gate();
    const server = await serve(async (stream) => {
      await go.passed;
      answer(stream);
    });
    const quiet = channel(server.endpoint);
    const before = await settled(handles);
    const running = call(quiet);
    await eventually(() => server.sessions.length === 1, "the connection");
    await eventually(() => handles() === before + 2, "both ends of the connection");
    go.open();
    await running;
    // Only the server's end is left.
    await eventually(() => handles() === before + 1, "the end of the server");
  });

  it("tells each change of its state, also that it could not connect", async () => {
    const { endpoint, sockets } = await listen((socket) => socket.destroy());
    const states: ChannelState[] = [];
    const failing = channel(endpoint);
    failing.onStateChange((state) => states.push(state));
    const error = await failure(call(failing), StatusCode.UNAVAILABLE);
    expect(error.maybeSent).toBe(false);
    expect(error.details).toMatch(/^No connection established. Last error: /);
    expect(states).toEqual(["connecting", "failed"]);
    expect(failing.state).toBe("failed");
    // For a moment calls fail at once, and then they try again.
    const again = await failure(call(failing), StatusCode.UNAVAILABLE);
    expect([again.details, again.maybeSent, sockets.length]).toEqual([error.details, false, 1]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await failure(call(failing), StatusCode.UNAVAILABLE);
    expect(sockets.length).toBe(2);
    await failing.close();
    expect(states).toEqual(["connecting", "failed", "connecting", "failed", "closed"]);
  });

  it.each(["HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "x"])(
    "has sent nothing to a server that says %j",
    async (words) => {
      const { endpoint } = await listen((socket) => void socket.end(words));
      const error = await failure(call(channel(endpoint)), StatusCode.UNAVAILABLE);
      expect(error.maybeSent).toBe(false);
    },
  );

  it("has sent nothing to a server that speaks no HTTP/2 over TLS", async () => {
    const server = createTlsServer({ ...serverCertificate, ALPNProtocols: ["http/1.1"] }).listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanup.push(() => server.close());
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await failure(call(channel(endpoint, { tls: { ca } })), StatusCode.UNAVAILABLE);
    expect(error.maybeSent).toBe(false);
  });
});

it("of many calls in one turn the first are on their way when the last are made", async () => {
  const server = await serve(answer);
  const calls = channel(server.endpoint);
  await call(calls);
  const write = vi.spyOn(Socket.prototype, "write");
  cleanup.push(() => write.mockRestore());
  const few = Array.from({ length: 20 }, () => call(calls));
  expect(write).not.toHaveBeenCalled();
  await Promise.all(few);
  write.mockClear();
  const many = Array.from({ length: 80 }, () => call(calls));
  expect(write.mock.calls.length).toBeGreaterThan(1);
  await Promise.all(many);
});

it("a server that has begun to answer cannot say any more that it refused the call", async () => {
  const { endpoint } = await listen((socket) => {
    socket.write(settings);
    let received = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (!framesOf(received).some(({ type }) => type === FrameType.HEADERS)) return;
      const head = encodeHeaders([{ name: ":status", value: "200" }]);
      socket.write(frameBytes({ type: FrameType.HEADERS, flags: FrameFlag.END_HEADERS, streamId: 1 }, head));
      const refused = Uint8Array.of(0, 0, 0, constants.NGHTTP2_REFUSED_STREAM);
      socket.write(frameBytes({ type: FrameType.RST_STREAM, flags: 0, streamId: 1 }, refused));
    });
  });
  expect((await failure(call(channel(endpoint)), StatusCode.UNAVAILABLE)).maybeSent).toBe(true);
});

describe("calls over the server's limit of streams", () => {
  it("wait in their order, and one that is given up never leaves", async () => {
    const [seen, running] = [[] as unknown[], [] as ServerHttp2Stream[]];
    let most = 0;
    const server = await serve(
      (stream, headers) => {
        seen.push(headers["x-number"]);
        running.push(stream);
        most = Math.max(most, running.length);
      },
      { settings: { maxConcurrentStreams: 2 } },
    );
    const limited = channel(server.endpoint);
    const abort = new AbortController();
    const numbered = (number: number): Promise<unknown> =>
      call(limited, { metadata: { "x-number": String(number) }, ...(number === 4 && { signal: abort.signal }) });
    const calls = [0, 1, 2, 3, 4, 5].map(numbered);
    const late = failure(call(limited, { timeoutMs: 30 }), StatusCode.DEADLINE_EXCEEDED);
    expect((await late).maybeSent).toBe(false);
    const reason = new Error("no longer");
    abort.abort(reason);
    await expect(calls[4]).rejects.toBe(reason);
    const finished = Promise.all(calls.filter((_, number) => number !== 4));
    for (let left = 5; left > 0; left--) {
      await eventually(() => running.length > 0, "a stream");
      answer(running.shift() as ServerHttp2Stream);
    }
    await finished;
    expect(seen).toEqual(["0", "1", "2", "3", "5"]);
    expect(most).toBe(2);
  });

  it("find room again when others were cancelled", async () => {
    const server = await serve((stream, headers) => headers["x-answer"] === "yes" && answer(stream), {
      settings: { maxConcurrentStreams: 10 },
    });
    const limited = channel(server.endpoint);
    for (let round = 0; round < 20; round++) {
      const abort = new AbortController();
      const unary = Array.from({ length: 10 }, () => call(limited, { signal: abort.signal }));
      const streams = Array.from({ length: 10 }, () =>
        collect(limited.stream(Echo.method.talk, new EndlessNotes(), { signal: abort.signal })),
      );
      await new Promise((resolve) => setImmediate(resolve));
      abort.abort();
      const ends = await Promise.allSettled([...unary, ...streams]);
      expect(ends.every(({ status }) => status === "rejected")).toBe(true);
    }
    await call(limited, { metadata: { "x-answer": "yes" }, timeoutMs: 5_000 });
    expect(server.sessions.length).toBe(1);
  });

  it("wait for as long as there are ten thousand of them", async () => {
    const server = await serve(answer, { settings: { maxConcurrentStreams: 1_000 } });
    const busy = channel(server.endpoint);
    const calls = await Promise.all(Array.from({ length: 10_000 }, () => call(busy, { timeoutMs: 60_000 })));
    expect(calls.length).toBe(10_000);
    expect(server.sessions.length).toBe(1);
  });
});

describe("a server that leaves", () => {
  it("finishes its running calls while new ones begin on another connection", async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await serve((stream, headers) => {
      if (headers["x-hold"] === "yes") held.push(stream);
      else answer(stream);
    });
    const states: ChannelState[] = [];
    const from = channel(server.endpoint);
    from.onStateChange((state) => states.push(state));
    const running = call(from, { metadata: { "x-hold": "yes" } });
    await eventually(() => held.length === 1, "the call");
    server.sessions[0]?.close();
    await eventually(() => from.state === "idle", "the news");
    await call(from);
    expect(server.sessions.length).toBe(2);
    expect(server.sessions[0]?.destroyed).toBe(false);
    answer(held[0] as ServerHttp2Stream);
    await running;
    await eventually(() => server.sessions[0]?.destroyed === true, "the end of the first connection");
    expect(states).toEqual(["connecting", "ready", "idle", "connecting", "ready"]);
  });

  it("is left at once when no call runs", async () => {
    const { endpoint, sockets } = await listen((socket) => void socket.write(settings));
    const from = channel(endpoint);
    await failure(call(from, { timeoutMs: 30 }), StatusCode.DEADLINE_EXCEEDED);
    let left = false;
    sockets[0]?.on("end", () => {
      left = true;
    });
    sockets[0]?.resume();
    const open = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0);
    sockets[0]?.write(frameBytes({ type: FrameType.GOAWAY, flags: 0, streamId: 0 }, open));
    await eventually(() => left, "the end of the connection");
    expect(from.state).toBe("idle");
  });

  it("takes waiting calls with it to the next connection", async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await serve((stream) => held.push(stream), { settings: { maxConcurrentStreams: 1 } });
    const from = channel(server.endpoint);
    const calls = [call(from), call(from)];
    await eventually(() => held.length === 1, "the first call");
    server.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
    await eventually(() => held.length === 2, "the second call");
    for (const stream of held) answer(stream);
    await Promise.all(calls);
    expect(server.sessions.length).toBe(2);
  });

  it("because it is pinged too often is pinged half as often", async () => {
    const times: number[][] = [];
    const debug = Buffer.from("too_many_pings");
    const { endpoint } = await listen((socket) => {
      const pings: number[] = [];
      times.push(pings);
      const startMs = performance.now();
      socket.write(settings);
      let received = Buffer.alloc(0);
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
        const count = framesOf(received).filter(({ type }) => type === FrameType.PING).length;
        if (count === pings.length) return;
        pings.push(performance.now() - startMs);
        const reason = Buffer.concat([Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 11), debug]);
        socket.end(frameBytes({ type: FrameType.GOAWAY, flags: 0, streamId: 0 }, reason));
      });
    });
    const from = channel(endpoint, { keepAlive: { intervalMs: 100, timeoutMs: 5_000 } });
    for (let connection = 0; connection < 2; connection++) {
      await failure(call(from), StatusCode.UNAVAILABLE);
    }
    expect(times[0]?.[0]).toBeLessThan(195);
    expect(times[1]?.[0]).toBeGreaterThan(195);
  });
});

describe("keepalive", () => {
  /** A server that says its settings and answers nothing; what types of frames it has got. */
  async function mute(): Promise<{ endpoint: string; types(): number[] }> {
    let received = Buffer.alloc(0);
    const { endpoint } = await listen((socket) => {
      socket.write(settings);
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
      });
    });
    return { endpoint, types: () => framesOf(received).map(({ type }) => type) };
  }

  it("ends calls whose server answers no ping", async () => {
    const { endpoint, types } = await mute();
    const from = channel(endpoint, { keepAlive: { intervalMs: 40, timeoutMs: 40 } });
    const error = await failure(call(from), StatusCode.UNAVAILABLE);
    expect(error).toMatchObject({ details: "Connection dropped", maybeSent: true });
    expect(types().filter((type) => type === FrameType.PING).length).toBe(1);
    expect(from.state).toBe("idle");
  });

  it("pings nobody without a call, or when it is turned off", async () => {
    const { endpoint, types } = await mute();
    const quiet = channel(endpoint, { keepAlive: { intervalMs: 30, timeoutMs: 30 } });
    const off = channel(endpoint, { keepAlive: false });
    await failure(call(quiet, { timeoutMs: 10 }), StatusCode.DEADLINE_EXCEEDED);
    await failure(call(off, { timeoutMs: 150 }), StatusCode.DEADLINE_EXCEEDED);
    expect(types().filter((type) => type === FrameType.PING)).toEqual([]);
    expect(quiet.state).toBe("ready");
  });

  it("leaves a server alone that answers", async () => {
    const pings: unknown[] = [];
    const server = await serve(() => {});
    const from = channel(server.endpoint, { keepAlive: { intervalMs: 20, timeoutMs: 200 } });
    const running = failure(call(from, { timeoutMs: 400 }), StatusCode.DEADLINE_EXCEEDED);
    await eventually(() => server.sessions.length === 1, "the connection");
    server.sessions[0]?.on("ping", (opaque) => pings.push(opaque));
    await running;
    expect(pings.length).toBeGreaterThan(2);
    expect(from.state).toBe("ready");
  });
});
