/**
 * One port for gRPC and HTTP/1: the first bytes of a connection decide. An HTTP/2 client opens with a fixed preface
 * (RFC 9113 §3.4), which no HTTP/1 request can begin with; such a connection is handed to the RPC engine, or piped to the
 * engine's own listener where it has to listen itself; any other is handed to a `node:http` server. Under TLS the same
 * bytes are looked at after decryption.
 */
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { AuthorityMender } from "./authority.js";
import { closeGivenUp, closeLate } from "./given-up.js";
import { type Introduction, introductionBytes } from "./introduction.js";
import { listeningAddress, listenOn } from "./listening.js";
import { PendingConnections } from "./pending-connections.js";
import { PingPolicy, type PingPolicyOptions } from "./ping-policy.js";
import type { ListenAddress, PrivateAddress, SocketEngine, TlsServerOptions } from "./server.js";
import { TlsEntrance, type TlsListener, verifiedNameOf } from "./tls-listener.js";

/** What an HTTP/2 connection begins with; the rest of the preface is the RPC engine's to check. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n");
/**
 * In ALPN. HTTP/2 is for gRPC, whose clients offer nothing else; curl, browsers and Prometheus offer both, and pages are
 * served by HTTP/1, so that is preferred. The bytes that follow decide all the same.
 */
const http1 = "http/1.1";
const http2 = "h2";
const firstBytesTimeoutMsDefault = 10_000;
/** Connections that have not said yet what they are: of one address, and of all. */
const pendingPerAddressMax = 256;
const pendingMax = 4096;

export interface PortMuxOptions {
  /**
   * The RPC engine, if it takes sockets, or where it listens; see `listenPrivately`. At any other address it is not told who
   * its clients are. Without one the port is for HTTP/1 alone, and the HTTP server gets every connection.
   */
  readonly rpc?: SocketEngine | ListenAddress | PrivateAddress | undefined;
  /**
   * Gets every connection that is not HTTP/2. It does not listen itself, but is told that it does: only then does node
   * count its connections and keep its header and request time limits.
   */
  readonly http: HttpServer;
  /** How often clients may ping; who pings more often is sent away. Default: as often as they like. */
  readonly pings?: PingPolicyOptions | undefined;
  /** Serve TLS, with settings that stay or with ones that may change. Default: plain text. */
  readonly tls?: TlsServerOptions | TlsListener;
  /**
   * Milliseconds a connection may take to show what it speaks, from being accepted, the TLS handshake included. Default
   * 10,000.
   */
  readonly firstBytesTimeoutMs?: number;
}

/** A listener that tells gRPC and HTTP/1 apart. Several may share one RPC server and one HTTP server. */
export class PortMux implements AsyncDisposable {
  readonly #options: PortMuxOptions;
  readonly #sockets = new Set<Socket>();
  readonly #pending: PendingConnections;
  readonly #entrance: TlsEntrance | undefined;
  #server: Server | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PortMuxOptions) {
    const { tls, firstBytesTimeoutMs = firstBytesTimeoutMsDefault } = options;
    this.#options = options;
    this.#pending = new PendingConnections({
      timeoutMs: firstBytesTimeoutMs,
      perAddressMax: pendingPerAddressMax,
      totalMax: pendingMax,
    });
    if (tls === undefined) return;
    const listener = "current" in tls ? tls : { current: () => Promise.resolve(tls) };
    this.#entrance = new TlsEntrance(
      listener,
      options.rpc === undefined ? [http1] : [http1, http2],
      (socket, accepted) => {
        this.#track(socket);
        this.#serve(socket, accepted, verifiedNameOf(socket));
      },
    );
  }

  /** Where it listens; undefined before `listen`. */
  get address(): ListenAddress | undefined {
    return this.#server === undefined ? undefined : listeningAddress(this.#server);
  }

  /** Errors: those of `listenOn`. */
  async listen(address: ListenAddress): Promise<{ readonly address: ListenAddress }> {
    if (this.#server !== undefined || this.#closing !== undefined) throw new Error("listen() was called before");
    const server = this.#createServer();
    this.#server = server;
    try {
      const bound = await listenOn(server, address);
      this.#options.http.emit("listening");
      return { address: bound };
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
  }

  /**
   * Stops accepting at once, gives open connections `graceMs` (default 0) to end by themselves, then ends them.
   * Idempotent. The RPC server and the HTTP server stay their owner's to close.
   */
  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? 0);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = once(server, "close");
    server.close();
    const end = (): void => {
      for (const socket of this.#sockets) socket.destroy();
    };
    if (graceMs === 0) end();
    const timer = setTimeout(end, graceMs);
    await closed;
    clearTimeout(timer);
  }

  #createServer(): Server {
    // Half-open: a client that has sent its last byte still reads the answers.
    return createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
      this.#track(socket);
      this.#pending.add(socket);
      if (this.#entrance === undefined) this.#serve(socket, socket, undefined);
      else void this.#entrance.accept(socket);
    });
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // A reset is an end like any other; node closes the socket after it.
    socket.on("error", () => {});
  }

  /** `accepted` is the connection itself; under TLS `socket` is what it carries. */
  #serve(socket: Socket, accepted: Socket, certificateName: string | undefined): void {
    const { rpc, http } = this.#options;
    readFirstBytes(socket, (isHttp2) => {
      this.#pending.settle(accepted);
      if (!isHttp2 || rpc === undefined) {
        http.emit("connection", socket);
        return;
      }
      const { remoteAddress, remotePort } = accepted;
      const introduction: Introduction = { remoteAddress, remotePort, certificateName };
      if ("accept" in rpc) rpc.accept(socket, introduction, this.#options.pings);
      else pipeTo(rpc, socket, introduction, this.#options.pings);
    });
  }
}

