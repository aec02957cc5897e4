/**
 * A TCP proxy that misbehaves on demand: it cuts connections, at the boundary of a message where that is wanted, swallows what
 * the server answers, or swallows everything while keeping connections open. It stands between one client and one server on
 * loopback.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type FrameCut, FrameCutter } from "./frames.js";

export interface FaultProxy {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** Connections made to the proxy so far. */
  readonly connections: number;
  /** Connections that ended at a frame so far, as `cutAtFrame` and `loseAnswer` wanted. */
  readonly cuts: number;
  /** When the last bytes of a client went on to the server, on the clock of `performance.now()`. */
  readonly lastRequestMs: number;
  /** Bytes pass both ways. So it starts. */
  forward(): void;
  /** Requests pass, answers do not. */
  swallowReplies(): void;
  /** Nothing passes; connections stay open, and new ones are accepted. */
  blackHole(): void;
  /** Ends every connection now; new ones are treated as before. */
  cut(): void;
  /** Ends each connection once it has passed this many bytes of answers. */
  cutAfter(bytes: number): void;
  /**
   * Ends every connection, those that are open and those to come, at a frame of the server's that carries a message: `next` is
   * asked once for each connection; undefined spares it.
   */
  cutAtFrame(next: () => FrameCut | undefined): void;
  /**
   * The request that is sent next arrives, its answer does not: open connections end at the `frame`-th frame from now.
   * Of a unary answer 0 is the header, 1 the message and 2 the trailer with the status. Resolves when it has happened.
   */
  loseAnswer(frame?: number): Promise<void>;
  /** Stops listening and ends every connection: further ones are refused until `listen`. */
  refuse(): Promise<void>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<FaultProxy> {
  const proxy = new MisbehavingProxy(new URL(target));
  await proxy.listen();
  return proxy;
}

class MisbehavingProxy implements FaultProxy {
  connections = 0;
  cuts = 0;
  lastRequestMs = 0;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  readonly #cutters = new Set<FrameCutter>();
  #nextCut: () => FrameCut | undefined = () => undefined;
  #lost: () => void = () => undefined;
  #server: Server | undefined;
  #port = 0;
  #requests = true;
  #replies = true;
  #cutAfter = Number.POSITIVE_INFINITY;

  constructor(target: URL) {
    this.#target = target;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  forward(): void {
    this.#requests = true;
    this.#replies = true;
    this.#cutAfter = Number.POSITIVE_INFINITY;
    this.cutAtFrame(() => undefined);
  }

  swallowReplies(): void {
    this.#replies = false;
  }

  blackHole(): void {
    this.#requests = false;
    this.#replies = false;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  cutAfter(bytes: number): void {
    this.#cutAfter = bytes;
  }

  cutAtFrame(next: () => FrameCut | undefined): void {
    this.#nextCut = next;
    for (const cutter of this.#cutters) cutter.arm(next());
  }

  loseAnswer(frame = 0): Promise<void> {
    for (const cutter of this.#cutters) cutter.arm({ frame, place: "before" });
    return new Promise((resolve) => {
      this.#lost = resolve;
    });
  }

  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.cut();
    if (server === undefined) return;
    server.close();
    await once(server, "close");
  }

  async listen(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.#port = address.port;
    this.#server = server;
  }

  close(): Promise<void> {
    return this.refuse();
  }

  #accept(client: Socket): void {
    this.connections += 1;
    const server = connect(Number(this.#target.port), this.#target.hostname);
    const cutter = new FrameCutter();
    cutter.arm(this.#nextCut());
    this.#cutters.add(cutter);
    client.on("close", () => this.#cutters.delete(cutter));
    client.on("data", (bytes: Buffer) => {
      if (!this.#requests) return;
      this.lastRequestMs = performance.now();
      server.write(bytes);
    });
    let passed = 0;
    server.on("data", (bytes: Buffer) => {
      if (!this.#replies) return;
      const allowed = bytes.subarray(0, Math.max(0, this.#cutAfter - passed));
      passed += bytes.length;
      const { parts, cut } = cutter.pass(allowed);
      if (cut) this.#counted();
      const last = Buffer.concat(parts);
      if (!cut && passed < this.#cutAfter) client.write(last);
      else client.end(last, () => client.destroy());
      // What the server sends after a cut goes nowhere.
      if (cut) server.removeAllListeners("data").resume();
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // A cut shows as an error on one side or the other; the end of the socket is all that matters here.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
  #counted(): void {
    this.cuts += 1;
    this.#lost();
    this.#lost = () => undefined;
  }
}