/**
 * Reads until the bytes either are the preface or cannot become it, then puts them back and tells. A connection that
 * ends before is left to the HTTP server, which answers or closes it.
 */
function readFirstBytes(socket: Socket, decided: (isHttp2: boolean) => void): void {
  let head: Buffer = Buffer.alloc(0);
  const done = (isHttp2: boolean): void => {
    socket.off("readable", onReadable).off("end", onEnd);
    if (head.length > 0) socket.unshift(head);
    decided(isHttp2);
  };
  const onEnd = (): void => {
    socket.off("readable", onReadable);
    socket.end();
  };
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const length = Math.min(head.length, preface.length);
    if (head.compare(preface, 0, length, 0, length) !== 0) done(false);
    else if (length === preface.length) done(true);
  };
  socket.on("readable", onReadable).on("end", onEnd);
}

/** Serves the client by an engine that listens there; only at a private address it is told who the client is. */
function pipeTo(
  rpc: ListenAddress | PrivateAddress,
  client: Socket,
  introduction: Introduction,
  pings: PingPolicyOptions | undefined,
): void {
  const engine = connectTo(rpc);
  if ("introductionKey" in rpc) {
    const connection = rpc.partings.open();
    engine.once("close", () => rpc.partings.part(connection));
    engine.write(introductionBytes(rpc.introductionKey, { connection, ...introduction }));
  }
  pipe(client, engine, pings);
}

/** Copies both ways with back-pressure; an end passes through as a half-close, a failure of one side ends the other. */
function pipe(client: Socket, engine: Socket, pings: PingPolicyOptions | undefined): void {
  pipeMended(client, engine);
  engine.pipe(client);
  closeGivenUp(client, engine);
  if (pings !== undefined) watchPings(client, engine, new PingPolicy(pings));
  engine.on("error", () => client.destroy());
  client.once("close", () => engine.destroy());
  engine.once("close", () => client.destroySoon());
}

/** Looks at what passes, and says farewell in the engine's place: between two of its frames. */
function watchPings(client: Socket, engine: Socket, policy: PingPolicy): void {
  const fromClient = (chunk: Buffer): void => {
    policy.fromClient(chunk, performance.now());
    endIfViolated();
  };
  const fromServer = (chunk: Buffer): void => {
    policy.fromServer(chunk);
    endIfViolated();
  };
  const endIfViolated = (): void => {
    if (!policy.violated || !policy.betweenFrames) return;
    client.off("data", fromClient);
    engine.off("data", fromServer).unpipe(client);
    client.end(policy.goAway());
    // What the client still sends is read, or its system would throw the farewell away.
    client.resume();
    engine.destroy();
  };
  client.on("data", fromClient);
  engine.on("data", fromServer);
}

/**
 * From the client to the engine: through the mender until it is out of the way, then piped. A block it could not read ends
 * the connection, as no later one can be read either.
 */
function pipeMended(client: Socket, engine: Socket): void {
  const mender = new AuthorityMender();
  const onData = (chunk: Buffer): void => {
    const room = writeAll(engine, mender.push(chunk));
    if (mender.state === "passing") {
      leave();
      client.pipe(engine);
    } else if (mender.state === "refused") {
      leave();
      client.resume();
      endSoon(engine);
    } else if (!room) client.pause();
  };
  const onEnd = (): void => {
    writeAll(engine, mender.end());
    engine.end();
  };
  const onDrain = (): void => {
    client.resume();
  };
  const leave = (): void => {
    client.off("data", onData).off("end", onEnd);
    engine.off("drain", onDrain);
  };
  client.on("data", onData).on("end", onEnd);
  engine.on("drain", onDrain);
}

/** Ends the connection to the engine, and closes it if the engine does not: node says GOAWAY and waits for the client. */
function endSoon(engine: Socket): void {
  engine.end();
  closeLate(engine);
}

/** Writes the parts in one go; false if the socket wants no more before it drains. */
function writeAll(socket: Socket, parts: readonly Uint8Array[]): boolean {
  socket.cork();
  for (const part of parts) socket.write(part);
  socket.uncork();
  return !socket.writableNeedDrain;
}

function connectTo(address: ListenAddress): Socket {
  const options =
    "path" in address ? { path: address.path } : { host: address.host, port: address.port, noDelay: true };
  return connect({ ...options, allowHalfOpen: true });
}
